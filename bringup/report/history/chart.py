"""Geometry of a timing over runs: runs across, the median and its noise band up."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bringup.compare.history import TimingHistory
from bringup.report import units
from bringup.report.html.charts import scale

__all__ = ["HEIGHT", "WIDTH", "TimingOverRuns", "timing_over_runs"]

#: The drawing's size in SVG units.
WIDTH, HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 330, 24, 150
_TICKS = 4
# A document may hold any number; a logarithm wants one above 0.
_LEAST, _MOST = 1e-3, 1e18


@dataclass(frozen=True, slots=True)
class TimingOverRuns:
    """One drawing.

    :param points: (x, y of the median, y of the band's low end, y of its high end), one per run that has the timing.
    :param ticks: (y, label).
    """

    title: str
    summary: str
    points: tuple[tuple[float, float, float, float], ...]
    ticks: tuple[tuple[float, str], ...]
    left: float = _LEFT
    right: float = _RIGHT
    bottom: float = _BOTTOM

    @property
    def line(self) -> str:
        """The medians as SVG's ``points`` wants them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in self.points)


def timing_over_runs(timing: TimingHistory, runs: int) -> TimingOverRuns:
    """Draw one timing.

    :param runs: how many runs the board has.
    """
    values = [_bounded(value) for point in timing.points for value in (point.low, point.p50, point.high)]
    # At least 20 % of room, so that a steady timing looks steady.
    low, high = min(values) / 1.1, max(values) * 1.1
    x_at = scale(0, max(1, runs - 1), _LEFT + 8, _RIGHT - 8)
    log = scale(math.log(low), math.log(high), _BOTTOM, _TOP)

    def y_at(value: float) -> float:
        return log(math.log(_bounded(value)))

    ticks = [low * (high / low) ** (number / (_TICKS - 1)) for number in range(_TICKS)]
    threads = f" × {timing.threads} threads" if timing.threads > 1 else ""
    first, last = timing.points[0], timing.points[-1]
    return TimingOverRuns(
        title=f"{timing.source}, {units.size(timing.size)}{threads}: {timing.op}",
        summary=f"Median {units.duration(first.p50)} in the first run, {units.duration(last.p50)} in the last.",
        points=tuple((x_at(point.run), y_at(point.p50), y_at(point.low), y_at(point.high)) for point in timing.points),
        ticks=tuple((y_at(value), units.duration(value)) for value in ticks),
    )


def _bounded(value: float) -> float:
    return min(max(value, _LEAST), _MOST)
