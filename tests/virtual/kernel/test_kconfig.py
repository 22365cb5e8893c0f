from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import VirtualBoardError
from bringup.virtual.kernel.kconfig import fragment, not_kept, parse_options

NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)
VALUES = st.sampled_from(["y", "m", "n", "0", "0x1000", '"a b"', '""'])


@given(st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_read_back(options: dict[str, str]) -> None:
    assert parse_options(fragment(options)) == options
    assert not_kept(options, fragment(options)) == []


def test_the_last_line_wins_and_comments_are_no_options() -> None:
    text = "# a comment\n\nCONFIG_CMA=y\nCONFIG_CMA=m\n# CONFIG_ION is not set\n"
    assert parse_options(text) == {"CMA": "m", "ION": "n"}


@pytest.mark.parametrize("line", ["CMA=y", "CONFIG_CMA", "CONFIG_CMA y"])
def test_a_line_that_is_no_option_is_named(line: str) -> None:
    with pytest.raises(VirtualBoardError, match=r"line 2 is not a kernel option: .*CMA"):
        parse_options(f"CONFIG_ION=y\n{line}\n")


def test_what_the_configuration_lost_is_reported() -> None:
    wanted = {"ION": "y", "CMA": "y", "SYSTEM": "m", "DMA_CMA": "n", "GONE": "n"}
    config = "# CONFIG_ION is not set\nCONFIG_CMA=y\nCONFIG_SYSTEM=y\nCONFIG_DMA_CMA=y\n"
    assert not_kept(wanted, config) == [
        "CONFIG_ION=y became not set",
        "CONFIG_SYSTEM=m became y",
        "CONFIG_DMA_CMA=n became y",
    ]
