"""The latency plot's geometry: sizes across, time up, both logarithmic. The template draws it as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bringup.checks.run import HeapFacts, LatencyFacts
from bringup.report import units

__all__ = ["HEIGHT", "WIDTH", "Curve", "Plot", "plots"]

#: The drawing's size in SVG units; about one to a CSS pixel on a phone.
WIDTH, HEIGHT = 340, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 282, 22, 190
_LABEL_GAP = 14.0
_MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class Curve:
    """One measured thing over the sizes.

    :param name: stands at its right end; also its CSS class.
    :param points: p50, as (x, y); ``whiskers``: p50 to p95, as (x, y of p50, y of p95).
    :param label_y: where the name stands, moved apart from the others'.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    whiskers: tuple[tuple[float, float, float], ...]
    label_y: float

    @property
    def line(self) -> str:
        """The points as SVG's ``points`` wants them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Plot:
    """One heap's plot. Ticks are (position, label)."""

    heap: str
    summary: str
    rows: tuple[LatencyFacts, ...]
    curves: tuple[Curve, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


def plots(heaps: Iterable[HeapFacts]) -> tuple[Plot, ...]:
    """One plot for each heap that was measured, all with the same axes, so that they can be compared."""
    measured = [heap for heap in heaps if heap.latency]
    if not measured:
        return ()
    facts = [one for heap in measured for one in heap.latency]
    times = [time for one in facts for time in (one.alloc_p50, one.alloc_p95, one.free_p50, one.memset_p50)]
    low, high = _decades(times)
    sizes = sorted({max(1, one.size) for one in facts})
    x_at = _scale(math.log(sizes[0]), math.log(sizes[-1]), _LEFT + 14, _RIGHT - 10)
    y_at = _scale(low, high, _BOTTOM, _TOP)
    step = max(1, -(-len(sizes) // _MOST_TICKS))
    x_ticks = tuple((x_at(math.log(one)), units.size(one)) for one in sizes[::step])
    stride = max(1, -(-(high - low) // _MOST_TICKS))
    y_ticks = tuple((y_at(power), units.duration(10**power)) for power in range(low, high + 1, stride))
    return tuple(_plot(heap, x_at, y_at, x_ticks, y_ticks) for heap in measured)


def _plot(
    heap: HeapFacts,
    x_at: Callable[[float], float],
    y_at: Callable[[float], float],
    x_ticks: tuple[tuple[float, str], ...],
    y_ticks: tuple[tuple[float, str], ...],
) -> Plot:
    rows = tuple(sorted(heap.latency, key=lambda one: one.size))

    def at(one: LatencyFacts, time: int) -> tuple[float, float]:
        return x_at(math.log(max(1, one.size))), y_at(math.log10(max(1, time)))

    drawn = {
        "memset": [(at(one, one.memset_p50), at(one, one.memset_p95)[1]) for one in rows],
        "free": [(at(one, one.free_p50), at(one, one.free_p95)[1]) for one in rows],
        "alloc": [(at(one, one.alloc_p50), at(one, one.alloc_p95)[1]) for one in rows],
    }
    labels = dict(zip(drawn, _apart([points[-1][0][1] for points in drawn.values()]), strict=True))
    curves = tuple(
        Curve(
            name,
            tuple(point for point, _ in points),
            tuple((x, y, y95) for (x, y), y95 in points) if name == "alloc" else (),
            labels[name],
        )
        for name, points in drawn.items()
    )
    return Plot(heap.name, _summary(heap.name, rows), rows, curves, x_ticks, y_ticks)


def _summary(heap: str, rows: Sequence[LatencyFacts]) -> str:
    def one(row: LatencyFacts) -> str:
        beside = units.ratio(row.alloc_p50, row.memset_p50)
        compared = f", {beside} the {units.duration(row.memset_p50)} of a memset of that size" if beside else ""
        return f"{units.size(row.size)} takes {units.duration(row.alloc_p50)} at the median{compared}"

    ends = [rows[0], rows[-1]] if len(rows) > 1 else [rows[0]]
    return f"Allocating from {heap}: {'; '.join(one(row) for row in ends)}."


def _decades(times: Iterable[int]) -> tuple[int, int]:
    """The powers of ten that hold all times, in nanoseconds; at least one decade."""
    known = [max(1, time) for time in times]
    low = math.floor(math.log10(min(known)))
    return low, max(low + 1, math.ceil(math.log10(max(known))))


def _scale(start: float, end: float, first: float, last: float) -> Callable[[float], float]:
    if end <= start:
        return lambda _: (first + last) / 2
    return lambda value: first + min(max((value - start) / (end - start), 0.0), 1.0) * (last - first)


def _apart(wanted: Sequence[float]) -> list[float]:
    """Move labels apart until none covers another, keeping their order and the drawing's edges."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    floor = _TOP - _LABEL_GAP
    for index in order:
        floor = placed[index] = max(wanted[index], floor + _LABEL_GAP)
    ceiling = _BOTTOM + _LABEL_GAP
    for index in reversed(order):
        ceiling = placed[index] = min(placed[index], ceiling - _LABEL_GAP)
    return placed
