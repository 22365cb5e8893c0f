"""Whose a line of the kernel's log is: what our own tests made the kernel say lies between two marks."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from bringup.facts.log.kernel_line import LogLine
from bringup.facts.log.phases import tests_span
from bringup.facts.log.readings import KernelLog
from bringup.record.questions import EXHAUSTED, EXHAUSTS, TESTS_BEGIN, TESTS_END

__all__ = ["Owner", "owners"]

#: Begin and end, the outer pair first. A run writes the first pair (record/observe.py), the test allocator the second
#: (allocator/src/exhaust.c).
_MARKS = ((TESTS_BEGIN, TESTS_END), (EXHAUSTS, EXHAUSTED))


#: The banner is the first line, or the second (arch/arm64: "Booting Linux on physical CPU").
_BANNER_WITHIN = 4


class Owner(enum.Enum):
    """Who made the kernel log a line."""

    OTHERS = "others"
    UNKNOWN = "unknown"
    OURS = "ours"


def owners(log: KernelLog) -> list[Owner]:
    """The owner of each line of a log.

    A mark of an earlier run can be lost. Where a log, which is a ring, has the end and no longer the begin, the begin
    was before its first line, so all lines up to that end are of that run. Where the run was killed, lines after its
    begin may be ours or not; likewise before an end whose begin should be in the log and is not. Of the record's own
    run the place is known.
    """
    span = tests_span(log)
    own = range(0) if span is None else range(span.begin, span.end)
    count = len(log.lines) if log.fresh is None else log.fresh
    earlier = _Log(count, has_lost_lines=not _begins_with_boot(log.lines[:count]))
    for number, line in enumerate(log.lines[: len(earlier.owners)]):
        for pair, (begin, end) in enumerate(_MARKS):
            if line.text.startswith(begin):
                earlier.begin(pair, number)
            elif line.text.startswith(end):
                earlier.end(pair, number)
    earlier.cut_off(0, len(earlier.owners))
    later = range(len(earlier.owners), len(log.lines))
    return [*earlier.owners, *(Owner.OURS if number in own else Owner.OTHERS for number in later)]


def _begins_with_boot(lines: Sequence[LogLine]) -> bool:
    """Whether a log has its oldest lines: the kernel's banner is among the first."""
    return any(line.text.startswith("Linux version ") for line in lines[:_BANNER_WITHIN])


class _Log:
    """:param has_lost_lines: whether the log had older lines than those it begins with."""

    def __init__(self, count: int, *, has_lost_lines: bool) -> None:
        self._has_lost_lines = has_lost_lines
        #: Of each pair: whether a mark of it, or of one around it, came.
        self._is_marked = [False] * len(_MARKS)
        self.owners = [Owner.OTHERS] * count
        self._begun: list[int | None] = [None] * len(_MARKS)
        #: Of each pair: up to where its marks, and those of a pair around it, have decided.
        self._decided = [0] * len(_MARKS)

    def begin(self, pair: int, number: int) -> None:
        self.cut_off(pair, number)
        self._mark(pair)
        self._begun[pair] = number
        self._decide(pair, number, number, Owner.UNKNOWN)

    def end(self, pair: int, number: int) -> None:
        self.cut_off(pair + 1, number)
        start, self._begun[pair] = self._begun[pair], None
        begin_is_older = self._has_lost_lines and not self._is_marked[pair]
        self._mark(pair)
        if start is None and begin_is_older:
            self._decide(pair, 0, number + 1, Owner.OURS)
        elif start is None:
            self._decide(pair, self._decided[pair], number + 1, Owner.UNKNOWN)
        else:
            self._decide(pair, start, number + 1, Owner.OURS)

    def _mark(self, pair: int) -> None:
        self._is_marked[pair:] = [True] * (len(_MARKS) - pair)

    def cut_off(self, pair: int, number: int) -> None:
        """No end comes any more for what has begun of this pair, and of those inside it."""
        for inner in reversed(range(pair, len(_MARKS))):
            start, self._begun[inner] = self._begun[inner], None
            if start is not None:
                self._decide(inner, start, number, Owner.UNKNOWN)

    def _decide(self, pair: int, start: int, stop: int, owner: Owner) -> None:
        """What is ours by one pair of marks stays ours, whatever another pair says."""
        for number in range(start, stop):
            if self.owners[number] is not Owner.OURS:
                self.owners[number] = owner
        self._decided[pair:] = [stop] * (len(_MARKS) - pair)
