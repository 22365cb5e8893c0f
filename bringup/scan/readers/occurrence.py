"""A word of ION at a place of a file; many of them → what the file says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bringup.scan.advice import advise
from bringup.scan.asked import Asked, asked_by
from bringup.scan.document import Hit, Side, Status
from bringup.scan.knowledge.entry import Entry
from bringup.scan.readers.source import Lines, Source
from bringup.scan.rules import rule_by_id
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig

__all__ = ["Occurrence", "use_of", "uses_of"]


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


def use_of(
    source: Source,
    found: Occurrence,
    side: Side,
    board: BoardConfig | None,
    *,
    text: str,
    line: int = 1,
    column: int = 0,
) -> Hit:
    """The word as a use of which nothing is known yet but where it stands, with what replaces it."""
    entry = found.entry
    rule = rule_by_id()[found.rule or entry.rule]
    advice = advise(entry, found.word, found.asked or asked_by([entry.asks]), side, rule, board)
    return Hit(
        path=source.path,
        line=line,
        rule=rule.id,
        text=text,
        replacement=visible("\n".join(found.replacement or advice.lines)),
        ion=rule.ion,
        column=column,
        word=visible(found.word),
        kind=entry.kind,
        owner=entry.owner,
        side=side,
        status=Status.TO_DO,
        heap=advice.heap,
        certain=found.certain,
    )


def uses_of(
    source: Source, occurrences: Iterable[Occurrence], side: Side, board: BoardConfig | None
) -> tuple[Hit, ...]:
    """One use per line and word, by line and column."""
    uses: dict[tuple[int, str], Hit] = {}
    lines = Lines(source.data)
    for found in sorted(occurrences, key=lambda one: one.start):
        number = lines.number(found.start)
        if (number, found.word) not in uses:
            text, column = lines.shown(number), lines.column(found.start)
            uses[number, found.word] = use_of(source, found, side, board, text=text, line=number, column=column)
    return tuple(uses.values())
