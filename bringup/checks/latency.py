"""Samples of allocation latency to percentiles."""

from __future__ import annotations

from collections.abc import Sequence

from bringup.checks.run import LatencyFacts
from bringup.record.load import Latency

__all__ = ["latency_facts", "percentile"]


def percentile(samples: Sequence[int], share: float) -> int:
    """The nearest-rank percentile: the smallest sample that at least ``share`` of all do not exceed.

    :param samples: at least one.
    """
    ordered = sorted(samples)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[rank - 1]


def latency_facts(latency: Latency) -> LatencyFacts | None:
    """What a report shows of one size on one heap; ``None`` where a list of samples is empty."""
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
