"""When something was logged: before, during or after our tests; and what was lost of the log meanwhile."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bringup.facts.log.kernel_line import LogLine
from bringup.facts.log.readings import KernelLog
from bringup.record.questions import TESTS_BEGIN, TESTS_END

__all__ = ["Phase", "TestsSpan", "tests_span"]


class Phase(enum.StrEnum):
    """When a line was logged."""

    BEFORE = "before the tests"
    DURING = "during the tests"
    AFTER = "after the tests"


@dataclass(frozen=True, slots=True)
class TestsSpan:
    """The lines that were logged while our tests ran.

    :param begin: number of the first line after the mark before them; ``end``: of the mark after them, or how many
        lines there are.
    :param lost: how many records of the kernel's log are missing meanwhile; ``None``: some, it is not known how many.
    """

    begin: int
    end: int
    lost: int | None = 0

    def phase(self, number: int) -> Phase:
        """When the line with that number was logged."""
        return Phase.BEFORE if number < self.begin else Phase.DURING if number < self.end else Phase.AFTER


def tests_span(log: KernelLog) -> TestsSpan | None:
    """The span of the record's tests; ``None``: the log was not read after them.

    Where the marks could not be written (that needs root), all that is new since the log was read before the tests
    counts as logged meanwhile.
    """
    if log.fresh is None:
        return None
    begins, ends = _marks(log)
    begin = log.fresh if begins is None else begins
    end = len(log.lines) if ends is None else ends
    is_whole = begins is not None or (ends is None and log.is_unbroken)
    return TestsSpan(begin, max(begin, end), _lost(log.lines[begin:end]) if is_whole else None)


def _marks(log: KernelLog) -> tuple[int | None, int | None]:
    """The numbers of the record's own marks: of those that are new the last, for the log was read right after them."""
    begins, ends = _numbers(log, TESTS_BEGIN), _numbers(log, TESTS_END)
    end = ends[-1] if ends else None
    if end is not None and begins and begins[-1] > end:  # the tests were cut off, and the end is an earlier run's
        return begins[-1], None
    earlier = ends[-2] if len(ends) > 1 else -1
    begin = next((number for number in reversed(begins) if end is None or earlier < number < end), None)
    return begin, end


def _numbers(log: KernelLog, mark: str) -> list[int]:
    return [
        number for number in range(log.fresh or 0, len(log.lines)) if log.lines[number].text.lstrip().startswith(mark)
    ]


def _lost(lines: Sequence[LogLine]) -> int:
    """How many records are missing, by their numbers; 0 where the form of the log does not number them."""
    numbers = [line.sequence for line in lines if line.sequence is not None]
    return sum(later - earlier - 1 for earlier, later in pairwise(numbers) if later > earlier + 1)
