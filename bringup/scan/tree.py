"""Scanning a tree: hits with their lines, and what was not read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bringup.config.schema import BoardConfig
from bringup.kernel.history.heap_names import default_cma_names
from bringup.scan.comments import code, without_comments
from bringup.scan.document import Hit, Scan, Unread
from bringup.scan.files import Source, files_of
from bringup.scan.heaps import heap_for
from bringup.scan.rule import Kind, Rule
from bringup.scan.rules import RULES
from bringup.text import from_board, visible

__all__ = ["hits_of", "scan_tree"]

_LONGEST_LINE = 160
# Most C files contain none of these, and a search for them is enough; other files are few. Each expression begins with
# a fixed text, which makes it fast.
_PLAIN = (
    *(b"/dev/ion", b"heap_id_mask", b"ToIonHeap", b"CheckIonSupport", b"C2AllocatorIon", b"AllocatorStore::ION"),
    *(b"CONFIG_ION", b"CONFIG_MSM_ION", b"CONFIG_MTK_ION", b"msm_ion_client", b"_ion.h", b"_ion_"),
    *(f'"{name}"'.encode() for name in default_cma_names()),
    *(b'"restricted,', b"/dma_heap/"),
)
_WORDS = tuple(re.compile(rb"%b(?<![A-Za-z0-9_]%b)" % (word, word)) for word in (rb"ion_", rb"ION_", rb"ion\.h"))


def scan_tree(
    tree: Path,
    rules: Sequence[Rule] = RULES,
    board: BoardConfig | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Scan a tree.

    :param board: names the heaps that replace ION's.
    :param progress: is called after each file with the number of files read.
    :raises UsageError: ``tree`` is not a folder that can be listed.
    """
    files = 0
    hits: list[Hit] = []
    skipped: list[Unread] = []
    for file in files_of(tree):
        if isinstance(file, Unread):
            skipped.append(file)
            continue
        files += 1
        hits += hits_of(file, rules, board)
        if progress is not None:
            progress(files)
    return Scan(
        tree=visible(str(tree)),
        board=None if board is None else board.name,
        rules=tuple(rule.id for rule in rules),
        files=files,
        hits=tuple(hits),
        skipped=tuple(skipped),
    )


def hits_of(source: Source, rules: Sequence[Rule] = RULES, board: BoardConfig | None = None) -> list[Hit]:
    """The hits of one file: by line, within a line in the order of the rules; no replacement twice for one line."""
    if source.kind is Kind.C and not _may_hit(source.data):
        return []
    text = from_board(source.data)
    ends = [match.start() for match in re.finditer("\n", text)]
    hits: dict[tuple[int, int, tuple[str, ...]], Hit] = {}
    for order, rule, match in _matches(text, source.kind, rules):
        at = bisect_right(ends, match.start() - 1) if match.start() else 0
        line = text[ends[at - 1] + 1 if at else 0 : ends[at] if at < len(ends) else len(text)]
        word = match["word"] if "word" in rule.regex.groupindex else match[0]
        lines = (f"for {word}:", *heap_for(word, line, board)) if rule.heaps else rule.replacement
        hit = Hit(source.path, at + 1, rule.id, _shown(line), "\n".join(lines), rule.ion)
        hits.setdefault((at + 1, order, lines), hit)
    return [hits[key] for key in sorted(hits)]


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
    text = " ".join(line[: 4 * _LONGEST_LINE].split())
    return visible(text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…")
