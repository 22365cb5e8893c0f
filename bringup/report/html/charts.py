"""Geometry of a line chart: sizes across on a logarithmic scale, what was measured up. The template draws it as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bringup.report import units

__all__ = ["HEIGHT", "WIDTH", "Chart", "Curve", "Measured", "chart", "scale", "spread"]

#: The drawing's size in SVG units; one is about a CSS pixel on a phone.
WIDTH, HEIGHT = 340, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 314, 22, 190
_LABEL_GAP = 13.0
_MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurements of one source, drawn as one curve.

    :param key: the letter at its end and in the legend; ``style``: its CSS class.
    :param points: (size, value); ``bands``: (size, low, high), the noise band around each.
    """

    key: str
    name: str
    style: str
    points: tuple[tuple[int, float], ...]
    bands: tuple[tuple[int, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve in the drawing's coordinates; ``bands`` are (x, y of low, y of high)."""

    key: str
    name: str
    style: str
    points: tuple[tuple[float, float], ...]
    bands: tuple[tuple[float, float, float], ...]
    label_y: float

    @property
    def line(self) -> str:
        """The points as SVG's ``points`` wants them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. Ticks are (position, label)."""

    title: str
    summary: str
    across: str
    curves: tuple[Curve, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


def chart(title: str, summary: str, measured: Sequence[Measured], *, times: bool) -> Chart | None:
    """A chart of the curves; ``None`` where they have no points.

    :param times: values are nanoseconds, on a logarithmic axis; else 10^6 bytes a second, on a linear one from 0.
    """
    values = [value for curve in measured for _, value in curve.points]
    sizes = sorted({max(1, size) for curve in measured for size, _ in curve.points})
    if not values:
        return None
    x_at = scale(math.log(sizes[0]), math.log(sizes[-1]), _LEFT + 12, _RIGHT - 10)
    step = max(1, -(-len(sizes) // _MOST_TICKS))
    x_ticks = tuple((x_at(math.log(size)), units.size(size)) for size in sizes[::step])
    y_at, y_ticks = _logarithmic(values) if times else _linear(values)
    ends = spread([y_at(curve.points[-1][1]) for curve in measured], _LABEL_GAP, _TOP, _BOTTOM)
    curves = tuple(
        Curve(
            curve.key,
            curve.name,
            curve.style,
            tuple((x_at(math.log(max(1, size))), y_at(value)) for size, value in curve.points),
            tuple((x_at(math.log(max(1, size))), y_at(low), y_at(high)) for size, low, high in curve.bands),
            label_y,
        )
        for curve, label_y in zip(measured, ends, strict=True)
    )
    across = "buffer size; both axes are logarithmic" if times else "buffer size, logarithmic"
    return Chart(title, summary, across, curves, x_ticks, y_ticks)


def _logarithmic(values: Iterable[float]) -> tuple[Callable[[float], float], tuple[tuple[float, str], ...]]:
    """Decades that hold all times, at least one."""
    known = [max(1.0, min(value, 1e18)) for value in values]
    low = math.floor(math.log10(min(known)))
    high = max(low + 1, math.ceil(math.log10(max(known))))
    at = scale(low, high, _BOTTOM, _TOP)
    stride = max(1, -(-(high - low) // _MOST_TICKS))
    ticks = tuple((at(power), units.duration(10**power)) for power in range(low, high + 1, stride))
    return lambda value: at(math.log10(max(1.0, value))), ticks


def _linear(values: Iterable[float]) -> tuple[Callable[[float], float], tuple[tuple[float, str], ...]]:
    """From 0 to a round number above all values, in four to five steps."""
    top = max(*values, 1.0)
    magnitude = 10 ** math.floor(math.log10(top / 4))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if top / (factor * magnitude) <= 5)
    count = math.ceil(top / step)
    at = scale(0, count * step, _BOTTOM, _TOP)
    return at, tuple((at(number * step), units.rate(number * step) if number else "0") for number in range(count + 1))


def scale(start: float, end: float, first: float, last: float) -> Callable[[float], float]:
    """From values to places; a value outside is put at the edge."""
    if end <= start:
        return lambda _: (first + last) / 2
    return lambda value: first + min(max((value - start) / (end - start), 0.0), 1.0) * (last - first)


def spread(wanted: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Move labels until none covers another, keeping their order and within the drawing's edges."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    floor = top - gap
    for index in order:
        floor = placed[index] = max(wanted[index], floor + gap)
    ceiling = bottom + gap
    for index in reversed(order):
        ceiling = placed[index] = min(placed[index], ceiling - gap)
    return placed
