"""The names as data: what was compiled is what was written, and each says by which source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bringup.errors import ConfigError
from bringup.scan.compile import compiled
from bringup.scan.knowledge.entry import Kind
from bringup.scan.knowledge.shipped import COMPILED, find, knowledge, words
from bringup.scan.readers.candidates import candidates, finder_forms
from bringup.scan.rules import rule_by_id


def test_what_is_shipped_is_what_was_written() -> None:
    assert COMPILED.read_text("utf-8") == compiled(), "python -m bringup.scan.compile writes it anew"


def test_every_name_has_a_rule_and_a_source_with_its_day() -> None:
    shipped = knowledge()
    assert {entry.rule for entry in shipped.entries} <= set(rule_by_id())
    assert {entry.source for entry in shipped.entries} <= set(shipped.sources)
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", source.read) and source.text for source in shipped.sources.values())


def test_the_finder_and_the_readers_find_every_name() -> None:
    for word in words(alone=True):
        assert finder_forms().occur(word.encode(), len(word)), word
    for word in words():
        assert list(candidates(word.encode())), word


def test_files_are_searched_in_few_passes() -> None:
    """A pass over a tree costs a second per GB: new words share a text with others, or stand beside them."""
    assert len(finder_forms().passes) <= 4


def test_what_stands_beside_another_name_is_no_name_to_search_for() -> None:
    assert words() - words(alone=True) == {entry.name for entry in knowledge().entries if entry.beside}


@pytest.mark.parametrize(
    ("word", "kind", "name"),
    [
        ("ION_FLAG_CACHED", Kind.FLAG, "ION_FLAG_CACHED"),
        ("ION_FLAG_OF_A_VENDOR", Kind.FLAG, "ION_FLAG_*"),
        ("ION_FLAG_", Kind.FLAG, None),
        ("ION_OF_A_VENDOR_HEAP_ID", Kind.ID, "ION_*_HEAP_ID"),
        ("ION_FLAG_CACHED", Kind.MASK, None),
        ("region_alloc", Kind.FUNCTION, None),
    ],
)
def test_looking_a_word_up(word: str, kind: Kind, name: str | None) -> None:
    entry = find(word, kind)
    assert (None if entry is None else entry.name) == name


GOOD = (
    'owner: ion\nsources:\n  a: {text: "o/r 0123abc, b.h", read: 2026-01-01}\n'
    "names:\n  - {kind: flag, rule: ion.flag, source: a, names: [ION_X]}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("source: a", "source: c", "no source 'c'"),
        ("[ION_X]", "[ION_X, ION_X]", "stands twice"),
        ("o/r 0123abc, b.h", "kernels of o, b.h", "does not say where and when"),
        ("o/r 0123abc, b.h", "o/r, b.h", "does not say where and when"),
        ("o/r 0123abc, b.h", "o/r 0123abc, b.h; other trees", "does not say where and when"),
        ("2026-01-01", "today", "does not say where and when"),
        ("kind: flag", "kind: flags", "flags"),
        ("owner: ion", "owner: me", "me"),
        ("rule: ion.flag,", "rule: ion.flag, colour: red,", "colour"),
    ],
)
def test_a_wrong_file(old: str, new: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    assert "ION_X" in compiled(tmp_path)
    (tmp_path / "a.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError, match=words):
        compiled(tmp_path)
