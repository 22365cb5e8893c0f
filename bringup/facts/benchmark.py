"""Facts from the benchmark's samples: percentiles, bandwidth, the ratio to the board's own limit, and the noise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bringup.allocator.answer import OpSamples, Timing, TimingSource, Untimed
from bringup.facts.latency import percentile
from bringup.results.noise import median_band
from bringup.results.timing import TimingFacts, UntimedFacts

__all__ = ["LIMITS", "timing_facts", "untimed_facts"]

#: What limits an operation on this board: the sum of these operations on the process's own memory and files.
LIMITS: Mapping[str, tuple[str, ...]] = {
    "alloc": ("memfd", "memset"),
    "touch": ("touch",),
    "fill": ("fill",),
    "read": ("read",),
    "copy": ("copy",),
    "sync_start": ("ioctl",),
    "sync_end": ("ioctl_again",),
    "free": ("close",),
}
_WHOLE_BUFFER = frozenset(("alloc", "touch", "fill", "read", "copy", "memset"))
_EMPTY = "empty"

_Key = tuple[TimingSource, str, int, str, int, int]


@dataclass(frozen=True, slots=True)
class _Pass:
    """One operation in one pass: the time per call and its limit, in nanoseconds; ``limit`` may be empty."""

    calls: tuple[float, ...]
    batch: int
    limit: tuple[float, ...]


def timing_facts(timings: Iterable[Timing]) -> tuple[TimingFacts, ...]:
    """Every operation that was timed, in the order in which they first came."""
    kept = list(timings)
    limits = {
        (timing.run, timing.size, timing.threads): _calls(timing)
        for timing in kept
        if timing.source is TimingSource.LIMIT
    }
    passes: dict[_Key, list[_Pass]] = defaultdict(list)
    for timing in kept:
        is_limit = timing.source is TimingSource.LIMIT
        own = {} if is_limit else limits.get((timing.run, timing.size, timing.threads), {})
        for op in timing.each:
            if op.ns and op.op != _EMPTY:
                key = (timing.source, timing.name, timing.flags, op.op, timing.size, timing.threads)
                passes[key].append(_Pass(_per_call(op), op.batch, _bound(op, own)))
    loop = _Loop.of(kept)
    return tuple(_facts(key, of_key, loop) for key, of_key in passes.items())


def untimed_facts(untimed: Iterable[Untimed]) -> tuple[UntimedFacts, ...]:
    """What was not timed, each listed once for all passes."""
    facts = (
        UntimedFacts(line.source.value, line.name, line.flags, line.size, line.threads, line.why) for line in untimed
    )
    return tuple(dict.fromkeys(facts))


def _per_call(op: OpSamples) -> tuple[float, ...]:
    return tuple(ns / op.batch for ns in op.ns)


def _calls(timing: Timing) -> dict[str, tuple[float, ...]]:
    return {op.op: _per_call(op) for op in timing.each if op.op != _EMPTY}


def _bound(op: OpSamples, limits: Mapping[str, tuple[float, ...]]) -> tuple[float, ...]:
    """The operation's limit, turn by turn."""
    parts = [limits.get(name, ()) for name in LIMITS.get(op.op, ())]
    return tuple(sum(turn) for turn in zip(*parts, strict=False)) if parts else ()


@dataclass(frozen=True, slots=True)
class _Loop:
    """The time of the timing loop itself: the first round and each further one, in nanoseconds."""

    first: float
    further: float

    @classmethod
    def of(cls, timings: Sequence[Timing]) -> _Loop | None:
        """From the empty loops: the medians over all passes."""
        taken: dict[int, list[int]] = defaultdict(list)
        for op in (op for timing in timings for op in timing.each if op.op == _EMPTY):
            taken[op.batch].extend(op.ns)
        rounds = sorted(batch for batch, ns in taken.items() if ns)
        if not rounds or rounds[0] != 1:
            return None
        first = median(taken[1])
        last = rounds[-1]
        return cls(first, max(0.0, (median(taken[last]) - first) / (last - 1)) if last > 1 else 0.0)

    def share(self, batch: int, call: float) -> float:
        """The loop's share of a sample of ``batch`` calls that take ``call`` each."""
        return min(1.0, (self.first + self.further * (batch - 1)) / (batch * call)) if call else 1.0


def _facts(key: _Key, passes: Sequence[_Pass], loop: _Loop | None) -> TimingFacts:
    source, name, flags, op, size, threads = key
    calls = [call for each in passes for call in each.calls]
    medians = [median(each.calls) for each in passes]
    low, high, confidence = median_band(medians)
    p50 = percentile(calls, 0.5)
    return TimingFacts(
        source=source.value,
        name=name,
        flags=flags,
        op=op,
        size=size,
        threads=threads,
        samples=len(calls),
        p50=_figure(p50),
        p95=_figure(percentile(calls, 0.95)),
        p99=_figure(percentile(calls, 0.99)),
        max=_figure(max(calls)),
        medians=tuple(map(_figure, medians)),
        low=_figure(low),
        high=_figure(high),
        confidence=round(confidence, 6),
        overhead=None if loop is None else _overhead(loop, passes),
        mb_per_s=_figure(size / p50 * 1000) if op in _WHOLE_BUFFER and p50 else None,
        **_beside_limit(op, passes),
    )


def _overhead(loop: _Loop, passes: Sequence[_Pass]) -> float:
    return round(median(loop.share(each.batch, median(each.calls)) for each in passes), 5)


def _beside_limit(op: str, passes: Sequence[_Pass]) -> dict[str, Any]:
    bounded = [each for each in passes if each.limit and median(each.limit) > 0]
    if not bounded:
        return {}
    ratios = [median(each.calls) / median(each.limit) for each in bounded]
    low, high, _ = median_band(ratios)
    return {
        "limit": " + ".join(LIMITS[op]),
        "limit_p50": _figure(percentile([call for each in bounded for call in each.limit], 0.5)),
        "ratio": _ratio(median(ratios)),
        "ratio_low": _ratio(low),
        "ratio_high": _ratio(high),
        "ratios": tuple(map(_ratio, ratios)),
    }


def _figure(value: float) -> float:
    """A tenth of a nanosecond is finer than any board's clock."""
    return round(value, 1)


def _ratio(value: float) -> float:
    return float(f"{value:.4g}")
