"""Two runs compared: boards, kernels or days."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bringup.checks.compare_timings import Timing, TimingTest, compare_timings
from bringup.checks.run import BoardRun, Run
from bringup.checks.verdict import Verdict
from bringup.outcome import Outcome

__all__ = ["SCHEMA", "Change", "Comparison", "Difference", "Timing", "TimingTest", "compare"]

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
    """

    change: Change
    board: str
    id: str
    heap: str | None
    title: str
    before: Outcome | None
    after: Outcome | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs.

    :param only_before: boards of the first run that have no counterpart; ``only_after``: of the second.
    :param timing_tests: what decided about the timings, and how often it errs.
    """

    differences: tuple[Difference, ...]
    timings: tuple[Timing, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    timing_tests: tuple[TimingTest, ...] = ()

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
        }


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
    found = [difference for one, other in pairs for difference in _differences(one, other)]
    timings, tests = compare_timings(pairs)
    return Comparison(
        tuple(sorted(found, key=lambda one: order.index(one.change))),
        timings,
        tuple(board.serial for board in before.boards if board.serial not in paired_before),
        tuple(board.serial for board in after.boards if board.serial not in paired_after),
        tests,
    )


def _differences(before: BoardRun, after: BoardRun) -> Iterator[Difference]:
    old = _by_question(before)
    new = _by_question(after)
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key), new.get(key)
        change = _change(was, now)
        one = now or was
        if change is not None and one is not None:
            why = one.cause.text if one.cause else one.reason or "; ".join(one.evidence[:1])
            outcomes = (was.outcome if was else None, now.outcome if now else None)
            yield Difference(change, after.serial, one.id, one.heap, one.title, *outcomes, why)


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
