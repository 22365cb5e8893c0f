"""Configurations side by side."""

from __future__ import annotations

import pytest

from bringup.errors import BringupError, UsageError
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.requirements.diff import configs_of, differences
from bringup.kernel.sources.source import Source, SourceKind

RUNNING = parse_config(
    "CONFIG_DMABUF_HEAPS=y\n# CONFIG_DMABUF_HEAPS_SYSTEM is not set\nCONFIG_HZ=250\nCONFIG_A=y\n", "config.gz"
)
BUILD = parse_config("CONFIG_DMABUF_HEAPS=y\nCONFIG_HZ=300\nCONFIG_A=y\n", ".config")
FRAGMENT = parse_config("CONFIG_DMABUF_HEAPS_SYSTEM=y\n", "vendor.config", complete=False)


def test_off_is_off_however_it_is_written() -> None:
    assert [(one.symbol, one.values) for one in differences([RUNNING, BUILD])] == [("HZ", ("250", "300"))]


def test_exactly() -> None:
    found = {one.symbol: one.values for one in differences([RUNNING, BUILD], exact=True)}
    assert found == {"HZ": ("250", "300"), "DMABUF_HEAPS_SYSTEM": ("n", None)}


def test_a_fragment_speaks_only_of_what_it_mentions() -> None:
    found = differences([RUNNING, BUILD, FRAGMENT])
    assert [(one.symbol, one.values) for one in found] == [
        ("DMABUF_HEAPS_SYSTEM", ("n", "n", "y")),
        ("HZ", ("250", "300", None)),
    ]
    assert [one.relevant for one in found] == [True, False]


def test_the_same_is_the_same() -> None:
    assert differences([RUNNING, RUNNING]) == ()


def test_one_cannot_be_compared() -> None:
    with pytest.raises(UsageError):
        differences([RUNNING])


def test_what_holds_no_configuration_cannot_be_compared() -> None:
    with pytest.raises(BringupError, match="no kernel"):
        configs_of([Source("init_boot.img", SourceKind.BOOT, None, "an init_boot image holds no kernel")])
