"""Which lines were logged while the record's own tests ran, in a log that has the marks of earlier runs, too."""

from __future__ import annotations

import pytest

from bringup.facts.log import phases
from bringup.facts.log.kernel_line import read_lines
from bringup.facts.log.owners import Owner, owners
from bringup.facts.log.readings import KernelLog
from bringup.record.questions import TESTS_BEGIN, TESTS_END

EARLIER = [f"{TESTS_BEGIN} at 1", "theirs", f"{TESTS_END} at 2", "between"]
OWN = [f"{TESTS_BEGIN} at 3", "ours", f"{TESTS_END} at 4", "after"]


def log(texts: list[str], fresh: int | None) -> KernelLog:
    lines = read_lines("".join(f"6,{number},{number}000000,-;{text}\n" for number, text in enumerate(texts)))
    return KernelLog(tuple(lines), fresh)


@pytest.mark.parametrize("fresh", [0, 1, 2, 3, 4])
def test_the_last_marks_are_the_record_s_own_wherever_the_readings_seem_to_meet(fresh: int) -> None:
    whole = log(EARLIER + OWN, fresh)
    assert phases.tests_span(whole) == phases.TestsSpan(4, 6)
    assert owners(whole)[4:] == [Owner.OURS, Owner.OURS, Owner.OTHERS, Owner.OTHERS]


def test_a_begin_that_an_earlier_run_left_is_not_the_record_s_own() -> None:
    assert phases.tests_span(log([OWN[0], "new", OWN[2]], 1)) == phases.TestsSpan(1, 2, None)


def test_marks_of_earlier_runs_are_not_the_record_s_own() -> None:
    assert phases.tests_span(log([*EARLIER, "new"], 4)) == phases.TestsSpan(4, 5)


def test_a_mark_that_the_log_lost_is_not_taken_from_an_earlier_run() -> None:
    span = phases.tests_span(log([*EARLIER, *OWN[1:]], 4))
    assert span == phases.TestsSpan(4, 5, None)


@pytest.mark.parametrize("fresh", [0, 1, 2, 3, 4])
def test_tests_that_were_cut_off_last_to_the_end(fresh: int) -> None:
    assert phases.tests_span(log(EARLIER + OWN[:2], fresh)) == phases.TestsSpan(4, 6)


def test_a_log_that_was_read_once_does_not_say_what_the_tests_caused() -> None:
    assert phases.tests_span(log(OWN, None)) is None


@pytest.mark.parametrize(
    ("texts", "fresh", "span"),
    [
        # Without root there are no marks: all that is new counts.
        (["old", "new", "newer"], 1, (1, 3, 0)),
        (["old"], 1, (1, 1, 0)),
        # Marks of the wrong order, and marks in the middle of a line.
        ([*OWN[1:], OWN[0], "new"], 0, (3, 5, 0)),
        (["said: " + OWN[0], "new"], 0, (0, 2, 0)),
        (["  " + OWN[0], "new", "  " + OWN[2]], 0, (0, 2, 0)),
        # Three runs: the last one's marks.
        (EARLIER + EARLIER + OWN, 0, (8, 10, 0)),
        # A begin of an earlier run, whose end and the own begin are lost.
        ([EARLIER[0], EARLIER[2], "new", OWN[2]], 0, (0, 3, None)),
        # Begun twice and ended once: since the last begin.
        ([EARLIER[0], "cut off", *OWN], 0, (2, 4, 0)),
    ],
)
def test_where_the_tests_begin_and_end(texts: list[str], fresh: int, span: tuple[int, int, int | None]) -> None:
    assert phases.tests_span(log(texts, fresh)) == phases.TestsSpan(*span)


def test_without_an_end_a_log_with_a_gap_says_so() -> None:
    lines = log(["old", "new"], 1).lines
    assert phases.tests_span(KernelLog(lines, 1, is_unbroken=False)) == phases.TestsSpan(1, 2, None)
    begun = log(["old", OWN[0], "new"], 1).lines
    assert phases.tests_span(KernelLog(begun, 1, is_unbroken=False)) == phases.TestsSpan(1, 3, 0)


def test_when_a_line_was_logged() -> None:
    span = phases.TestsSpan(2, 4)
    assert [span.phase(number).value for number in range(6)] == [
        *["before the tests"] * 2, *["during the tests"] * 2, *["after the tests"] * 2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [((1, 2, 3), 0), ((1, 3, 4), 1), ((1, 4, 5), 2), ((1, 3, 7), 4), ((3, 2, 1), 0), ((1, 1, 2), 0)],
)
def test_records_that_are_missing_between_the_marks_are_counted(numbers: tuple[int, ...], lost: int) -> None:
    texts = zip(numbers, (OWN[0], "ours", "ours"), strict=True)
    text = "".join(f"6,{number},{place}000000,-;{text}\n" for place, (number, text) in enumerate(texts))
    assert phases.tests_span(KernelLog(tuple(read_lines(text)), 0)) == phases.TestsSpan(0, 3, lost)


def test_a_log_without_numbers_shows_no_loss() -> None:
    lines = read_lines(f"[    1.000000] {OWN[0]}\n[    2.000000] ours\n")
    assert phases.tests_span(KernelLog(tuple(lines), 0)) == phases.TestsSpan(0, 2, 0)
