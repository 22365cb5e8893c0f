"""Which heap test ran when the kernel logged a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bringup.allocator.answer import Result
from bringup.facts.log.kernel_line import LogLine
from bringup.record.questions import TESTS_BEGIN, TESTS_END

__all__ = ["running_test"]

#: A mark carries the time of the results' clock (CLOCK_MONOTONIC); the log has another (local_clock).
_MARK = re.compile(rf"^ {{0,2}}(?:{TESTS_BEGIN}|{TESTS_END}) at (\d{{1,16}})$")
#: Seconds: a mark is logged a little after its time was taken, and a complaint may be after the test that caused it.
_SLACK = 0.005


def running_test(lines: Sequence[LogLine], results: Iterable[Result], line: LogLine) -> Result | None:
    """The heap test that ran when ``line`` was logged; ``None``: none did, or the two clocks cannot be compared."""
    marks = [(mark.time, match) for mark in lines if mark.time is not None and (match := _MARK.match(mark.text))]
    if not marks or line.time is None:
        return None
    offset = min(time - int(match[1]) / 1e6 for time, match in marks[-2:])
    moment = line.time - offset
    near = [(_distance(result.at, result.ns, moment), result) for result in results if result.at is not None]
    distance, nearest = min(near, key=lambda pair: pair[0], default=(_SLACK * 2, None))
    return nearest if distance <= _SLACK else None


def _distance(at: int, ns: int, moment: float) -> float:
    """How many seconds a moment is before or after a test."""
    return max(at / 1e9 - moment, moment - (at + ns) / 1e9, 0.0)
