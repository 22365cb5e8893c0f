"""What the page of a comparison shows, in the order in which it does. Text stays raw here: the template escapes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bringup.compare.facts import Subject
from bringup.compare.runs import Change, Comparison, Difference, FactChange, Timing
from bringup.compare.timings import Untimed
from bringup.report.bounded import excerpt, shown
from bringup.report.comparison.story import Explained, Told, ToldFact, explained, told, told_facts
from bringup.report.comparison.timing_chart import Moved, moved, moved_by
from bringup.report.html.view import Anchors
from bringup.results.verdict import Outcome

__all__ = ["BoardRow", "CompareView", "FactRow", "Finding", "Row", "Section", "Some", "Speed", "compare_view"]

# What the page has room for; the document in it has all.
_FINDINGS, _ROWS, _DRAWINGS, _BOARDS = 60, 200, 8, 1_000
_NAMED, _OTHERS, _LINKS, _NAME = 8, 100, 3, 200
# A longer table is folded.
_OPEN = 12
_SECTIONS = {
    Change.REGRESSED: ("Regressed", ""),
    Change.UNKNOWN: ("Not judged", ""),
    Change.CHANGED: ("Changed", "Skipped or not known in one of the two runs: neither better nor worse."),
    Change.IMPROVED: ("Improved", ""),
    Change.APPEARED: ("Appeared", "Asked in the second run only."),
    Change.VANISHED: ("Vanished", "Asked in the first run only."),
}


Key = tuple[Change, Outcome | None, Outcome | None, str, str | None]


class Some(msgspec.Struct, frozen=True):
    """Boards: those ``named`` at once, the ``others``, and how many ``more`` there are."""

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
    one: Difference
    boards: Some


class Finding(msgspec.Struct, frozen=True):
    """Changes that come from one cause.

    :param boards: where they happened; ``None``: not all on the same boards.
    """

    rows: tuple[Row, ...]
    boards: Some | None
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
    one: FactChange
    boards: Some


class BoardRow(msgspec.Struct, frozen=True):
    """A board that differs: how many answers changed how, and (anchor, text) of the first of them."""

    serial: str
    counts: tuple[int, ...]
    links: tuple[tuple[str, str], ...]
    more: int


class Speed(msgspec.Struct, frozen=True):
    """Timings that changed.

    :param styles: what is drawn (:class:`~bringup.report.comparison.timing_chart.MovedRow`).
    :param rows: the slowest first; ``left_out``: for how many there is no room.
    """

    drawings: tuple[Moved, ...]
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
        """What neither got worse nor could not be judged."""
        apart = (Change.REGRESSED, Change.UNKNOWN)
        return [one for change, one in self.sections.items() if change not in apart and one.rows]


def compare_view(found: Comparison) -> CompareView:
    """Everything that the page shows."""
    anchors = Anchors()
    several = len(found.compared or {one.board for one in found.differences}) > 1
    groups: dict[Change, list[Told]] = {change: [] for change in _SECTIONS}
    for one in told(found.differences):
        groups[one.one.change].append(one)
    told_at: dict[Key, str] = {}
    sections = {change: _section(change, rows, anchors, told_at) for change, rows in groups.items()}
    facts = told_facts(found.facts)
    boards = _boards(found, told_at) if several else []
    return CompareView(
        name=_name(found) if not several else ("", ""),
        several=several,
        sections=sections,
        speed=_speed(found, several=several),
        facts=_facts(facts[:_ROWS], anchors),
        facts_left_out=max(0, len(facts) - _ROWS),
        untimed=tuple(shown(one) for one in found.untimed[:_ROWS]),
        boards=tuple(boards[:_BOARDS]),
        boards_left_out=max(0, len(boards) - _BOARDS),
    )


def _name(found: Comparison) -> tuple[str, str]:
    board = next(iter(found.compared), "")
    serials = (one for one in found.facts if (one.subject, one.name) == (Subject.BOARD, "serial"))
    other = next((one.before for one in serials if one.before), None)
    names = (other, board) if other else (board, "")
    return excerpt(names[0], _NAME), excerpt(names[1], _NAME)


def _section(change: Change, groups: Sequence[Told], anchors: Anchors, told_at: dict[Key, str]) -> Section:
    title, note = _SECTIONS[change]
    own = anchors.of(change.value)
    if change in (Change.REGRESSED, Change.UNKNOWN):
        causes = explained(groups)
        findings = tuple(_finding(one, anchors, told_at) for one in causes[:_FINDINGS])
        return Section(own, title, note, findings, left_out=max(0, len(causes) - _FINDINGS))
    alike = _alike(groups)
    rows = tuple(_row(same, anchors, told_at) for same in alike[:_ROWS])
    return Section(own, title, note, rows=rows, left_out=max(0, len(alike) - _ROWS))


def _finding(one: Explained, anchors: Anchors, told_at: dict[Key, str]) -> Finding:
    rows = tuple(_row(same, anchors, told_at) for same in _alike(one.groups))
    return shown(Finding(rows, None if one.boards is None else _some(one.boards), tuple(one.remedies)))


def _alike(groups: Sequence[Told]) -> list[list[Told]]:
    """Heaps on which a check changed alike, on the same boards, stand in one row."""
    alike: dict[tuple[object, ...], list[Told]] = {}
    for group in groups:
        one = group.one
        alike.setdefault((one.before, one.after, one.id, one.title, group.boards), []).append(group)
    return list(alike.values())


def _row(same: Sequence[Told], anchors: Anchors, told_at: dict[Key, str]) -> Row:
    one = same[0].one
    places = []
    for group in same:
        anchor = told_at[_key(group.one)] = anchors.of(one.change.value, one.id, group.one.heap)
        places.append((anchor, group.one.heap))
    return shown(Row(tuple(places), one, _some(same[0].boards)))


def _key(one: Difference) -> Key:
    return one.change, one.before, one.after, one.id, one.heap


def _some(boards: Sequence[str]) -> Some:
    end = _NAMED + _OTHERS
    return Some(tuple(boards[:_NAMED]), tuple(boards[_NAMED:end]), max(0, len(boards) - end))


def _facts(facts: Sequence[ToldFact], anchors: Anchors) -> tuple[tuple[Subject, tuple[FactRow, ...]], ...]:
    """Rows by subject."""
    found: dict[Subject, list[FactRow]] = {}
    for group in facts:
        one = group.one
        anchor = anchors.of("facts", one.subject, one.name, one.aspect or None)
        found.setdefault(one.subject, []).append(shown(FactRow(anchor, one, _some(group.boards))))
    return tuple((subject, tuple(rows)) for subject, rows in found.items())


def _speed(found: Comparison, *, several: bool) -> Speed:
    rows = sorted(found.timings, key=lambda one: (not one.slower, -moved_by(one)))
    drawings = moved(found.timings, found.unchanged_timings, several=several)[:_DRAWINGS]
    left_out = max(0, len(rows) - _ROWS)
    styles = tuple({row.style for one in drawings for row in one.rows})
    return shown(Speed(tuple(drawings), styles, tuple(rows[:_ROWS]), left_out))


def _boards(found: Comparison, told_at: Mapping[Key, str]) -> list[BoardRow]:
    """Boards that differ, the worst first."""
    place = {change: at for at, change in enumerate(Change)}
    counts: dict[str, list[int]] = {timing.board: [0] * len(place) for timing in found.timings}
    links: dict[str, list[tuple[str, str]]] = {}
    for one in found.differences:
        counts.setdefault(one.board, [0] * len(place))[place[one.change]] += 1
        own = links.setdefault(one.board, [])
        anchor = told_at.get(_key(one))
        if anchor is not None and len(own) < _LINKS:
            own.append((anchor, f"{one.id} {one.heap}" if one.heap else one.id))
    ranked = sorted(counts.items(), key=lambda item: ([-count for count in item[1]], item[0]))
    return [
        shown(BoardRow(board, tuple(many), tuple(links.get(board, ())), sum(many) - len(links.get(board, ()))))
        for board, many in ranked
    ]
