"""The kernel's log is read more than once: one log of all readings."""

from __future__ import annotations

from collections.abc import Iterable

from bringup.facts.log.kernel_line import LogLine

__all__ = ["KERNEL_LOGS", "joined"]

#: Under these paths a record has the kernel's log; the records of /dev/kmsg are read after the tests.
KERNEL_LOGS = ("dmesg", "/dev/kmsg")


def joined(readings: Iterable[Iterable[LogLine]]) -> tuple[LogLine, ...]:
    """All readings, without what the next one repeats: it begins later where the kernel dropped its oldest lines."""
    whole: list[LogLine] = []
    for reading in readings:
        later = list(reading)
        if later:
            whole[_first_repeated(whole, later[0]) :] = later
    return tuple(whole)


def _first_repeated(earlier: list[LogLine], first: LogLine) -> int:
    """From which line on a later reading, which begins with ``first``, has all that the earlier one has."""
    if first.time is None:
        return next((number for number, line in enumerate(earlier) if line.text == first.text), len(earlier))
    return next(
        (number for number, line in enumerate(earlier) if line.time is not None and line.time >= first.time),
        len(earlier),
    )
