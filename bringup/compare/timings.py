"""Timings of two runs compared: a change is told only where a stated test finds it beyond noise.

Where both runs hold the benchmark, every operation is compared by its passes; else the latency samples that each run
takes are. Which test decided, on how much, and how often it errs, stands in the comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from math import comb
from typing import Any

from bringup.results.noise import mann_whitney_p
from bringup.results.run import BoardRun, LatencyFacts
from bringup.results.timing import TimingFacts, UntimedFacts, finite

__all__ = ["ERROR_RATE", "OVER_RUNS", "ComparedTimings", "Timing", "TimingTest", "Untimed", "compare_timings"]

#: How often two runs between which nothing changed may show a change of any timing at all.
ERROR_RATE = 0.01
OVER_RUNS = "pairs of runs"
_LATENCY_ERROR_RATE = 0.001


@dataclass(frozen=True, slots=True)
class Timing:
    """A timing of both runs: medians, in nanoseconds a call.

    :param heap: the heap's name; of ION where ``source`` says so.
    :param before_low: up to ``before_high``: the noise band of the first run's median, where the passes decided; where
        only latency was compared, from that median to the 95th percentile. ``None`` where it is not told.
    :param before_ratio: how many times the board's own limit it took; ``None`` where only latency was compared.
    :param p: of the rank test on the passes; ``None`` where that did not decide. ``decidable``: whether there were
        passes enough for any change to be told.
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

    @property
    def operation(self) -> tuple[str, str, str, int, str, int]:
        """What it is a timing of, at whatever size."""
        return self.board, self.source, self.heap, self.flags, self.op, self.threads

    @property
    def slower(self) -> bool:
        """Whether it takes longer now."""
        return self.after_p50 > self.before_p50

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"slower": self.slower}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Timing:
        """The reverse of :meth:`to_json`.

        :raises KeyError, ValueError, TypeError: it is not that shape.
        """
        read: dict[str, Any] = {name: str(data[name]) for name in ("board", "heap", "op", "source")}
        read |= {name: int(data[name]) for name in ("size", "flags", "threads")}
        read |= {name: finite(data[name]) for name in ("before_p50", "after_p50")}
        maybe = ("before_ratio", "after_ratio", "p", "before_low", "before_high", "after_low", "after_high")
        read |= {name: None if data.get(name) is None else finite(data[name]) for name in maybe}
        return cls(**read, decidable=bool(data.get("decidable", True)))


@dataclass(frozen=True, slots=True)
class Untimed:
    """A source that was timed before and was not now, at one size, and why."""

    board: str
    facts: UntimedFacts

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {"board": self.board, **self.facts.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Untimed:
        """The reverse of :meth:`to_json`."""
        return cls(str(data["board"]), UntimedFacts.from_json(data))


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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TimingTest:
        """The reverse of :meth:`to_json`.

        :raises ValueError: such a test errs never or always.
        """
        counts = int(data["compared"]), int(data["undecidable"])
        rate = finite(data["error_rate"])
        if not 0 < rate < 1:
            raise ValueError(f"{rate!r} is no error rate")
        return cls(str(data["name"]), *counts, rate, str(data["over"]))


@dataclass(frozen=True, slots=True)
class ComparedTimings:
    """The timings of two runs.

    :param changed: beyond noise; ``unchanged``: the same operations at other sizes, where those did not.
    :param untimed: what the second run could not time and the first could.
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
            benchmarks += [(after.serial, was, now) for was, now in _same(before, after)]
            untimed += _no_longer(before, after)
        else:
            latencies += [(after.serial, heap, was, now) for heap, was, now in _same_latency(before, after)]
    told = [*_benchmarks(benchmarks), *_latencies(latencies)]
    changed = tuple(one for one, beyond in told if beyond)
    moved = {one.operation for one in changed}
    unchanged = tuple(one for one, beyond in told if not beyond and one.operation in moved)
    return ComparedTimings(changed, unchanged, tuple(untimed), tuple(_tests(benchmarks, len(latencies))))


def _same(before: BoardRun, after: BoardRun) -> Iterator[tuple[TimingFacts, TimingFacts]]:
    old = {one.key: one for one in before.timings if one.ratios}
    return ((old[one.key], one) for one in after.timings if one.ratios and one.key in old)


def _no_longer(before: BoardRun, after: BoardRun) -> Iterator[Untimed]:
    """Each once: a run that takes ten passes may say ten times, and in its own figures, why it did not."""
    gone = {(one.source, one.name, one.flags, one.size, one.threads) for one in before.timings}
    gone -= {(one.source, one.name, one.flags, one.size, one.threads) for one in after.timings}
    for one in after.untimed:
        key = (one.source, one.name, one.flags, one.size, one.threads)
        if key in gone:
            gone.discard(key)
            yield Untimed(after.serial, one)


def _same_latency(before: BoardRun, after: BoardRun) -> Iterator[tuple[str, LatencyFacts, LatencyFacts]]:
    old = {(heap.name, one.size): one for heap in before.heaps for one in heap.latency}
    for heap in after.heaps:
        for one in heap.latency:
            was = old.get((heap.name, one.size))
            if was is not None:
                yield heap.name, was, one


def _benchmarks(found: list[tuple[str, TimingFacts, TimingFacts]]) -> Iterator[tuple[Timing, bool]]:
    """Each timing, and whether it changed.

    Time and ratio to the limit have then both moved, the same way, beyond what :data:`ERROR_RATE` allows for so many.
    The time alone moves with the board's clock, the ratio alone with its memory; a heap that changed moves both.
    """
    for serial, was, now in found:
        p = max(mann_whitney_p(was.medians, now.medians), mann_whitney_p(was.ratios, now.ratios))
        same_way = (now.p50 > was.p50) == ((now.ratio or 0.0) > (was.ratio or 0.0))
        one = Timing(
            serial, now.name, now.size, was.p50, now.p50, now.op, now.source, now.flags, now.threads,
            was.ratio, now.ratio, p, was.low, was.high, now.low, now.high, _decidable(was, now, len(found)),
        )  # fmt: skip
        yield one, p * len(found) <= ERROR_RATE and same_way


def _decidable(was: TimingFacts, now: TimingFacts, count: int) -> bool:
    """Whether even passes of which none overlap would be told among so many timings."""
    return 2 / comb(was.passes + now.passes, now.passes) * count <= ERROR_RATE


def _latencies(found: list[tuple[str, str, LatencyFacts, LatencyFacts]]) -> Iterator[tuple[Timing, bool]]:
    for serial, heap, was, now in found:
        one = Timing(
            serial, heap, now.size, was.alloc_p50, now.alloc_p50, before_low=was.alloc_p50, before_high=was.alloc_p95,
            after_low=now.alloc_p50, after_high=now.alloc_p95,
        )  # fmt: skip
        yield one, _beyond_noise(was, now)


def _beyond_noise(was: LatencyFacts, now: LatencyFacts) -> bool:
    """Whether one run's median lies above the other's 95th percentile.

    Where nothing changed, half of the new samples would have to exceed what 19 of 20 old ones do not: of two runs of 20
    samples each from one distribution fewer than 1 in 1,000 pairs do (tests/compare/test_runs.py counts them).
    """
    return now.alloc_p50 > was.alloc_p95 or was.alloc_p50 > now.alloc_p95


def _tests(benchmarks: list[tuple[str, TimingFacts, TimingFacts]], latencies: int) -> Iterator[TimingTest]:
    if benchmarks:
        count = len(benchmarks)
        few = sum(not _decidable(was, now, count) for _, was, now in benchmarks)
        name = "exact Mann-Whitney rank test of the passes' medians, and of their ratios to the board's own limit"
        yield TimingTest(name, count, few, ERROR_RATE, OVER_RUNS)
    if latencies:
        name = "one run's median above the other's 95th percentile"
        yield TimingTest(name, latencies, 0, _LATENCY_ERROR_RATE, "timings")
