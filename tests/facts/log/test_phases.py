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


def log(texts: list[str], fresh: int) -> KernelLog:
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


def test_records_that_are_missing_between_the_marks_are_counted() -> None:
    text = "".join(f"6,{number},{number}000000,-;{text}\n" for number, text in [(1, OWN[0]), (4, "ours"), (5, OWN[2])])
    assert phases.tests_span(KernelLog(tuple(read_lines(text)), 0)) == phases.TestsSpan(0, 2, 2)
