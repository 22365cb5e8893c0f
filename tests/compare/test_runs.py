"""Two runs compared: nothing is told of equal ones, everything of different ones, and noise is not called a change."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from msgspec.structs import replace

from bringup.compare.runs import Change, compare
from bringup.facts.latency import percentile
from bringup.results.run import BoardRun, HeapFacts, LatencyFacts, Run
from bringup.results.timing import TimingFacts
from bringup.results.verdict import Outcome, Verdict
from tests.support.report.hostile import runs


def run(*verdicts: Verdict, serial: str = "one", heaps: tuple[HeapFacts, ...] = ()) -> Run:
    return Run(boards=(BoardRun(serial=serial, verdicts=verdicts, heaps=heaps),), tool="0", started="")


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
    ("before", "after", "change", "outcome"),
    [
        (Outcome.PASS, Outcome.FAIL, Change.REGRESSED, Outcome.FAIL),
        (Outcome.PASS, Outcome.WARN, Change.REGRESSED, Outcome.FAIL),
        (Outcome.SKIP, Outcome.FAIL, Change.REGRESSED, Outcome.FAIL),
        (Outcome.ERROR, Outcome.FAIL, Change.REGRESSED, Outcome.FAIL),
        (Outcome.FAIL, Outcome.PASS, Change.IMPROVED, Outcome.PASS),
        (Outcome.FAIL, Outcome.WARN, Change.IMPROVED, Outcome.PASS),
        (Outcome.PASS, Outcome.ERROR, Change.UNKNOWN, Outcome.ERROR),
        (Outcome.FAIL, Outcome.ERROR, Change.UNKNOWN, Outcome.ERROR),
        (Outcome.SKIP, Outcome.ERROR, Change.UNKNOWN, Outcome.ERROR),
        (Outcome.ERROR, Outcome.PASS, Change.CHANGED, Outcome.PASS),
        (Outcome.SKIP, Outcome.PASS, Change.CHANGED, Outcome.PASS),
        (Outcome.PASS, Outcome.SKIP, Change.CHANGED, Outcome.ERROR),
        (Outcome.FAIL, Outcome.SKIP, Change.CHANGED, Outcome.ERROR),
    ],
)
def test_each_change_has_its_name(before: Outcome, after: Outcome, change: Change, outcome: Outcome) -> None:
    rest = verdict(Outcome.PASS, "rest")  # a board about which something is known
    found = compare(run(verdict(before), rest), run(verdict(after), rest))
    assert [one.change for one in found.differences] == [change]
    assert found.outcome is outcome
    assert found.regressed is (change is Change.REGRESSED)
    assert found.undecided is (change is Change.UNKNOWN)


def test_a_question_may_appear_and_vanish() -> None:
    found = compare(run(verdict(Outcome.PASS, "old")), run(verdict(Outcome.FAIL, "new")))
    assert {one.id: one.change for one in found.differences} == {"old": Change.VANISHED, "new": Change.APPEARED}


_OLD, _NEW = verdict(Outcome.PASS, "old"), verdict(Outcome.PASS, "new")


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ((_OLD,), (_OLD,), Outcome.PASS),
        ((_OLD,), (_OLD, _NEW), Outcome.PASS),
        ((_OLD, verdict(Outcome.SKIP, "new")), (_OLD,), Outcome.PASS),
        ((_OLD, verdict(Outcome.FAIL)), (_OLD, verdict(Outcome.FAIL)), Outcome.PASS),
        ((_OLD, _NEW), (_OLD,), Outcome.ERROR),
        ((_OLD,), (_OLD, verdict(Outcome.ERROR, "new")), Outcome.ERROR),
        ((_OLD, verdict(Outcome.ERROR)), (_OLD, verdict(Outcome.ERROR)), Outcome.ERROR),
        ((), (), Outcome.ERROR),
        ((_OLD, verdict(Outcome.PASS)), (verdict(Outcome.FAIL),), Outcome.FAIL),
    ],
)
def test_what_is_unknown_or_no_longer_asked_is_no_pass(
    before: tuple[Verdict, ...], after: tuple[Verdict, ...], outcome: Outcome
) -> None:
    assert compare(run(*before), run(*after)).outcome is outcome


def test_a_missing_board_is_no_pass_unless_the_boards_were_chosen() -> None:
    before = Run(boards=run(_OLD, serial="a").boards + run(_OLD, serial="b").boards, tool="0", started="")
    after = run(_OLD, serial="b")
    assert compare(before, after).outcome is Outcome.ERROR
    assert compare(before, after, chosen=True).outcome is Outcome.PASS
    assert compare(before, run(_OLD, serial="c"), chosen=True).outcome is Outcome.ERROR


def test_one_board_each_is_compared_whatever_it_is_called() -> None:
    found = compare(run(verdict(Outcome.PASS)), run(verdict(Outcome.FAIL), serial="unit 7"))
    assert found.regressed
    assert found.differences[0].board == "unit 7"


def test_of_many_boards_those_with_one_serial_are_compared() -> None:
    before = Run(boards=run(serial="a").boards + run(verdict(Outcome.PASS), serial="b").boards, tool="0", started="")
    after = Run(boards=run(verdict(Outcome.FAIL), serial="b").boards + run(serial="c").boards, tool="0", started="")
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


def test_twice_as_slow_is_reported() -> None:
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


def bench(dice: random.Random, slower: float = 1.0, clock: float = 1.0, passes: int = 10) -> Run:
    """A benchmark of 100 operations: each pass has its own chance, which heap and limit share in part."""

    def one(number: int) -> TimingFacts:
        shared = [clock * dice.lognormvariate(0, 0.1) for _ in range(passes)]
        limit = [base * dice.lognormvariate(7, 0.05) for base in shared]
        medians = tuple(base * (slower if number == 0 else 1) * dice.lognormvariate(8, 0.05) for base in shared)
        ratios = tuple(taken / bound for taken, bound in zip(medians, limit, strict=True))
        middle = sorted(medians)[passes // 2]
        return TimingFacts(
            "heap", "system", 0, "alloc", 4096 * (number + 1), 1, passes, middle, middle, middle, middle, medians,
            min(medians), max(medians), 0.98, limit="memset", ratio=sorted(ratios)[passes // 2], ratios=ratios,
        )  # fmt: skip

    return Run(
        boards=(BoardRun(serial="one", verdicts=(), timings=tuple(one(number) for number in range(100))),),
        tool="0",
        started="",
    )


def test_of_equal_benchmarks_one_pair_in_a_hundred_shows_a_change_at_most() -> None:
    dice = random.Random(7)
    assert sum(bool(compare(bench(dice), bench(dice)).timings) for _ in range(100)) <= 1


def test_a_slower_operation_of_a_benchmark_is_reported_with_what_decided() -> None:
    dice = random.Random(7)
    found = compare(bench(dice), bench(dice, slower=2.0))
    (one,) = found.timings
    assert (one.heap, one.size, one.op, one.slower) == ("system", 4096, "alloc", True)
    assert one.p == pytest.approx(1.08e-5, rel=0.01)
    (test,) = found.timing_tests
    assert (test.compared, test.undecidable, test.error_rate) == (100, 0, 0.01)
    assert "Mann-Whitney" in test.name
    assert found.regressed
    assert found.timing_tests[0].compared == 100


def test_a_board_that_runs_at_half_its_clock_has_no_slower_heap() -> None:
    dice = random.Random(7)
    assert compare(bench(dice), bench(dice, clock=2.0)).timings == ()


def test_too_few_passes_decide_nothing_and_say_so() -> None:
    dice = random.Random(7)
    found = compare(bench(dice, passes=3), bench(dice, passes=3, slower=5.0))
    assert found.timings == ()
    assert found.timing_tests[0].undecidable == 100


def test_a_benchmark_and_a_plain_run_are_compared_by_latency() -> None:
    dice = random.Random(20)
    samples = [int(dice.lognormvariate(10, 0.2)) for _ in range(20)]
    (board,) = bench(dice).boards
    before = Run(boards=(replace(board, heaps=heap(samples)),), tool="0", started="")
    found = compare(before, run(heaps=heap([2 * one for one in samples])))
    assert [one.slower for one in found.timings] == [True]
    assert [test.compared for test in found.timing_tests] == [1]
