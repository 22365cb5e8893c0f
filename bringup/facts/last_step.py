"""What was running on a board when the test allocator's answer ended early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bringup.allocator.answer import Exhaustion, HeapsFact, Latency, ReadTimes, Result, TracedBuffer
from bringup.facts.heap_tests import tests_asked
from bringup.facts.log.kernel_line import LogLine
from bringup.facts.log.running_test import running_test
from bringup.record.load import Record
from bringup.record.questions import EXHAUSTED, EXHAUSTS, TESTS_END

__all__ = ["LastStep", "last_step"]

_MEASURED = {
    ReadTimes: "after reading was timed",
    Latency: "after allocations were timed",
    TracedBuffer: "after a buffer's pages were traced",
    Exhaustion: "after all memory was asked for",
}


@dataclass(frozen=True, slots=True)
class LastStep:
    """What ran last.

    :param text: in the words of a sentence: ``in the test zero.reuse on system``.
    :param heap: which heap it was about; empty: none, or not known.
    :param shown_by: how that is known.
    """

    text: str
    heap: str = ""
    shown_by: str = ""


def last_step(record: Record, log: Sequence[LogLine] = (), moment: LogLine | None = None) -> LastStep:
    """What ran when the board was lost.

    The marks in the log show it where there is one; else it is what the plan has after the newest line of the answer.

    :param log: the kernel's log of that boot; ``moment``: its line that is asked about; ``None``: its end.
    """
    marked = _marked(log)
    if marked is not None:
        return marked
    ran = running_test(log, record.results, moment) if moment is not None else None
    if ran is not None and not ran[1]:
        test, heap = ran[0].test, ran[0].heap
        return LastStep(f"in the test {test} on {heap}", heap, "the times of the marks in its log, and of the test")
    return _after_newest(record)


def _marked(log: Sequence[LogLine]) -> LastStep | None:
    """What the last mark in the log shows: that a heap is being used up, or that the tests are over."""
    for line in reversed(log):
        text = line.text.lstrip()
        if text.startswith(TESTS_END):
            return LastStep("after the tests", shown_by=f"its log: {text}")
        if text.startswith(EXHAUSTS):
            heap = text.removeprefix(EXHAUSTS).partition(" ")[0]
            return LastStep(f"while all memory of {heap} was asked for", heap, f"its log: {text}")
        if text.startswith(EXHAUSTED):
            return None
    return None


def _after_newest(record: Record) -> LastStep:
    newest = record.newest
    if newest is None:
        return LastStep("before the first test")
    if isinstance(newest, HeapsFact):
        first = next(iter(_in_order(record)), None) if not record.results else None
        return _test(first, "no test had answered") if first else LastStep("between two steps of the tests")
    if isinstance(newest, Result):
        tests, answered = _in_order(record), (newest.heap, newest.test)
        shown = f"the last test that answered is {newest.test} on {newest.heap}"
        following = tests[tests.index(answered) + 1 :][:1] if _is_plans_order(record, tests) else []
        return (
            _test(following[0], shown)
            if following
            else LastStep(f"after the test {newest.test} on {newest.heap}", newest.heap, shown)
        )
    return LastStep(f"{_MEASURED[type(newest)]} on {newest.heap}", newest.heap)


def _test(step: tuple[str, str], shown_by: str) -> LastStep:
    heap, test = step
    return LastStep(f"in the test {test} on {heap}", heap, shown_by)


def _in_order(record: Record) -> list[tuple[str, str]]:
    """The tests (heap, test) that were asked for of the chosen heaps, as a plan with one pattern has them."""
    return [(heap, test.id) for heap in record.chosen_heaps for test in tests_asked(record, heap)]


def _is_plans_order(record: Record, tests: Sequence[tuple[str, str]]) -> bool:
    """Whether the answer keeps to that order: a plan with several patterns goes through the heaps for each."""
    answered = [(result.heap, result.test) for result in record.results if result.heap in record.chosen_heaps]
    return answered == list(tests[: len(answered)])
