"""The kernel's log as a record has it: read before the tests and after them, and made one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bringup.facts.log.kernel_line import LogLine

__all__ = ["KERNEL_LOGS", "KernelLog", "joined"]

#: Under these paths a record has the kernel's log; the records of /dev/kmsg are read after the tests.
KERNEL_LOGS = ("dmesg", "/dev/kmsg")
#: So many lines have to be the same where readings without times meet.
_ALIKE = 4


@dataclass(frozen=True, slots=True)
class KernelLog:
    """The lines of all readings.

    :param fresh: number of the first line that was logged after the first reading; ``None``: it was read once.
    :param is_unbroken: no reading begins later than the one before it ended: nothing is missing where they meet.
    """

    lines: tuple[LogLine, ...]
    fresh: int | None = None
    is_unbroken: bool = True


def joined(readings: Iterable[Iterable[LogLine]]) -> KernelLog:
    """All readings, without what the next one repeats: it begins later where the kernel dropped its oldest lines."""
    whole: list[LogLine] = []
    fresh: int | None = None
    is_unbroken = True
    for count, reading in enumerate(readings):
        later = _since(whole, list(reading))
        if count and later:
            start = _first_repeated(whole, later)
            is_unbroken = is_unbroken and (start < len(whole) or not whole)
            new = start + _after(whole[start:], later)
            whole[start:] = later
            fresh = new if fresh is None else min(fresh, new)
        elif count:
            fresh = len(whole) if fresh is None else fresh
        else:
            whole = later
    return KernelLog(tuple(whole), fresh, is_unbroken)


def _since(earlier: Sequence[LogLine], later: list[LogLine]) -> list[LogLine]:
    """A later reading from where the earlier one begins.

    ``dmesg -C`` hides older lines from klogctl and not from /dev/kmsg (Linux 6.12, Documentation/ABI/testing/dev-kmsg):
    who cleared the log does not want them held against the board.
    """
    timed = [line for line in earlier if line.time is not None]
    return later[_beginning(later, timed or earlier) or 0 :] if earlier else later


def _first_repeated(earlier: Sequence[LogLine], later: Sequence[LogLine]) -> int:
    """From which line on a later reading has all that the earlier one has."""
    start = _beginning(earlier, later)
    return len(earlier) if start is None else start


def _beginning(lines: Sequence[LogLine], other: Sequence[LogLine]) -> int | None:
    """At which line of one reading another begins; ``None``: no line reads like its first ones."""
    first = other[:_ALIKE]
    place = next((place for place in range(len(lines)) if _reads_alike(lines, place, first)), None)
    begin = other[0].time
    if place is None and begin is not None and _have_times(lines):
        return next(
            (place for place, line in enumerate(lines) if line.time is not None and line.time >= begin), len(lines)
        )
    return place


def _reads_alike(lines: Sequence[LogLine], start: int, other: Sequence[LogLine]) -> bool:
    """Without CONFIG_PRINTK_TIME the text has no times, and the records of /dev/kmsg have."""
    return all(
        line.text == same.text and (line.time == same.time or line.time is None or same.time is None)
        for line, same in zip(lines[start : start + len(other)], other, strict=False)
    )


def _have_times(lines: Sequence[LogLine]) -> bool:
    return any(line.time is not None for line in lines)


def _after(repeated: Sequence[LogLine], later: Sequence[LogLine]) -> int:
    """How many lines of the later reading the earlier one has, too.

    Times alone do not tell: a CPU that is held up between taking the time and writing the line writes it behind younger
    ones (kernel/printk/printk.c, vprintk_store: the time is taken first).
    """
    last = repeated[-1].time if repeated else None
    if last is None or not _have_times(later):
        return min(len(repeated), len(later))
    end = [(line.time, line.text) for line in repeated[-_ALIKE:]]
    seen = [(line.time, line.text) for line in later]
    place = next((place for place in range(len(end), len(seen) + 1) if seen[place - len(end) : place] == end), None)
    if place is not None:
        return place
    return next((number for number, line in enumerate(later) if line.time is not None and line.time > last), len(later))
