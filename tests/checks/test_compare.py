"""Two runs compared: nothing is told of equal ones, everything of different ones, and noise is not called a change."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given

from bringup.checks.compare import Change, compare
from bringup.checks.latency import percentile
from bringup.checks.run import BoardRun, HeapFacts, LatencyFacts, Run
from bringup.checks.verdict import Outcome, Verdict
from tests.checks.test_run import runs


def run(*verdicts: Verdict, serial: str = "one", heaps: tuple[HeapFacts, ...] = ()) -> Run:
    return Run((BoardRun(serial, verdicts, heaps=heaps),), "0", "")


def verdict(outcome: Outcome, question: str = "a") -> Verdict:
    return Verdict(question, "title", outcome)


@given(one=runs)
def test_a_run_does_not_differ_from_itself(one: Run) -> None:
    if len({board.serial for board in one.boards}) == len(one.boards):
        found = compare(one, one)
        assert not found.differences
        assert not found.only_before
        assert not found.only_after


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (Outcome.PASS, Outcome.FAIL, Change.REGRESSED),
        (Outcome.PASS, Outcome.WARN, Change.REGRESSED),
        (Outcome.SKIP, Outcome.FAIL, Change.REGRESSED),
        (Outcome.ERROR, Outcome.FAIL, Change.REGRESSED),
        (Outcome.FAIL, Outcome.PASS, Change.IMPROVED),
        (Outcome.PASS, Outcome.ERROR, Change.UNKNOWN),
        (Outcome.FAIL, Outcome.ERROR, Change.UNKNOWN),
        (Outcome.ERROR, Outcome.PASS, Change.CHANGED),
        (Outcome.PASS, Outcome.SKIP, Change.CHANGED),
    ],
)
def test_each_change_has_its_name(before: Outcome, after: Outcome, change: Change) -> None:
    found = compare(run(verdict(before)), run(verdict(after)))
    assert [one.change for one in found.differences] == [change]
    assert found.regressed is (change is Change.REGRESSED)
    assert found.undecided is (change is Change.UNKNOWN)


def test_a_question_may_appear_and_vanish() -> None:
    found = compare(run(verdict(Outcome.PASS, "old")), run(verdict(Outcome.FAIL, "new")))
    assert {one.id: one.change for one in found.differences} == {"old": Change.VANISHED, "new": Change.APPEARED}


def test_one_board_each_is_compared_whatever_it_is_called() -> None:
    found = compare(run(verdict(Outcome.PASS)), run(verdict(Outcome.FAIL), serial="unit 7"))
    assert found.regressed
    assert found.differences[0].board == "unit 7"


def test_of_many_boards_those_with_one_serial_are_compared() -> None:
    before = Run(run(serial="a").boards + run(verdict(Outcome.PASS), serial="b").boards, "0", "")
    after = Run(run(verdict(Outcome.FAIL), serial="b").boards + run(serial="c").boards, "0", "")
    found = compare(before, after)
    assert (found.only_before, found.only_after) == (("a",), ("c",))
    assert [one.board for one in found.differences] == ["b"]


def heap(samples: list[int]) -> tuple[HeapFacts, ...]:
    p50, p95 = percentile(samples, 0.5), percentile(samples, 0.95)
    return (HeapFacts("system", True, latency=(LatencyFacts(4096, len(samples), p50, p95, 1, 1, 1, 1),)),)


def test_noise_is_called_a_change_fewer_than_once_in_a_thousand() -> None:
    dice = random.Random(20)
    told = 0
    for _ in range(4000):
        first, second = ([int(dice.lognormvariate(10, 0.5)) for _ in range(20)] for _ in range(2))
        told += len(compare(run(heaps=heap(first)), run(heaps=heap(second))).timings)
    assert told < 4


def test_twice_as_slow_is_told() -> None:
    dice = random.Random(20)
    samples = [int(dice.lognormvariate(10, 0.2)) for _ in range(20)]
    found = compare(run(heaps=heap(samples)), run(heaps=heap([2 * one for one in samples])))
    assert [one.slower for one in found.timings] == [True]
    assert found.regressed
    faster = compare(run(heaps=heap([2 * one for one in samples])), run(heaps=heap(samples)))
    assert [one.slower for one in faster.timings] == [False]
    assert not faster.regressed


def test_a_changed_reason_alone_is_no_change() -> None:
    one = verdict(Outcome.SKIP)
    assert not compare(run(one), run(replace(one, reason="another"))).differences
