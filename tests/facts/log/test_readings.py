"""The kernel's log from several readings."""

from __future__ import annotations

import pytest

from bringup.facts.log.kernel_line import read_lines
from bringup.facts.log.readings import joined

TEXT = "[    1.000000] one\n[    2.000000] two\n[    3.000000] three\n"
BARE = "one\ntwo\nthree\n"
RECORDS = "6,0,500000,-;old\n6,1,1000000,-;one\n6,2,2000000,-;two\n6,3,3000000,-;three\n6,4,4000000,-;four\n"
LATE = "6,3,3000000,-;three\n6,4,4000000,-;four\n"
LATER = "6,7,7000000,-;seven\n"


@pytest.mark.parametrize("text", [TEXT, BARE], ids=["times", "no times"])
def test_what_was_cleared_before_the_first_reading_stays_out(text: str) -> None:
    """``dmesg -C`` hides a line from klogctl, and /dev/kmsg still has it."""
    log = joined([read_lines(text), read_lines(RECORDS)])
    assert [line.text for line in log.lines] == ["one", "two", "three", "four"]
    assert (log.fresh, log.is_unbroken) == (3, True)


def test_a_log_that_was_empty_when_it_was_read_first_hides_nothing() -> None:
    log = joined([[], read_lines(RECORDS)])
    assert [line.text for line in log.lines] == ["old", "one", "two", "three", "four"]


@pytest.mark.parametrize("text", [TEXT, BARE], ids=["times", "no times"])
def test_a_ring_that_dropped_its_oldest_lines_is_joined_where_they_meet(text: str) -> None:
    log = joined([read_lines(text), read_lines(LATE)])
    assert [line.text for line in log.lines] == ["one", "two", "three", "four"]
    assert (log.fresh, log.is_unbroken) == (3, True)


def test_readings_that_do_not_meet_are_broken() -> None:
    log = joined([read_lines(TEXT), read_lines(LATER)])
    assert [line.text for line in log.lines] == ["one", "two", "three", "seven"]
    assert not log.is_unbroken


def test_a_line_that_was_written_behind_younger_ones_is_where_the_readings_meet() -> None:
    """A CPU that was held up between taking the time and writing the line."""
    late = "[    1.000000] one\n[    3.000000] three\n[    2.000000] late\n"
    log = joined([read_lines(late), read_lines(f"{late}[    4.000000] four\n")])
    assert [line.text for line in log.lines] == ["one", "three", "late", "four"]
    assert (log.fresh, log.is_unbroken) == (3, True)


def test_a_line_whose_time_is_before_that_of_the_last_reading_is_new() -> None:
    log = joined([read_lines(TEXT), read_lines(f"{TEXT}[    2.500000] late\n[    4.000000] four\n")])
    assert [line.text for line in log.lines] == ["one", "two", "three", "late", "four"]
    assert log.fresh == 3
