"""Hostile values: each is written so that it is read back equal, or refused with the reason."""

from __future__ import annotations

import shutil
import string
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.render.language import LANGUAGES, Refused
from tests.support.render.parsers import read_c_string, read_kconfig, read_ueventd

NASTY = ["a b", "a\tb", "a\nb", 'a"b', "a'b", "a\\b", "a#b", "*", "a/../b", "../x", "a" * 200, "linux,cma@72000000", "ä", "漢",
         "\u202e", "\0", "\x1b[31m", "??=", "*/", "/*", "//", "$(id)", "`id`", "%s", "{{ 1 }}", "CONFIG_X is not set",
         "-n", "--", "&amp;", "]]>", "", " ", "a ", " a", "\ud800", "end\\"]  # fmt: skip
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=40), st.text(alphabet=string.printable, max_size=40))


def attempt(write: Callable[..., str], value: str) -> str | Refused:
    """What ``value`` is written as, or the refusal, which must say why."""
    try:
        return write(value)
    except Refused as refused:
        assert refused.value == value  # noqa: PT017 - both outcomes are right, each has its conditions
        assert refused.why  # noqa: PT017
        return refused


@given(texts)
def test_a_ueventd_word_is_read_back_equal_or_refused(value: str) -> None:
    written = attempt(LANGUAGES["ueventd"].bare, value)
    if isinstance(written, Refused):
        assert value == "" or any(char in ' \t\n"\\*?[]#' or not "!" <= char <= "~" for char in value)
        return
    assert read_ueventd(f"/dev/dma_heap/{written} 0444 system system\n") == [
        [f"/dev/dma_heap/{value}", "0444", "system", "system"]
    ]


@given(texts)
def test_a_kconfig_value_is_read_back_equal_or_refused(value: str) -> None:
    written = attempt(LANGUAGES["kconfig"].filters["setting"], value)
    if isinstance(written, Refused):
        assert any(char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in value)
        return
    assert read_kconfig(f"CONFIG_X={written}\n") == {"X": value}


@given(texts)
def test_a_kconfig_comment_is_never_a_setting(value: str) -> None:
    assert read_kconfig(LANGUAGES["kconfig"].filters["comment"](value) + "\n") == {}


@pytest.mark.parametrize("language", ["c", "c++"])
@given(value=texts)
def test_a_c_string_is_read_back_equal_or_refused(language: str, value: str) -> None:
    written = attempt(LANGUAGES[language].filters["literal"], value)
    if isinstance(written, Refused):
        assert "\0" in value or any("\ud800" <= char <= "\udfff" for char in value)
        return
    assert read_c_string(written) == value


def test_the_c_compiler_reads_strings_as_our_reader_does(tmp_path: Path) -> None:
    values = [value for value in NASTY if "\0" not in value and "\ud800" not in value]
    literals = [LANGUAGES["c"].filters["literal"](value) for value in values]
    lines = "".join(f"    fwrite({text}, 1, sizeof({text}), stdout);\n" for text in literals)
    source = tmp_path / "strings.c"
    source.write_text(f"#include <stdio.h>\nint main(void)\n{{\n{lines}    return 0;\n}}\n")
    program = tmp_path / "strings"
    flags = ["-std=c17", "-Wall", "-Wextra", "-Werror", "-trigraphs"]
    subprocess.run(["gcc", *flags, "-o", str(program), str(source)], check=True, timeout=300)
    out = subprocess.run([str(program)], capture_output=True, check=True, timeout=300).stdout
    assert out.decode().split("\0")[:-1] == values


@given(texts)
def test_a_c_comment_stays_one_comment(value: str) -> None:
    for written in (LANGUAGES["c"].filters["comment"](value), LANGUAGES["c"].comment_block([value, value])):
        assert written.count("*/") == 1
        assert written.endswith("*/")
        assert written.count("/*") == 1


@pytest.mark.parametrize("name", sorted(LANGUAGES))
@given(value=texts)
def test_a_comment_block_has_one_line_for_each_line(name: str, value: str) -> None:
    language = LANGUAGES[name]
    one = language.comment_block([value])
    assert language.comment_block(["plain"]).count("\n") == one.count("\n")


@pytest.mark.parametrize("name", sorted(LANGUAGES))
@pytest.mark.parametrize("value", ["a b", "a\nb", "a;b", "", 'a"', "a\0", "x" * 5 + "\u202e"])
def test_a_bare_word_holds_no_separator(name: str, value: str) -> None:
    """No language prints these without a filter, but for those that escape instead of refusing."""
    written = attempt(LANGUAGES[name].bare, value)
    if not isinstance(written, Refused):
        assert name in ("xml", "markdown") or (name, value) == ("ueventd", "a;b")
        assert "\n" not in written or name == "xml"


@pytest.mark.skipif(shutil.which("m4") is None, reason="m4 is not here")
@pytest.mark.parametrize(
    "value",
    ["syscmd", "dnl", "divert", "m4exit", "undivert", "changequote", "plain_t", "a`b", "9dnl", "it's", "x#y", "a-dnl"],
)
def test_m4_leaves_selinux_files_as_they_were_written(value: str) -> None:
    """The platform's build passes both kinds of file through m4."""
    lines = [f"before {path}:after" for path in [LANGUAGES["file_contexts"].filters["path_regex"](value)]]
    for name in ("te", "file_contexts"):
        word = attempt(LANGUAGES[name].bare, value)
        lines += [] if isinstance(word, Refused) else [f"allow {word} t:{word} {{ {word} }};"]
        lines += [LANGUAGES[name].filters["comment"](f"of {value} `syscmd(id)"), "last"]
    text = "\n".join((*lines, ""))
    done = subprocess.run(["m4", "--fatal-warnings", "-s"], input=text, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if not line.startswith("#line")] == lines
