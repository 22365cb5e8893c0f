"""Whose a line of the kernel's log is: what our own tests made the kernel say lies between two marks."""

from __future__ import annotations

import enum

from bringup.facts.log.phases import tests_span
from bringup.facts.log.readings import KernelLog
from bringup.record.questions import TESTS_BEGIN, TESTS_END

__all__ = ["Owner", "owners"]

#: Begin and end, the outer pair first. A run writes the first pair (record/observe.py), the test allocator the second
#: (allocator/src/exhaust.c).
_MARKS = ((TESTS_BEGIN, TESTS_END), ("bringup: exhausts heap ", "bringup: has exhausted heap "))


class Owner(enum.Enum):
    """Who made the kernel log a line."""

    OTHERS = "others"
    UNKNOWN = "unknown"
    OURS = "ours"


def owners(log: KernelLog) -> list[Owner]:
    """The owner of each line of a log.

    A mark of an earlier run can be lost: the log is a ring, and a run can be killed. Lines before an end whose begin is
    lost, and lines after a begin whose end is lost, may be ours or not. Of the record's own run the place is known.
    """
    span = tests_span(log)
    own = range(0) if span is None else range(span.begin, span.end)
    earlier = _Log(len(log.lines) if log.fresh is None else log.fresh)
    for number, line in enumerate(log.lines[: len(earlier.owners)]):
        for pair, (begin, end) in enumerate(_MARKS):
            if line.text.startswith(begin):
                earlier.begin(pair, number)
            elif line.text.startswith(end):
                earlier.end(pair, number)
    earlier.cut_off(0, len(earlier.owners))
    later = range(len(earlier.owners), len(log.lines))
    return [*earlier.owners, *(Owner.OURS if number in own else Owner.OTHERS for number in later)]


class _Log:
    def __init__(self, count: int) -> None:
        self.owners = [Owner.OTHERS] * count
        self._begun: list[int | None] = [None] * len(_MARKS)
        #: Of each pair: up to where its marks, and those of a pair around it, have decided.
        self._decided = [0] * len(_MARKS)

    def begin(self, pair: int, number: int) -> None:
        self.cut_off(pair, number)
        self._begun[pair] = number
        self._decide(pair, number, number, Owner.UNKNOWN)

    def end(self, pair: int, number: int) -> None:
        self.cut_off(pair + 1, number)
        start, self._begun[pair] = self._begun[pair], None
        if start is None:
            self._decide(pair, self._decided[pair], number + 1, Owner.UNKNOWN)
        else:
            self._decide(pair, start, number + 1, Owner.OURS)

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
