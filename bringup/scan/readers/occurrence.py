"""A word of ION at a place of a file; many of them → what the file says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bringup.scan.advice import advise
from bringup.scan.asked import Asked, asked_by
from bringup.scan.knowledge.entry import Entry
from bringup.scan.readers.source import Lines, Source
from bringup.scan.rules import rule_by_id
from bringup.scan.use import Side, Status, Use
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig

__all__ = ["Occurrence", "uses_of"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A word that stands for an entry at an offset.

    :param asked: what its call asks for; ``None``: only the word says something.
    :param rule: where another rule explains it than the entry's.
    :param replacement: where this very place says more than the rule.
    """

    start: int
    word: str
    entry: Entry
    asked: Asked | None = None
    certain: bool = True
    rule: str | None = None
    replacement: tuple[str, ...] = ()


def uses_of(
    source: Source, occurrences: Iterable[Occurrence], side: Side, board: BoardConfig | None
) -> tuple[Use, ...]:
    """One use per line and word, by line and column."""
    uses: dict[tuple[int, str], Use] = {}
    lines = Lines(source.data)
    for found in sorted(occurrences, key=lambda one: one.start):
        number = lines.number(found.start)
        word = visible(found.word)
        if (number, word) in uses:
            continue
        entry = found.entry
        rule = rule_by_id()[found.rule or entry.rule]
        advice = advise(entry, found.word, found.asked or asked_by([entry.asks]), side, rule, board)
        uses[number, word] = Use(
            path=source.path,
            line=number,
            column=lines.column(found.start),
            word=word,
            rule=rule.id,
            kind=entry.kind,
            owner=entry.owner,
            side=side,
            status=Status.TO_DO,
            heap=advice.heap,
            text=lines.shown(number),
            replacement=visible("\n".join(found.replacement or advice.lines)),
            ion=rule.ion,
            certain=found.certain,
        )
    return tuple(uses.values())
