"""Timing-change chart: one row per operation and size; the x axis is the time now divided by the time before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from bringup.compare.timings import Timing
from bringup.report import units
from bringup.report.comparison.story import source_of
from bringup.report.html.charts import scale
from bringup.text import pluralize

__all__ = ["TIMING_CHART_WIDTH", "TimingChart", "TimingChartRow", "log_change", "timing_charts"]

#: The drawing's width in SVG units, and where its plot begins and ends; right of it are the figures.
TIMING_CHART_WIDTH = 340
_LEFT, _RIGHT, _TOP, _ROW = 94, 222, 40, 19
_ROWS, _NAMED = 24, 5
# How far the axis goes either way, as a factor, and the ticks on its way there.
_AXES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (1.25, (1.1,)), (1.5, (1.2,)), (2, (1.4,)), (3, ()), (5, ()), (10, (3,)), (20, ()), (50, ()),
    (100, (10,)), (1000, ()), (1e6, (1000,)),
)  # fmt: skip
_OPS = ("alloc", "free", "touch", "fill", "read", "copy", "sync_start", "sync_end")


class TimingChartRow(msgspec.Struct, frozen=True):
    """One operation at one size, in the chart's coordinates.

    :param before: where the noise band of the first run begins and how long it is; ``after``: that of the second.
    :param at: the second run's median. The first run's is 1.
    :param style: ``slower``, ``faster``, ``same``: no change was found; ``few``: too few passes to find one.
    """

    y: float
    label: str
    before: tuple[float, float]
    after: tuple[float, float]
    at: float
    style: str
    figures: str


class TimingChart(msgspec.Struct, frozen=True):
    """One chart.

    :param ticks: (position, label); ``grid``: positions between them that have none.
    :param unity: where 1 is.
    :param left_out: rows that it has no room for.
    """

    title: str
    summary: str
    rows: tuple[TimingChartRow, ...]
    ticks: tuple[tuple[float, str], ...]
    grid: tuple[float, ...]
    unity: float
    left_out: int
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP - 8

    @property
    def bottom(self) -> float:
        """Where the plot ends."""
        return _TOP + _ROW * len(self.rows)

    @property
    def height(self) -> float:
        """The drawing's height."""
        return self.bottom + 40


def log_change(timing: Timing) -> float:
    """How much it changed, up or down: the logarithm of the ratio; 0 where there is no ratio."""
    return abs(math.log(_ratio(timing))) if timing.before_p50 > 0 and timing.after_p50 > 0 else 0.0


def timing_charts(changed: Iterable[Timing], unchanged: Iterable[Timing], *, several: bool) -> list[TimingChart]:
    """A chart for each board and source that has a change, the largest slowdown first.

    :param several: more than one board was compared, so each chart names its board.
    """
    groups: dict[tuple[object, ...], list[tuple[Timing, bool]]] = {}
    for is_beyond_noise, timings in ((True, changed), (False, unchanged)):
        for timing in timings:
            if timing.before_p50 > 0 and timing.after_p50 > 0:
                groups.setdefault((timing.board, timing.source, timing.heap, timing.flags, timing.threads), []).append(
                    (timing, is_beyond_noise)
                )
    drawn = [group for group in groups.values() if any(is_beyond_noise for _, is_beyond_noise in group)]
    drawn.sort(key=lambda group: -max(_ratio(timing) for timing, is_beyond_noise in group if is_beyond_noise))
    return [_drawing(group, several=several) for group in drawn]


def _ratio(timing: Timing) -> float:
    return _bounded(timing.after_p50 / timing.before_p50)


def _bounded(ratio: float) -> float:
    """The ratio with a finite logarithm: a document may hold any numbers."""
    return min(max(ratio, 1e-9), 1e9)


def _drawing(group: list[tuple[Timing, bool]], *, several: bool) -> TimingChart:
    shown = sorted(group, key=lambda pair: (not pair[1], -log_change(pair[0])))[:_ROWS]
    shown.sort(key=lambda pair: (_place(pair[0].op), pair[0].size))
    reach = max(edge for timing, _ in shown for edge in _reach(timing))
    end, between = next((axis for axis in _AXES if reach <= axis[0]), _AXES[-1])
    log = scale(-math.log(end), math.log(end), _LEFT, _RIGHT)
    rows = tuple(_row(number, timing, is_beyond_noise, log) for number, (timing, is_beyond_noise) in enumerate(shown))
    ticks = tuple((log(math.log(factor)), _times(factor)) for factor in (1 / end, 1.0, end))
    grid = tuple(log(math.log(factor)) for tick in between for factor in (tick, 1 / tick))
    first = shown[0][0]
    threads = f", {first.threads} threads" if first.threads > 1 else ""
    title = f"{source_of(first)}{threads}{f' on {first.board}' if several else ''}"
    summary = _summary([timing for timing, is_beyond_noise in shown if is_beyond_noise])
    return TimingChart(title, summary, rows, ticks, grid, log(0.0), len(group) - len(shown))


def _times(factor: float) -> str:
    return f"{factor:,.2g}×" if factor < 1000 else f"{factor:,.0f}×"


def _place(op: str) -> tuple[int, str]:
    return (_OPS.index(op), "") if op in _OPS else (len(_OPS), op)


def _reach(timing: Timing) -> Iterable[float]:
    """How far from 1 the medians and bands of a row go, as factors above 1."""
    for value in (timing.before_low, timing.before_high, timing.after_low, timing.after_high, timing.after_p50):
        if value is not None and value > 0:
            yield max(value / timing.before_p50, timing.before_p50 / value)


def _row(number: int, timing: Timing, is_beyond_noise: bool, log: Callable[[float], float]) -> TimingChartRow:
    def at(value: float | None, other: float) -> float:
        return log(math.log(_bounded((other if value is None else value) / timing.before_p50)))

    was = at(timing.before_low, timing.before_p50), at(timing.before_high, timing.before_p50)
    now = at(timing.after_low, timing.after_p50), at(timing.after_high, timing.after_p50)
    return TimingChartRow(
        y=_TOP + _ROW * number + 6,
        label=f"{timing.op} {units.size(timing.size)}",
        before=(min(was), abs(was[1] - was[0])),
        after=(min(now), abs(now[1] - now[0])),
        at=at(timing.after_p50, timing.after_p50),
        style=("slower" if timing.slower else "faster") if is_beyond_noise else "same" if timing.decidable else "few",
        figures=f"{units.duration(timing.before_p50)} → {units.duration(timing.after_p50)}",
    )


def _summary(changed: Sequence[Timing]) -> str:
    """One sentence for those who do not see the drawing: each operation, the largest change first."""
    ops: dict[str, list[Timing]] = {}
    for timing in sorted(changed, key=log_change, reverse=True):
        ops.setdefault(timing.op, []).append(timing)
    parts = []
    for op, several in ops.items():
        sizes = dict.fromkeys(
            (units.size(min(timing.size for timing in several)), units.size(max(timing.size for timing in several)))
        )
        times = dict.fromkeys(
            f"{_ratio(timing):.2g}" for timing in (min(several, key=_ratio), max(several, key=_ratio))
        )
        parts.append(f"{op} of {' to '.join(sizes)} takes {' to '.join(times)} times as long")
    more = f"; {pluralize(len(parts) - _NAMED, 'more operation')} changed" if len(parts) > _NAMED else ""
    return f"{'; '.join(parts[:_NAMED])}{more}."
