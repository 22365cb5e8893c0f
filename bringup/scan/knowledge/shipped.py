"""The names that come with bringup, and looking one up.

People write the YAML files in ``data/``; ``python -m bringup.scan.compile`` checks them and writes ``compiled.json``. A
test fails when they disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from bringup.scan.knowledge.entry import Entry, Kind, Source

__all__ = ["COMPILED", "Knowledge", "find", "knowledge", "words"]

COMPILED = Path(__file__).with_name("compiled.json")


class Knowledge(Struct, frozen=True):
    """All names, and what they rest on."""

    sources: Mapping[str, Source]
    entries: tuple[Entry, ...]


@cache
def knowledge() -> Knowledge:
    """What comes with bringup."""
    return msgspec.json.decode(COMPILED.read_bytes(), type=Knowledge)


@cache
def words(*, alone: bool = False) -> frozenset[str]:
    """Texts in ASCII, case as written: a file with a use of ION holds at least one of them.

    :param alone: without those that never stand alone.

    Of a family (``ION_FLAG_*``) what stands before its star is among them, of a library or module its bare name.
    """
    return frozenset(entry.name.partition("*")[0] for entry in knowledge().entries if not (alone and entry.beside))


@cache
def _exact() -> Mapping[tuple[str, Kind], Entry]:
    return {(entry.name, entry.kind): entry for entry in knowledge().entries if not entry.is_family}


@cache
def _families() -> tuple[tuple[str, str, Entry], ...]:
    """Beginning, end, entry; longest first: the narrower family wins."""
    families = sorted((e for e in knowledge().entries if e.is_family), key=lambda entry: (-len(entry.name), entry.name))
    return tuple((*entry.name.split("*", 1), entry) for entry in families)  # type: ignore[misc]


@lru_cache(maxsize=1 << 16)
def find(word: str, *kinds: Kind) -> Entry | None:
    """The entry of a word that is of one of these kinds; the first kind that has it wins, families come last."""
    exact = _exact()
    for kind in kinds:
        if (found := exact.get((word, kind))) is not None:
            return found
    for start, end, family in _families():
        if family.kind in kinds and word.startswith(start) and word.endswith(end) and len(word) >= len(family.name):
            return family
    return None
