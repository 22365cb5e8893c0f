"""Timings of two runs compared: a change is told only where a stated test finds it beyond noise.

Where both runs hold the benchmark, every operation is compared by its passes; else the latency samples that each run
takes are. Which test decided, on how much, and how often it errs, stands in the comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from math import comb
from typing import Any

from bringup.checks.noise import mann_whitney_p
from bringup.checks.run import BoardRun, LatencyFacts
from bringup.checks.timing import TimingFacts

__all__ = ["ERROR_RATE", "OVER_RUNS", "Timing", "TimingTest", "compare_timings"]

#: How often two runs between which nothing changed may show a change of any timing at all.
ERROR_RATE = 0.01
OVER_RUNS = "pairs of runs"
_LATENCY_ERROR_RATE = 0.001


@dataclass(frozen=True, slots=True)
class Timing:
    """A timing that changed by more than its noise: medians, in nanoseconds a call.

    :param heap: the heap's name; of ION where ``source`` says so.
    :param before_ratio: how many times the board's own limit it took; ``None`` where only latency was compared.
    :param p: of the rank test on the passes; ``None`` where that did not decide.
    """

    board: str
    heap: str
    size: int
    before_p50: float
    after_p50: float
    op: str = "alloc"
    source: str = "heap"
    flags: int = 0
    threads: int = 1
    before_ratio: float | None = None
    after_ratio: float | None = None
    p: float | None = None

    @property
    def slower(self) -> bool:
        """Whether it takes longer now."""
        return self.after_p50 > self.before_p50

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"slower": self.slower}


@dataclass(frozen=True, slots=True)
class TimingTest:
    """What decided, and how often it errs.

    :param compared: timings that both runs hold; ``undecidable``: those of too few passes for any change to be told.
    :param error_rate: how often runs between which nothing changed show a change; ``over``: of what (of pairs of runs
        by Bonferroni's bound).
    """

    name: str
    compared: int
    undecidable: int
    error_rate: float
    over: str

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def compare_timings(pairs: Iterable[tuple[BoardRun, BoardRun]]) -> tuple[tuple[Timing, ...], tuple[TimingTest, ...]]:
    """What changed by more than noise, and which tests decided, over all boards of two runs."""
    benchmarks: list[tuple[str, TimingFacts, TimingFacts]] = []
    latencies: list[tuple[str, str, LatencyFacts, LatencyFacts]] = []
    for before, after in pairs:
        if before.timings and after.timings:
            benchmarks += [(after.serial, was, now) for was, now in _same(before, after)]
        else:
            latencies += [(after.serial, heap, was, now) for heap, was, now in _same_latency(before, after)]
    told = [*_changed(benchmarks), *_changed_latency(latencies)]
    return tuple(told), tuple(_tests(benchmarks, len(latencies)))


def _same(before: BoardRun, after: BoardRun) -> Iterator[tuple[TimingFacts, TimingFacts]]:
    old = {one.key: one for one in before.timings if one.ratios}
    return ((old[one.key], one) for one in after.timings if one.ratios and one.key in old)


def _same_latency(before: BoardRun, after: BoardRun) -> Iterator[tuple[str, LatencyFacts, LatencyFacts]]:
    old = {(heap.name, one.size): one for heap in before.heaps for one in heap.latency}
    for heap in after.heaps:
        for one in heap.latency:
            was = old.get((heap.name, one.size))
            if was is not None:
                yield heap.name, was, one


def _changed(found: list[tuple[str, TimingFacts, TimingFacts]]) -> Iterator[Timing]:
    """Time and ratio to the limit have both moved, the same way, beyond what :data:`ERROR_RATE` allows for so many.

    The time alone moves with the board's clock, the ratio alone with its memory; a heap that changed moves both.
    """
    for serial, was, now in found:
        p = max(mann_whitney_p(was.medians, now.medians), mann_whitney_p(was.ratios, now.ratios))
        same_way = (now.p50 > was.p50) == ((now.ratio or 0.0) > (was.ratio or 0.0))
        if p * len(found) <= ERROR_RATE and same_way:
            yield Timing(
                serial, now.name, now.size, was.p50, now.p50, now.op, now.source, now.flags, now.threads,
                was.ratio, now.ratio, p,
            )  # fmt: skip


def _changed_latency(found: list[tuple[str, str, LatencyFacts, LatencyFacts]]) -> Iterator[Timing]:
    for serial, heap, was, now in found:
        if _beyond_noise(was, now):
            yield Timing(serial, heap, now.size, was.alloc_p50, now.alloc_p50)


def _beyond_noise(was: LatencyFacts, now: LatencyFacts) -> bool:
    """Whether one run's median lies above the other's 95th percentile.

    Where nothing changed, half of the new samples would have to exceed what 19 of 20 old ones do not: of two runs of 20
    samples each from one distribution fewer than 1 in 1,000 pairs do (tests/checks/test_compare.py counts them).
    """
    return now.alloc_p50 > was.alloc_p95 or was.alloc_p50 > now.alloc_p95


def _tests(benchmarks: list[tuple[str, TimingFacts, TimingFacts]], latencies: int) -> Iterator[TimingTest]:
    if benchmarks:
        count = len(benchmarks)
        few = sum(2 / comb(was.passes + now.passes, now.passes) * count > ERROR_RATE for _, was, now in benchmarks)
        name = "exact Mann-Whitney rank test of the passes' medians, and of their ratios to the board's own limit"
        yield TimingTest(name, count, few, ERROR_RATE, OVER_RUNS)
    if latencies:
        name = "one run's median above the other's 95th percentile"
        yield TimingTest(name, latencies, 0, _LATENCY_ERROR_RATE, "timings")
