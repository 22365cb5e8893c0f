"""A tree looked through: hits with their lines, and what was not looked at."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bringup.config.schema import BoardConfig
from bringup.scan.comments import code, without_comments
from bringup.scan.files import LARGEST, Source, Unread, files_of
from bringup.scan.heaps import heap_for
from bringup.scan.rule import Kind, Rule
from bringup.scan.rules import RULES
from bringup.text import from_board, visible

__all__ = ["LARGEST", "Hit", "Scan", "Unread", "hits_of", "scan_tree"]

_LONGEST = 160
# Most files of C hold none of these, and are done with after a search for them; other files are few. Each expression
# begins with what it searches for, which is what makes it quick.
_PLAIN = (
    *(b"/dev/ion", b"heap_id_mask", b"ToIonHeap", b"CheckIonSupport", b"C2AllocatorIon", b"AllocatorStore::ION"),
    *(b"CONFIG_ION", b"CONFIG_MSM_ION", b"CONFIG_MTK_ION", b"msm_ion_client", b"_ion.h", b"_ion_"),
    *(b"linux,cma", b"default_cma_region", b"default-pool", b'"reserved"', b"/dma_heap/"),
)
_WORDS = tuple(re.compile(rb"%b(?<![A-Za-z0-9_]%b)" % (word, word)) for word in (rb"ion_", rb"ION_", rb"ion\.h"))


@dataclass(frozen=True, slots=True)
class Hit:
    """One use.

    :param path: from the tree, safe to show.
    :param line: counted from 1.
    :param text: the line, safe to show, cut after 160 characters.
    """

    path: str
    line: int
    rule: Rule
    text: str
    replacement: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """As ``bringup.scan/1`` holds it."""
        return {
            "path": self.path,
            "line": self.line,
            "rule": self.rule.id,
            "text": self.text,
            "replacement": "\n".join(self.replacement),
            "ion": self.rule.ion,
        }


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found in a tree, by path and line; ``files`` is how many were read."""

    files: int
    hits: tuple[Hit, ...]
    skipped: tuple[Unread, ...]

    @property
    def uses_ion(self) -> bool:
        """Whether one hit at least is a use of ION."""
        return any(hit.rule.ion for hit in self.hits)

    @property
    def complete(self) -> bool:
        """Whether every file of the tree that a rule looks at was read."""
        return all(one.outside for one in self.skipped)


def scan_tree(
    tree: Path,
    rules: Sequence[Rule] = RULES,
    board: BoardConfig | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Look through a tree.

    :param board: names the heaps that replace ION's.
    :param progress: is told after each file how many there were.
    :raises UsageError: ``tree`` is no folder that can be listed.
    """
    files = 0
    hits: list[Hit] = []
    skipped: list[Unread] = []
    for found in files_of(tree):
        if isinstance(found, Unread):
            skipped.append(found)
            continue
        files += 1
        hits += hits_of(found, rules, board)
        if progress is not None:
            progress(files)
    return Scan(files, tuple(hits), tuple(skipped))


def hits_of(source: Source, rules: Sequence[Rule] = RULES, board: BoardConfig | None = None) -> list[Hit]:
    """The hits of one file, by line, within a line in the rules' order; a rule tells a line's replacement once."""
    if source.kind is Kind.C and not _may_hit(source.data):
        return []
    text = from_board(source.data)
    ends = [found.start() for found in re.finditer("\n", text)]
    found: dict[tuple[int, int, tuple[str, ...]], Hit] = {}
    for order, rule, match in _matches(text, source.kind, rules):
        at = bisect_right(ends, match.start() - 1) if match.start() else 0
        line = text[ends[at - 1] + 1 if at else 0 : ends[at] if at < len(ends) else len(text)]
        word = match["word"] if "word" in rule.regex.groupindex else match[0]
        lines = (f"for {word}:", *heap_for(word, line, board)) if rule.heaps else rule.replacement
        found.setdefault((at + 1, order, lines), Hit(source.path, at + 1, rule, _shown(line), lines))
    return [found[key] for key in sorted(found)]


def _may_hit(data: bytes) -> bool:
    return any(word in data for word in _PLAIN) or any(word.search(data) for word in _WORDS)


def _matches(text: str, kind: Kind, rules: Sequence[Rule]) -> Iterator[tuple[int, Rule, re.Match[str]]]:
    with_literals = without_comments(text, kind)
    bare = code(text) if kind is Kind.C else with_literals
    for order, rule in enumerate(rules):
        if kind in rule.kinds:
            for match in rule.regex.finditer(with_literals if rule.literals else bare):
                yield order, rule, match


def _shown(line: str) -> str:
    text = " ".join(line[: 4 * _LONGEST].split())
    return visible(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
