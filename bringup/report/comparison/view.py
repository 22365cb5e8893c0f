"""What the page of a comparison shows, in order. Text stays raw here: the template escapes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bringup.compare.facts import FactChange, Subject
from bringup.compare.runs import Change, Comparison, Difference
from bringup.compare.timings import Timing, Untimed
from bringup.report.bounded import excerpt, shown
from bringup.report.comparison.story import (
    ChangesByCause,
    GroupedChange,
    GroupedFact,
    by_cause,
    grouped_changes,
    grouped_facts,
)
from bringup.report.comparison.timing_chart import TimingChart, log_change, timing_charts
from bringup.report.html.view import Anchors
from bringup.results.verdict import Outcome

__all__ = ["BoardRow", "BoardSample", "CompareView", "FactRow", "Finding", "Row", "Section", "Speed", "compare_view"]

# What the page has room for; the document in it has all.
_FINDINGS, _ROWS, _DRAWINGS, _BOARDS = 60, 200, 8, 1_000
_NAMED, _OTHERS, _LINKS, _NAME = 8, 100, 3, 200
# A longer table is folded.
_OPEN = 12
_SECTIONS = {
    Change.REGRESSED: ("Regressed", ""),
    Change.UNKNOWN: ("Not judged", ""),
    Change.CHANGED: ("Changed", "Skipped or unknown in one of the two runs: neither better nor worse."),
    Change.IMPROVED: ("Improved", ""),
    Change.APPEARED: ("Appeared", "Asked in the second run only."),
    Change.VANISHED: ("Vanished", "Asked in the first run only."),
}


Key = tuple[Change, Outcome | None, Outcome | None, str, str | None]


class BoardSample(msgspec.Struct, frozen=True):
    """Some of the boards: those ``named`` at once, the ``others``, and how many ``more`` there are."""

    named: tuple[str, ...]
    others: tuple[str, ...]
    more: int

    @property
    def count(self) -> int:
        """How many in all."""
        return len(self.named) + len(self.others) + self.more


class Row(msgspec.Struct, frozen=True):
    """One change of one check.

    :param places: (anchor, heap) of each heap on which it is the same.
    """

    places: tuple[tuple[str, str | None], ...]
    difference: Difference
    boards: BoardSample


class Finding(msgspec.Struct, frozen=True):
    """Changes that come from one cause.

    :param boards: where they happened; ``None``: not all on the same boards.
    """

    rows: tuple[Row, ...]
    boards: BoardSample | None
    remedies: tuple[tuple[str, ...], ...]


class Section(msgspec.Struct, frozen=True):
    """Changes of one kind: what got worse as findings, all else as rows.

    :param left_out: how many there is no room for.
    """

    anchor: str
    title: str
    note: str
    findings: tuple[Finding, ...] = ()
    rows: tuple[Row, ...] = ()
    left_out: int = 0

    @property
    def open(self) -> bool:
        """Whether it is short enough to stand open."""
        return len(self.rows) <= _OPEN


class FactRow(msgspec.Struct, frozen=True):
    """A fact that changed, and on which boards."""

    anchor: str
    fact: FactChange
    boards: BoardSample


class BoardRow(msgspec.Struct, frozen=True):
    """A board that differs: how many verdicts changed how, and (anchor, text) of the first of them."""

    serial: str
    counts: tuple[int, ...]
    links: tuple[tuple[str, str], ...]
    more: int


class Speed(msgspec.Struct, frozen=True):
    """Timings that changed.

    :param styles: what is drawn (:class:`~bringup.report.comparison.timing_chart.TimingChartRow`).
    :param rows: the slowest first; ``left_out``: for how many there is no room.
    """

    drawings: tuple[TimingChart, ...]
    styles: tuple[str, ...]
    rows: tuple[Timing, ...]
    left_out: int


class CompareView(msgspec.Struct, frozen=True):
    """The page of a comparison.

    :param name: what was compared: one board, or one with another; both are empty where there are several.
    :param several: whether rows name their boards.
    :param boards: those that differ, the worst first; empty where there is one.
    """

    name: tuple[str, str]
    several: bool
    sections: dict[Change, Section]
    speed: Speed
    facts: tuple[tuple[Subject, tuple[FactRow, ...]], ...]
    facts_left_out: int
    untimed: tuple[Untimed, ...]
    boards: tuple[BoardRow, ...]
    boards_left_out: int

    @property
    def rest(self) -> list[Section]:
        """Changes that did not get worse and could be judged."""
        apart = (Change.REGRESSED, Change.UNKNOWN)
        return [section for change, section in self.sections.items() if change not in apart and section.rows]


def compare_view(found: Comparison) -> CompareView:
    """Everything that the page shows."""
    anchors = Anchors()
    several = len(found.compared or {difference.board for difference in found.differences}) > 1
    groups: dict[Change, list[GroupedChange]] = {change: [] for change in _SECTIONS}
    for group in grouped_changes(found.differences):
        groups[group.difference.change].append(group)
    shown_at: dict[Key, str] = {}
    sections = {change: _section(change, rows, anchors, shown_at) for change, rows in groups.items()}
    facts = grouped_facts(found.facts)
    boards = _boards(found, shown_at) if several else []
    return CompareView(
        name=_name(found) if not several else ("", ""),
        several=several,
        sections=sections,
        speed=_speed(found, several=several),
        facts=_facts(facts[:_ROWS], anchors),
        facts_left_out=max(0, len(facts) - _ROWS),
        untimed=tuple(shown(untimed) for untimed in found.untimed[:_ROWS]),
        boards=tuple(boards[:_BOARDS]),
        boards_left_out=max(0, len(boards) - _BOARDS),
    )


def _name(found: Comparison) -> tuple[str, str]:
    board = next(iter(found.compared), "")
    serials = (fact for fact in found.facts if (fact.subject, fact.name) == (Subject.BOARD, "serial"))
    other = next((fact.before for fact in serials if fact.before), None)
    names = (other, board) if other else (board, "")
    return excerpt(names[0], _NAME), excerpt(names[1], _NAME)


def _section(change: Change, groups: Sequence[GroupedChange], anchors: Anchors, shown_at: dict[Key, str]) -> Section:
    title, note = _SECTIONS[change]
    own = anchors.of(change.value)
    if change in (Change.REGRESSED, Change.UNKNOWN):
        causes = by_cause(groups)
        findings = tuple(_finding(cause, anchors, shown_at) for cause in causes[:_FINDINGS])
        return Section(own, title, note, findings, left_out=max(0, len(causes) - _FINDINGS))
    alike = _alike(groups)
    rows = tuple(_row(same, anchors, shown_at) for same in alike[:_ROWS])
    return Section(own, title, note, rows=rows, left_out=max(0, len(alike) - _ROWS))


def _finding(cause: ChangesByCause, anchors: Anchors, shown_at: dict[Key, str]) -> Finding:
    rows = tuple(_row(same, anchors, shown_at) for same in _alike(cause.groups))
    return shown(Finding(rows, None if cause.boards is None else _sample(cause.boards), tuple(cause.remedies)))


def _alike(groups: Sequence[GroupedChange]) -> list[list[GroupedChange]]:
    """Changes of a check that are the same on several heaps, on the same boards, share a row."""
    alike: dict[tuple[object, ...], list[GroupedChange]] = {}
    for group in groups:
        change = group.difference
        alike.setdefault((change.before, change.after, change.id, change.title, group.boards), []).append(group)
    return list(alike.values())


def _row(same: Sequence[GroupedChange], anchors: Anchors, shown_at: dict[Key, str]) -> Row:
    first = same[0].difference
    places = []
    for group in same:
        anchor = shown_at[_key(group.difference)] = anchors.of(first.change.value, first.id, group.difference.heap)
        places.append((anchor, group.difference.heap))
    return shown(Row(tuple(places), first, _sample(same[0].boards)))


def _key(difference: Difference) -> Key:
    return difference.change, difference.before, difference.after, difference.id, difference.heap


def _sample(boards: Sequence[str]) -> BoardSample:
    end = _NAMED + _OTHERS
    return BoardSample(tuple(boards[:_NAMED]), tuple(boards[_NAMED:end]), max(0, len(boards) - end))


def _facts(facts: Sequence[GroupedFact], anchors: Anchors) -> tuple[tuple[Subject, tuple[FactRow, ...]], ...]:
    """Rows by subject."""
    found: dict[Subject, list[FactRow]] = {}
    for group in facts:
        fact = group.fact
        anchor = anchors.of("facts", fact.subject, fact.name, fact.aspect or None)
        found.setdefault(fact.subject, []).append(shown(FactRow(anchor, fact, _sample(group.boards))))
    return tuple((subject, tuple(rows)) for subject, rows in found.items())


def _speed(found: Comparison, *, several: bool) -> Speed:
    rows = sorted(found.timings, key=lambda timing: (not timing.slower, -log_change(timing)))
    drawings = timing_charts(found.timings, found.unchanged_timings, several=several)[:_DRAWINGS]
    left_out = max(0, len(rows) - _ROWS)
    styles = tuple({row.style for drawing in drawings for row in drawing.rows})
    return shown(Speed(tuple(drawings), styles, tuple(rows[:_ROWS]), left_out))


def _boards(found: Comparison, shown_at: Mapping[Key, str]) -> list[BoardRow]:
    """Boards that differ, the worst first."""
    place = {change: at for at, change in enumerate(Change)}
    counts: dict[str, list[int]] = {timing.board: [0] * len(place) for timing in found.timings}
    links: dict[str, list[tuple[str, str]]] = {}
    for difference in found.differences:
        counts.setdefault(difference.board, [0] * len(place))[place[difference.change]] += 1
        own = links.setdefault(difference.board, [])
        anchor = shown_at.get(_key(difference))
        if anchor is not None and len(own) < _LINKS:
            own.append((anchor, f"{difference.id} {difference.heap}" if difference.heap else difference.id))
    ranked = sorted(counts.items(), key=lambda item: ([-count for count in item[1]], item[0]))
    return [
        shown(BoardRow(board, tuple(many), tuple(links.get(board, ())), sum(many) - len(links.get(board, ()))))
        for board, many in ranked
    ]
