"""Two runs compared: boards, kernels or days."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bringup.compare.facts import FactChange, fact_changes
from bringup.compare.timings import Timing, TimingTest, Untimed, compare_timings
from bringup.outcome import Outcome
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict

__all__ = ["SCHEMA", "Change", "Comparison", "Difference", "FactChange", "Side", "Timing", "TimingTest", "compare"]

SCHEMA = "bringup.compare/1"


class Change(enum.StrEnum):
    """What became of an answer. ``UNKNOWN``: it was known before and could not be found out now."""

    REGRESSED = "regressed"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    IMPROVED = "improved"
    APPEARED = "appeared"
    VANISHED = "vanished"


_BETTER_FIRST = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.FAIL: 2}


@dataclass(frozen=True, slots=True)
class Difference:
    """One question that the two runs answer differently.

    :param before: its outcome in the first run; ``None``: not asked there. ``after``: in the second.
    :param why: one sentence of the second run's answer, or of the first's where only that asked.
    :param remedy: what mends it, where it regressed and that is known.
    """

    change: Change
    board: str
    id: str
    heap: str | None
    title: str
    before: Outcome | None
    after: Outcome | None
    why: str
    remedy: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All fields; no remedy is left out."""
        out = {name: getattr(self, name) for name in self.__slots__[:-1]}
        return out | {"remedy": list(self.remedy)} if self.remedy else out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Difference:
        """The reverse of :meth:`to_json`."""
        return cls(
            change=Change(data["change"]),
            heap=None if data["heap"] is None else str(data["heap"]),
            before=None if data["before"] is None else Outcome(data["before"]),
            after=None if data["after"] is None else Outcome(data["after"]),
            remedy=tuple(map(str, data.get("remedy", ()))),
            **{name: str(data[name]) for name in ("board", "id", "title", "why")},
        )


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs. ``boards``: how many; ``outcome``: the worst of them."""

    started: str
    tool: str
    boards: int
    outcome: Outcome

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Side:
        """The reverse of :meth:`to_json`."""
        return cls(str(data["started"]), str(data["tool"]), int(data["boards"]), Outcome(data["outcome"]))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs.

    :param only_before: boards of the first run that have no counterpart; ``only_after``: of the second.
    :param timings: those that changed; ``unchanged_timings``: the same operations at other sizes.
    :param timing_tests: what decided about the timings, and how often it errs.
    :param untimed: what was timed before and could not be now.
    :param facts: what else is told differently of the boards.
    :param compared: the boards that both runs have; ``same``: how many answers about them are the same.
    :param before: the first run; ``after``: the second. ``None`` in comparisons of before that was told.
    """

    differences: tuple[Difference, ...]
    timings: tuple[Timing, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    timing_tests: tuple[TimingTest, ...] = ()
    unchanged_timings: tuple[Timing, ...] = ()
    untimed: tuple[Untimed, ...] = ()
    facts: tuple[FactChange, ...] = ()
    compared: tuple[str, ...] = ()
    same: int = 0
    before: Side | None = None
    after: Side | None = None

    @property
    def regressed(self) -> bool:
        """Whether an answer, or a timing, got worse."""
        return any(one.change is Change.REGRESSED for one in self.differences) or any(t.slower for t in self.timings)

    @property
    def undecided(self) -> bool:
        """Whether something that was known could not be found out."""
        return any(one.change is Change.UNKNOWN for one in self.differences)

    def to_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "schema": SCHEMA,
            "regressed": self.regressed,
            "undecided": self.undecided,
            "counts": dict(Counter(one.change.value for one in self.differences)),
            "differences": [one.to_json() for one in self.differences],
            "timings": [one.to_json() for one in self.timings],
            "timing_tests": [one.to_json() for one in self.timing_tests],
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
            "unchanged_timings": [one.to_json() for one in self.unchanged_timings],
            "untimed": [one.to_json() for one in self.untimed],
            "facts": [one.to_json() for one in self.facts],
            "compared": list(self.compared),
            "same": self.same,
            "before": self.before.to_json() if self.before else None,
            "after": self.after.to_json() if self.after else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Comparison:
        """The reverse of :meth:`to_json`.

        :raises KeyError, ValueError, TypeError: it is not that shape.
        """
        if data.get("schema") != SCHEMA:
            raise ValueError(f"schema is {data.get('schema')!r}, not {SCHEMA!r}")
        before, after = data.get("before"), data.get("after")
        return cls(
            differences=tuple(Difference.from_json(one) for one in data["differences"]),
            timings=tuple(Timing.from_json(one) for one in data["timings"]),
            timing_tests=tuple(TimingTest.from_json(one) for one in data["timing_tests"]),
            only_before=tuple(map(str, data["only_before"])),
            only_after=tuple(map(str, data["only_after"])),
            unchanged_timings=tuple(Timing.from_json(one) for one in data.get("unchanged_timings", ())),
            untimed=tuple(Untimed.from_json(one) for one in data.get("untimed", ())),
            facts=tuple(FactChange.from_json(one) for one in data.get("facts", ())),
            compared=tuple(map(str, data.get("compared", ()))),
            same=int(data.get("same", 0)),
            before=Side.from_json(before) if before else None,
            after=Side.from_json(after) if after else None,
        )


def compare(before: Run, after: Run) -> Comparison:
    """Compare two runs, board by board. One board in each: they are compared whatever they are called.

    Else boards are matched by serial.
    """
    if len(before.boards) == len(after.boards) == 1:
        pairs = [(before.boards[0], after.boards[0])]
    else:
        known = {board.serial: board for board in before.boards}
        pairs = [(known[board.serial], board) for board in after.boards if board.serial in known]
    paired_before = {one.serial for one, _ in pairs}
    paired_after = {one.serial for _, one in pairs}
    order = list(Change)
    answers = [answer for one, other in pairs for answer in _answers(one, other)]
    found = [answer for answer in answers if answer is not None]
    timings = compare_timings(pairs)
    return Comparison(
        tuple(sorted(found, key=lambda one: order.index(one.change))),
        timings.changed,
        tuple(board.serial for board in before.boards if board.serial not in paired_before),
        tuple(board.serial for board in after.boards if board.serial not in paired_after),
        timings.tests,
        timings.unchanged,
        timings.untimed,
        tuple(fact for one, other in pairs for fact in fact_changes(one, other)),
        tuple(other.serial for _, other in pairs),
        len(answers) - len(found),
        _side(before),
        _side(after),
    )


def _side(run: Run) -> Side:
    return Side(run.started, run.tool, len(run.boards), run.outcome)


def _answers(before: BoardRun, after: BoardRun) -> Iterator[Difference | None]:
    """What became of each question about a board; ``None``: it is answered as before."""
    old = _by_question(before)
    new = _by_question(after)
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key), new.get(key)
        change = _change(was, now)
        one = now or was
        if change is None or one is None:
            yield None
            continue
        why = one.cause.text if one.cause else one.reason or "; ".join(one.evidence[:1])
        outcomes = (was.outcome if was else None, now.outcome if now else None)
        remedy = one.advice if change is Change.REGRESSED else ()
        yield Difference(change, after.serial, one.id, one.heap, one.title, *outcomes, why, remedy)


def _by_question(board: BoardRun) -> dict[tuple[str, str | None, int], Verdict]:
    """Verdicts by id and heap; a check that answers several times about one heap is told apart by the order."""
    found: dict[tuple[str, str | None, int], Verdict] = {}
    seen: Counter[tuple[str, str | None]] = Counter()
    for verdict in board.verdicts:
        question = (verdict.id, verdict.heap)
        found[(*question, seen[question])] = verdict
        seen[question] += 1
    return found


def _change(was: Verdict | None, now: Verdict | None) -> Change | None:
    if was is None or now is None:
        return Change.APPEARED if was is None else Change.VANISHED
    before, after = was.outcome, now.outcome
    if before is after:
        return None
    if after is Outcome.ERROR:
        return Change.UNKNOWN
    if before in _BETTER_FIRST and after in _BETTER_FIRST:
        return Change.REGRESSED if _BETTER_FIRST[after] > _BETTER_FIRST[before] else Change.IMPROVED
    return Change.REGRESSED if after is Outcome.FAIL else Change.CHANGED
