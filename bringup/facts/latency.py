"""Percentiles of allocation latency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from bringup.allocator.answer import Latency, Timing, TimingSource
from bringup.record.load import Record
from bringup.results.run import LatencyFacts

__all__ = ["latencies_of", "latency_facts", "percentile"]

_Number = TypeVar("_Number", int, float)


def percentile(samples: Sequence[_Number], share: float) -> _Number:
    """The nearest-rank percentile: the smallest sample that at least ``share`` of all do not exceed.

    :param samples: at least one.
    """
    ordered = sorted(samples)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[rank - 1]


def latency_facts(latency: Latency) -> LatencyFacts | None:
    """What a report shows of one size on one heap; ``None`` if a list of samples is empty."""
    if not (latency.alloc_ns and latency.free_ns and latency.memset_ns):
        return None
    return LatencyFacts(
        size=latency.size,
        samples=len(latency.alloc_ns),
        alloc_p50=percentile(latency.alloc_ns, 0.5),
        alloc_p95=percentile(latency.alloc_ns, 0.95),
        free_p50=percentile(latency.free_ns, 0.5),
        free_p95=percentile(latency.free_ns, 0.95),
        memset_p50=percentile(latency.memset_ns, 0.5),
        memset_p95=percentile(latency.memset_ns, 0.95),
    )


def latencies_of(record: Record) -> list[Latency]:
    """Samples of allocation latency: those of the latency test, or else those of the benchmark's single thread."""
    if record.latencies:
        return record.latencies
    alone = [timing for timing in record.timings if timing.threads == 1]
    limits = {(timing.run, timing.size): timing for timing in alone if timing.source is TimingSource.LIMIT}
    taken: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
    for timing in alone:
        limit = limits.get((timing.run, timing.size))
        if timing.source is TimingSource.HEAP and limit is not None:
            turns = zip(_calls(timing, "alloc"), _calls(timing, "free"), _calls(limit, "memset"), strict=False)
            taken.setdefault((timing.name, timing.size), []).extend(turns)
    return [Latency(*key, *zip(*turns, strict=True)) for key, turns in taken.items() if turns]


def _calls(timing: Timing, op: str) -> tuple[int, ...]:
    """Nanoseconds per call, turn by turn."""
    return tuple(ns // samples.batch for samples in timing.each if samples.op == op for ns in samples.ns)
