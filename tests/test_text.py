"""The one boundary between bytes and text, and between text and output."""

from __future__ import annotations

import shlex
import unicodedata
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from bringup.text import from_board, safe_name, shell_word, visible

anything = st.text(st.characters(codec=None))


@given(raw=st.binary())
def test_any_bytes_become_text(raw: bytes) -> None:
    assert isinstance(from_board(raw), str)


@given(raw=st.binary())
def test_any_bytes_become_output_that_xml_takes_and_a_terminal_does_not_obey(raw: bytes) -> None:
    text = visible(from_board(raw))
    element = ET.Element("a")
    element.text = text
    assert ET.fromstring(ET.tostring(element)).text == (text or None)
    assert all(unicodedata.category(one) not in ("Cc", "Cs") or one in "\t\n" for one in text)


@given(text=anything)
def test_visible_changes_nothing_twice(text: str) -> None:
    assert visible(visible(text)) == visible(text)


def test_what_a_reader_could_not_see_is_shown() -> None:
    assert visible("a\x1b[31m\u202eb\u200bc\ufffe\U0001ffff\r\n") == "a\\x1b[31m\\u202eb\\u200bc\\ufffe\\U0001ffff\n"


@given(text=anything)
def test_a_name_is_harmless(text: str) -> None:
    name = safe_name(text)
    assert name not in ("", ".", "..")
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name) <= 100
    name.encode("ascii")


@given(text=anything)
def test_a_pasted_word_is_one_word(text: str) -> None:
    assert shlex.split(f"bringup -s {shell_word(text)}") == ["bringup", "-s", visible(text)]
