"""Which heap test ran when the kernel logged a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bringup.allocator.answer import Result
from bringup.facts.log.kernel_line import LogLine
from bringup.record.questions import TESTS_BEGIN, TESTS_END

__all__ = ["is_after_all", "running_test"]

#: A mark carries the time of the results' clock (CLOCK_MONOTONIC); the log has another (local_clock).
_MARK = re.compile(rf"^ {{0,2}}(?:{TESTS_BEGIN}|{TESTS_END}) at (\d{{1,16}})$")
#: Seconds: a mark is logged a little after its time was taken.
_SLACK = 0.005
#: Seconds: when the process of a test ends, after its time was taken, the kernel frees what it held.
_ENDING = 0.25


def running_test(lines: Sequence[LogLine], results: Iterable[Result], line: LogLine) -> tuple[Result, bool] | None:
    """The heap test that ran when ``line`` was logged, and whether it had ended, so that its buffers were freed then.

    :returns: ``None``: no test ran, or the two clocks cannot be compared.
    """
    moment = _moment(lines, line)
    if moment is None:
        return None
    begun = [(result.at / 1e9, result) for result in results if result.at is not None]
    at, last = max(
        (pair for pair in begun if pair[0] <= moment + _SLACK), key=lambda pair: pair[0], default=(0.0, None)
    )
    if last is None:
        return None
    late = moment - at - last.ns / 1e9
    return (last, late > _SLACK) if late <= _ENDING else None


def is_after_all(lines: Sequence[LogLine], results: Iterable[Result], line: LogLine) -> bool:
    """Whether ``line`` was logged after the last of these tests had ended; not where the clocks cannot be compared."""
    moment = _moment(lines, line)
    ends = [(result.at + result.ns) / 1e9 for result in results if result.at is not None]
    return moment is not None and all(end <= moment for end in ends)


def _moment(lines: Sequence[LogLine], line: LogLine) -> float | None:
    """When ``line`` was logged, in seconds of the results' clock; ``None``: no mark shows how the clocks differ."""
    marks = [(mark.time, match) for mark in lines if mark.time is not None and (match := _MARK.match(mark.text))]
    if not marks or line.time is None:
        return None
    return line.time - min(time - int(match[1]) / 1e6 for time, match in marks[-2:])
