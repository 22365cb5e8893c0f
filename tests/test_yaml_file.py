"""YAML is read by libyaml where it is installed, and by ruamel.yaml in Python where it is not: the same trees, and the same errors."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from ruamel.yaml.error import YAMLError

from bringup.errors import ConfigError
from bringup.yaml_file import (
    _READ_DIFFERENTLY,
    Limits,
    Node,
    _Builder,
    _events_of_libyaml,
    _read_in_python,
    plain,
    read_text,
)

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "device-configs").rglob("*.yaml"))
LINES = (
    "key: value",
    "b:",
    "- item",
    "  nested: 1",
    "a: |",
    "a: >",
    "    text",
    "{a: [b, ~]}",
    "'quoted': \"x\\n\"",
    "",
)
BITS = (*"a:-?#[]{},'\"|>&*!~%@`=", ": ", "- ", " #c", "&a ", "*a", "<<: ", "0x1", "5.10", "é", "😀", "\\x41", "---")


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Something like YAML, much of it wrong."""
    lines = draw(st.lists(st.sampled_from(LINES) | st.lists(st.sampled_from(BITS)).map("".join), max_size=8))
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


def by_libyaml(text: str) -> Node:
    return _Builder("x", Limits()).build(_events_of_libyaml(text))


@given(texts())
def test_what_libyaml_accepts_is_read_as_in_python(text: str) -> None:
    assume(not _READ_DIFFERENTLY.search(text))
    try:
        tree = by_libyaml(text)
    except (YAMLError, ConfigError) as error:
        event(type(error).__name__)
        return
    event("a tree")
    assert tree == _read_in_python(text, "x", Limits())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_board_config_is_read_by_libyaml(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not _READ_DIFFERENTLY.search(text)
    assert by_libyaml(text) == _read_in_python(text, "x", Limits())


@pytest.mark.parametrize("is_installed", [True, False])
def test_errors_and_trees_do_not_depend_on_libyaml(monkeypatch: pytest.MonkeyPatch, is_installed: bool) -> None:
    if not is_installed:
        monkeypatch.setitem(sys.modules, "_ruamel_yaml", None)
    name = f"installed: {is_installed}"
    assert plain(read_text(b"a: 5.10\nb: [0444, 8, true, ~]\n", name)) == {"a": "5.10", "b": ["0444", 8, True, None]}
    for text, line, words in (
        (b"a: 1\na: 2\n", 2, "key 'a' is given twice"),
        (b"a: b: c\n", 1, "mapping values are not allowed"),
        (b"a: [1\n", 2, "expected ',' or ']'"),
        (b"a:\n\tb: 1\n", 2, "a tab where only spaces may stand"),
        (b"a: \x01\n", 1, "is not allowed in YAML"),
    ):
        with pytest.raises(ConfigError) as caught:
            read_text(text, name)
        assert (caught.value.line, words in str(caught.value)) == (line, True), str(caught.value)
