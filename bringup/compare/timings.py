"""Timings of two runs compared: a change is reported only where a stated test finds it beyond noise.

Where both runs hold the benchmark, every operation is compared by its passes; otherwise the latency samples that every
run takes are compared. The comparison says which test decided, on how much, and how often it is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import comb
from typing import Annotated

import msgspec

from bringup.document import computed, require_finite, set_computed
from bringup.results.noise import mann_whitney_p
from bringup.results.run import BoardRun, LatencyFacts
from bringup.results.timing import TimingFacts, UntimedFacts

__all__ = ["ERROR_RATE", "OVER_RUNS", "ComparedTimings", "Timing", "TimingTest", "Untimed", "compare_timings"]

#: How often two runs between which nothing changed may show a change of any timing at all.
ERROR_RATE = 0.01
OVER_RUNS = "pairs of runs"
_LATENCY_ERROR_RATE = 0.001


class Timing(msgspec.Struct, frozen=True):
    """A timing that both runs hold: medians, in nanoseconds per call.

    :param heap: The heap's name; of ION where source says so.
    :param size: Bytes.
    :param before_p50: The first run's median.
    :param after_p50: The second's.
    :param source: heap or ion.
    :param before_ratio: How many times the board's own limit it took; null where only latency was compared.
    :param after_ratio: The same in the second run.
    :param p: Of the rank test on the passes; null where that did not decide.
    :param before_low: Where the noise band of the first run's median begins; where only latency was compared, that
        median; null: unknown.
    :param before_high: Where it ends; where only latency was compared, the 95th percentile.
    :param after_low: The same for the second run.
    :param after_high: The same for the second run.
    :param decidable: Whether there were enough passes to detect any change.
    :param slower: Whether it takes longer in the second run.
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
    before_low: float | None = None
    before_high: float | None = None
    after_low: float | None = None
    after_high: float | None = None
    decidable: bool = True
    slower: bool = computed()

    def __post_init__(self) -> None:
        set_computed(self, slower=self.after_p50 > self.before_p50)
        require_finite(self)

    @property
    def operation(self) -> tuple[str, str, str, int, str, int]:
        """What it is a timing of, at any size."""
        return self.board, self.source, self.heap, self.flags, self.op, self.threads


class Untimed(UntimedFacts, frozen=True):
    """A source that the first run timed at one size and the second did not, and why.

    :param name: Empty where it holds for every source.
    """

    board: str


class TimingTest(msgspec.Struct, frozen=True):
    """A test that decided about timings, and how often it is wrong.

    :param compared: Timings that both runs hold.
    :param undecidable: Those of too few passes to detect any change.
    :param error_rate: How often runs between which nothing changed show a change.
    :param over: Of what that is a share; of pairs of runs by Bonferroni's bound.
    """

    name: str
    compared: int
    undecidable: int
    error_rate: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    over: str


class ComparedTimings(msgspec.Struct, frozen=True):
    """The timings of two runs.

    :param changed: beyond noise.
    :param unchanged: the same operations at other sizes, where they did not change.
    :param untimed: what the first run could time and the second could not.
    """

    changed: tuple[Timing, ...]
    unchanged: tuple[Timing, ...]
    untimed: tuple[Untimed, ...]
    tests: tuple[TimingTest, ...]


def compare_timings(pairs: Iterable[tuple[BoardRun, BoardRun]]) -> ComparedTimings:
    """What changed by more than noise, and which tests decided, over all boards of two runs."""
    untimed: list[Untimed] = []
    benchmarks: list[tuple[str, TimingFacts, TimingFacts]] = []
    latencies: list[tuple[str, str, LatencyFacts, LatencyFacts]] = []
    for before, after in pairs:
        if before.timings and after.timings:
            benchmarks += [(after.serial, old, new) for old, new in _in_both(before, after)]
            untimed += _no_longer_timed(before, after)
        else:
            latencies += [(after.serial, heap, old, new) for heap, old, new in _latency_in_both(before, after)]
    timings = [*_benchmarks(benchmarks), *_latencies(latencies)]
    changed = tuple(timing for timing, is_beyond_noise in timings if is_beyond_noise)
    operations = {timing.operation for timing in changed}
    unchanged = tuple(
        timing for timing, is_beyond_noise in timings if not is_beyond_noise and timing.operation in operations
    )
    return ComparedTimings(changed, unchanged, tuple(untimed), tuple(_tests(benchmarks, len(latencies))))


def _in_both(before: BoardRun, after: BoardRun) -> Iterator[tuple[TimingFacts, TimingFacts]]:
    old = {timing.key: timing for timing in before.timings if timing.ratios}
    return ((old[timing.key], timing) for timing in after.timings if timing.ratios and timing.key in old)


def _no_longer_timed(before: BoardRun, after: BoardRun) -> Iterator[Untimed]:
    """Each source and size once: a run of ten passes may say ten times why it did not measure it."""
    gone = {_source(timing) for timing in before.timings} - {_source(timing) for timing in after.timings}
    for untimed in after.untimed:
        if _source(untimed) in gone:
            gone.discard(_source(untimed))
            yield Untimed(board=after.serial, **msgspec.structs.asdict(untimed))


def _source(timing: TimingFacts | UntimedFacts) -> tuple[str, str, int, int, int]:
    return timing.source, timing.name, timing.flags, timing.size, timing.threads


def _latency_in_both(before: BoardRun, after: BoardRun) -> Iterator[tuple[str, LatencyFacts, LatencyFacts]]:
    old = {(heap.name, latency.size): latency for heap in before.heaps for latency in heap.latency}
    for heap in after.heaps:
        for latency in heap.latency:
            if (heap.name, latency.size) in old:
                yield heap.name, old[heap.name, latency.size], latency


def _benchmarks(pairs: list[tuple[str, TimingFacts, TimingFacts]]) -> Iterator[tuple[Timing, bool]]:
    """Each timing, and whether it changed.

    It changed where both the time and its ratio to the limit moved, the same way, beyond what :data:`ERROR_RATE` allows
    for so many. The time alone moves with the board's clock, the ratio alone with its memory; a heap that changed moves
    both.
    """
    for serial, old, new in pairs:
        p = max(mann_whitney_p(old.medians, new.medians), mann_whitney_p(old.ratios, new.ratios))
        same_way = (new.p50 > old.p50) == ((new.ratio or 0.0) > (old.ratio or 0.0))
        timing = Timing(
            serial, new.name, new.size, old.p50, new.p50, new.op, new.source, new.flags, new.threads,
            old.ratio, new.ratio, p, old.low, old.high, new.low, new.high, _decidable(old, new, len(pairs)),
        )  # fmt: skip
        yield timing, p * len(pairs) <= ERROR_RATE and same_way


def _decidable(old: TimingFacts, new: TimingFacts, count: int) -> bool:
    """Whether the test could detect a change among so many timings, at least where no two passes overlap."""
    return 2 / comb(old.passes + new.passes, new.passes) * count <= ERROR_RATE


def _latencies(pairs: list[tuple[str, str, LatencyFacts, LatencyFacts]]) -> Iterator[tuple[Timing, bool]]:
    for serial, heap, old, new in pairs:
        timing = Timing(
            serial, heap, new.size, old.alloc_p50, new.alloc_p50, before_low=old.alloc_p50, before_high=old.alloc_p95,
            after_low=new.alloc_p50, after_high=new.alloc_p95,
        )  # fmt: skip
        yield timing, _beyond_noise(old, new)


def _beyond_noise(old: LatencyFacts, new: LatencyFacts) -> bool:
    """Whether one run's median lies above the other's 95th percentile.

    Where nothing changed, half of the new samples would have to exceed what 19 of 20 old ones do not: of two runs of 20
    samples each from one distribution fewer than 1 in 1,000 pairs do (tests/compare/test_runs.py counts them).
    """
    return new.alloc_p50 > old.alloc_p95 or old.alloc_p50 > new.alloc_p95


def _tests(benchmarks: list[tuple[str, TimingFacts, TimingFacts]], latencies: int) -> Iterator[TimingTest]:
    if benchmarks:
        count = len(benchmarks)
        undecidable = sum(not _decidable(old, new, count) for _, old, new in benchmarks)
        name = "exact Mann-Whitney rank test of the passes' medians, and of their ratios to the board's own limit"
        yield TimingTest(name, count, undecidable, ERROR_RATE, OVER_RUNS)
    if latencies:
        name = "one run's median above the other's 95th percentile"
        yield TimingTest(name, latencies, 0, _LATENCY_ERROR_RATE, "timings")
