"""``.config`` text: what it says, what it does not say, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import ConfigError, UsageError
from bringup.kernel.history.version import Flavour
from bringup.kernel.kconfig.dotconfig import (
    KernelConfig,
    _read_at_once,
    _read_by_line,
    _read_known_blocks,
    merge,
    parse_config,
    unquote,
)

WHOLE = """\
#
# Automatically generated file; DO NOT EDIT.
# Linux/arm64 6.12.107 Kernel Configuration
#
CONFIG_CC_VERSION_TEXT="gcc \\"14\\""
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=m
# CONFIG_DMABUF_HEAPS_CMA is not set
CONFIG_CMA_SIZE_MBYTES=16
CONFIG_PAGE_OFFSET=0xffffffc000000000
CONFIG_NEGATIVE=-1
# end of DMABUF options
"""


def test_every_kind_of_value() -> None:
    config = parse_config(WHOLE, "x")
    assert config.get("DMABUF_HEAPS") == "y"
    assert config.get("DMABUF_HEAPS_SYSTEM") == "m"
    assert config.get("CMA_SIZE_MBYTES") == "16"
    assert config.get("PAGE_OFFSET") == "0xffffffc000000000"
    assert config.get("NEGATIVE") == "-1"
    assert unquote(config.values["CC_VERSION_TEXT"]) == 'gcc "14"'
    assert (str(config.version), config.arch) == ("6.12.107", "arm64")


_LINES = st.sampled_from(
    ["", "#", "# a comment", "CONFIG_A=y", "CONFIG_A=m", "# CONFIG_A is not set", "CONFIG_B=1", 'CONFIG_C="a\\"b"', "CONFIG_D=0x1F",
     "CONFIG_E=y ", " CONFIG_F=y", "# CONFIG_G=y", "#CONFIG_H is not set", "CONFIG_I is not set", "# CONFIG_J is not set.", "CONFIG_K=",
     "CONFIG_L=n", "CONFIG_M=yes", 'CONFIG_N="', "# CONFIG_O is not set ", "CONFIG_P=y\r", "CONFIG_=y", "CONFIG_q-r=y", "CONFIG_Ä=y",
     "CONFIG_S=-5", "CONFIG_T=0x", 'CONFIG_U="x" # no', "# CONFIG_V is not set # is not set", "\ufeffCONFIG_W=y", "x"]
)  # fmt: skip


@given(st.lists(_LINES | st.text('CONFIG_#=yn "\\1x\n', max_size=24), max_size=8).map("\n".join))
def test_all_ways_of_reading_say_the_same(text: str) -> None:
    at_once = _read_at_once(text)
    for _ in range(2):  # before and after the blocks are known
        known = _read_known_blocks(text)
        assert (known and list(known.items())) == (at_once and list(at_once.items()))
    if at_once is not None:
        values, _, _ = _read_by_line(text, "x")
        assert list(at_once.items()) == list(values.items())


@pytest.mark.parametrize("second", ["m", "y"])
def test_a_symbol_that_is_set_in_two_blocks_is_noticed(second: str) -> None:
    assert _read_known_blocks(WHOLE + f"#\nCONFIG_DMABUF_HEAPS={second}\n") is None
    assert _read_known_blocks(WHOLE + "#\nCONFIG_UDMABUF=y\n") is not None


def test_a_file_as_the_kernel_writes_it_is_read_at_once() -> None:
    assert _read_at_once(WHOLE) == parse_config(WHOLE, "x", numbered=True).values
    assert parse_config(WHOLE, "x").values == parse_config(WHOLE + "CONFIG_DMABUF_HEAPS=y\n", "x").values


def test_not_set_and_not_mentioned_are_two_things() -> None:
    config = parse_config(WHOLE, "x")
    assert config.get("DMABUF_HEAPS_CMA") == "n"
    assert config.get("UDMABUF") is None
    assert config.line("DMABUF_HEAPS_CMA") == "# CONFIG_DMABUF_HEAPS_CMA is not set"
    assert config.line("UDMABUF") == "CONFIG_UDMABUF is not mentioned"


def test_the_line_of_a_symbol_is_known() -> None:
    assert parse_config(WHOLE, "x", numbered=True).lines["DMABUF_HEAPS_CMA"] == 8


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_files_of_other_editors(newline: str, start: str) -> None:
    config = parse_config(start + WHOLE.replace("\n", newline), "x")
    assert config.values == parse_config(WHOLE, "x").values


@pytest.mark.parametrize(
    ("odd", "seen", "symbol", "value"),
    [
        ("CONFIG_B", "expected CONFIG_NAME=value", "B", None),
        ("CONFIG_B=yes", "not y, m, n, a number or a quoted string", "B", None),
        ('CONFIG_B="x', "quoted string", "B", None),
        ("CONFIG_B=16 # MiB", "quoted string", "B", None),
        ("CONFIG_=y", "expected CONFIG_NAME", "", None),
        ("CONFIG_B C=y", "expected CONFIG_NAME", "B", None),
        ("CONFIG_\u00e4=y", "expected CONFIG_NAME", "", None),
        ("+CONFIG_B=y", "neither CONFIG_NAME=value nor a comment", "B", None),
        ("  CONFIG_B=y", "neither CONFIG_NAME=value nor a comment", "B", None),
        ("<html>", "neither", "", None),
        ("# CONFIG_B C is not set", "expected CONFIG_NAME", "", None),
        ("CONFIG_B=m # why", "the kernel reads m", "", "m"),
        ('CONFIG_B="x" # why', 'the kernel reads "x"', "", '"x"'),
        ("# CONFIG_A is not set", "two values: y in line 1, n here", "A", None),
    ],
)
def test_an_odd_line_is_noted_and_the_rest_read(odd: str, seen: str, symbol: str, value: str | None) -> None:
    """As the kernel's conf does; see ``conf_read_simple`` and ``conf_set_sym_val`` in confdata.c."""
    config = parse_config(f"CONFIG_A=y\n{odd}\nCONFIG_Z=y\n", "board.config")
    assert (config.get("B"), config.get("Z")) == (value, "y")
    assert [(line.line, line.symbol, seen in line.text) for line in config.odd] == [(2, symbol, True)]
    assert "board.config:2: " in str(config.odd[0].error())


def test_of_two_values_the_later_counts() -> None:
    assert parse_config("CONFIG_A=y\n# CONFIG_A is not set\n", "x").values == {"A": "n"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("export CONFIG_A=y\n", 1),
        ("CONFIG_A=y\n" + "x\n" * 21, 2),
        ("CONFIG_A=y\n" * 2000 + "x\n" * 1001, 2001),
    ],
)
def test_another_kind_of_file_is_refused_with_its_first_odd_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError, match="neither CONFIG_NAME=value nor a comment") as error:
        parse_config(text, "x")
    assert error.value.line == line


def test_without_an_option_the_line_that_means_to_set_one_is_named() -> None:
    with pytest.raises(ConfigError, match="expected CONFIG_NAME=value") as error:
        parse_config("foo\nCONFIG_A = y\n", "x")
    assert error.value.line == 2


@pytest.mark.parametrize("text", ["root:x:0:0\n", "{}\n", "hello\n" * 30])
def test_a_text_without_an_option_is_not_called_one_with_an_odd_line(text: str) -> None:
    with pytest.raises(ConfigError, match="holds no CONFIG_ line: not a kernel configuration") as error:
        parse_config(text, "x")
    assert error.value.line is None
    assert "a boot image or a record" in error.value.hint


def test_the_same_value_twice_is_no_contradiction() -> None:
    assert parse_config("CONFIG_A=y\nCONFIG_A=y\n", "x").values == {"A": "y"}


@pytest.mark.parametrize("text", ["", "\n\n", "# just a comment\n"])
def test_nothing_is_no_configuration_but_may_be_a_fragment(text: str) -> None:
    with pytest.raises(ConfigError, match="no CONFIG_ line"):
        parse_config(text, "x")
    assert len(parse_config(text, "x", may_be_empty=True)) == 0


def test_a_huge_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        parse_config("#" * (17 << 20), "x")


def test_control_characters_of_a_file_do_not_reach_the_message() -> None:
    with pytest.raises(ConfigError) as error:
        parse_config("\x1b]0;title\x07CONFIG\n", "x")
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    ("symbol", "flavour"),
    [
        ("ANDROID_VENDOR_HOOKS=y", Flavour.GKI),
        ("GKI_HACKS_TO_FIX=y", Flavour.GKI),
        ("QCOM_DMABUF_HEAPS=m", Flavour.VENDOR),
        ("DMABUF_HEAPS=y", Flavour.MAINLINE),
    ],
)
def test_whose_tree_it_is_is_known_by_its_symbols(symbol: str, flavour: Flavour) -> None:
    assert parse_config(f"CONFIG_{symbol}\n", "x").flavour is flavour


@pytest.mark.parametrize(
    ("head", "version", "arch"),
    [
        ("# Linux/x86_64 2.6.39 Kernel Configuration", "2.6.39", "x86"),
        ("# Linux/arm64 5.4.35 Kernel Configuration", "5.4.35", "arm64"),
        ("# Linux kernel version: 2.6.31-17-generic", "2.6.31-17-generic", None),
        ("# Linux/x86_64 syzkaller Kernel Configuration", "None", "x86"),
    ],
)
def test_heads_of_all_times(head: str, version: str, arch: str | None) -> None:
    config = parse_config(f"#\n{head}\n#\nCONFIG_A=y\n", "x")
    assert (str(config.version), config.arch) == (version, arch)


def test_later_files_win_and_say_so() -> None:
    base = parse_config(WHOLE, "base")
    first = parse_config("CONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_NEW=y\n", "first", complete=False)
    second = parse_config("CONFIG_DMABUF_HEAPS_CMA=m\n", "second", complete=False)
    merged, overrides = merge([base, first, second])
    assert merged.get("DMABUF_HEAPS_CMA") == "m"
    assert merged.get("NEW") == "y"
    assert merged.source == "base + first + second"
    assert [(one.old, one.new, one.old_source, one.new_source) for one in overrides] == [
        ("n", "y", "base", "first"),
        ("y", "m", "first", "second"),
    ]
    assert (str(merged.version), merged.complete) == ("6.12.107", True)


def test_merging_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        merge([])


_names = st.from_regex(r"[A-Z0-9][A-Z0-9_]{0,30}", fullmatch=True)
_texts = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\\n\r\x85\u2028\u2029', exclude_categories=["Cc"]), max_size=40
)
_values = st.one_of(
    st.sampled_from(["y", "m", "n"]),
    st.integers(-(10**9), 10**12).map(str),
    st.integers(0, 2**64 - 1).map(hex),
    _texts.map(lambda text: f'"{text}"'),
)


def _write(values: dict[str, str]) -> str:
    lines = (
        f"# CONFIG_{name} is not set" if value == "n" else f"CONFIG_{name}={value}" for name, value in values.items()
    )
    return "".join(f"{line}\n" for line in lines)


@given(st.dictionaries(_names, _values, min_size=1, max_size=40))
def test_what_is_written_is_read(values: dict[str, str]) -> None:
    assert parse_config(_write(values), "x").values == values


@given(
    st.dictionaries(_names, _values, min_size=1, max_size=20), st.dictionaries(_names, _values, min_size=1, max_size=20)
)
def test_merging_is_laying_over(below: dict[str, str], above: dict[str, str]) -> None:
    merged, overrides = merge([KernelConfig(below, "a"), KernelConfig(above, "b")])
    assert merged.values == {**below, **above}
    assert {one.symbol for one in overrides} == {name for name in below if name in above and below[name] != above[name]}


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        config = parse_config(text, "x")
    except ConfigError:
        return
    assert all(name.isascii() and name.replace("_", "").isalnum() for name in config)
