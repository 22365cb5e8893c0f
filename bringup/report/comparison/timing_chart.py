"""Timings before and now as a drawing: a row an operation and size, across it the time as a multiple of before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from bringup.compare.runs import Timing
from bringup.report import units
from bringup.report.comparison.story import source_of
from bringup.report.html.charts import scale
from bringup.text import pluralize

__all__ = ["MOVED_WIDTH", "Moved", "MovedRow", "moved", "moved_by"]

#: The drawing's width in SVG units, and where its plot begins and ends; right of it are the figures.
MOVED_WIDTH = 340
_LEFT, _RIGHT, _TOP, _ROW = 94, 222, 40, 19
_ROWS, _TOLD = 24, 5
# How far the axis goes either way, as a factor, and the ticks on its way there.
_AXES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (1.25, (1.1,)), (1.5, (1.2,)), (2, (1.4,)), (3, ()), (5, ()), (10, (3,)), (20, ()), (50, ()),
    (100, (10,)), (1000, ()), (1e6, (1000,)),
)  # fmt: skip
_OPS = ("alloc", "free", "touch", "fill", "read", "copy", "sync_start", "sync_end")


class MovedRow(msgspec.Struct, frozen=True):
    """One operation at one size, in the drawing's coordinates.

    :param before: where the noise band of the first run begins and how long it is; ``after``: that of the second.
    :param at: the second run's median. The first run's is 1.
    :param style: ``slower``, ``faster``, ``same``: no change is told; ``few``: of too few passes for any to be told.
    """

    y: float
    label: str
    before: tuple[float, float]
    after: tuple[float, float]
    at: float
    style: str
    figures: str


class Moved(msgspec.Struct, frozen=True):
    """One drawing.

    :param ticks: (position, label); ``grid``: positions between them that have none. ``one``: where 1 is.
    :param left_out: rows that it has no room for.
    """

    title: str
    summary: str
    rows: tuple[MovedRow, ...]
    ticks: tuple[tuple[float, str], ...]
    grid: tuple[float, ...]
    one: float
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


def moved_by(one: Timing) -> float:
    """How far it moved, up or down: the logarithm of the ratio; 0 where there is none."""
    return abs(math.log(_ratio(one))) if one.before_p50 > 0 and one.after_p50 > 0 else 0.0


def moved(changed: Iterable[Timing], unchanged: Iterable[Timing], *, several: bool) -> list[Moved]:
    """A drawing for each board and source that has a change, the one with the largest slowdown first.

    :param several: more than one board was compared, so each drawing names its own.
    """
    groups: dict[tuple[object, ...], list[tuple[Timing, bool]]] = {}
    for beyond, timings in ((True, changed), (False, unchanged)):
        for one in timings:
            if one.before_p50 > 0 and one.after_p50 > 0:
                groups.setdefault((one.board, one.source, one.heap, one.flags, one.threads), []).append((one, beyond))
    drawn = [group for group in groups.values() if any(beyond for _, beyond in group)]
    drawn.sort(key=lambda group: -max(_ratio(one) for one, beyond in group if beyond))
    return [_drawing(group, several=several) for group in drawn]


def _ratio(one: Timing) -> float:
    return _bounded(one.after_p50 / one.before_p50)


def _bounded(ratio: float) -> float:
    """A document may hold any numbers: the logarithm of this one is finite."""
    return min(max(ratio, 1e-9), 1e9)


def _drawing(group: list[tuple[Timing, bool]], *, several: bool) -> Moved:
    shown = sorted(group, key=lambda pair: (not pair[1], -moved_by(pair[0])))[:_ROWS]
    shown.sort(key=lambda pair: (_place(pair[0].op), pair[0].size))
    reach = max(edge for one, _ in shown for edge in _reach(one))
    end, between = next((axis for axis in _AXES if reach <= axis[0]), _AXES[-1])
    log = scale(-math.log(end), math.log(end), _LEFT, _RIGHT)
    rows = tuple(_row(number, one, beyond, log) for number, (one, beyond) in enumerate(shown))
    ticks = tuple((log(math.log(factor)), _times(factor)) for factor in (1 / end, 1.0, end))
    grid = tuple(log(math.log(factor)) for one in between for factor in (one, 1 / one))
    first = shown[0][0]
    threads = f", {first.threads} threads" if first.threads > 1 else ""
    title = f"{source_of(first)}{threads}{f' on {first.board}' if several else ''}"
    told = _told([one for one, beyond in shown if beyond])
    return Moved(title, told, rows, ticks, grid, log(0.0), len(group) - len(shown))


def _times(factor: float) -> str:
    return f"{factor:,.2g}×" if factor < 1000 else f"{factor:,.0f}×"


def _place(op: str) -> tuple[int, str]:
    return (_OPS.index(op), "") if op in _OPS else (len(_OPS), op)


def _reach(one: Timing) -> Iterable[float]:
    """How far from 1 the medians and bands of a row go, as factors above 1."""
    for value in (one.before_low, one.before_high, one.after_low, one.after_high, one.after_p50):
        if value is not None and value > 0:
            yield max(value / one.before_p50, one.before_p50 / value)


def _row(number: int, one: Timing, beyond: bool, log: Callable[[float], float]) -> MovedRow:
    def at(value: float | None, other: float) -> float:
        return log(math.log(_bounded((other if value is None else value) / one.before_p50)))

    was = at(one.before_low, one.before_p50), at(one.before_high, one.before_p50)
    now = at(one.after_low, one.after_p50), at(one.after_high, one.after_p50)
    return MovedRow(
        y=_TOP + _ROW * number + 6,
        label=f"{one.op} {units.size(one.size)}",
        before=(min(was), abs(was[1] - was[0])),
        after=(min(now), abs(now[1] - now[0])),
        at=at(one.after_p50, one.after_p50),
        style=("slower" if one.slower else "faster") if beyond else "same" if one.decidable else "few",
        figures=f"{units.duration(one.before_p50)} → {units.duration(one.after_p50)}",
    )


def _told(changed: Sequence[Timing]) -> str:
    """One sentence for those who do not see the drawing: each operation, the one that moved most first."""
    ops: dict[str, list[Timing]] = {}
    for one in sorted(changed, key=moved_by, reverse=True):
        ops.setdefault(one.op, []).append(one)
    parts = []
    for op, several in ops.items():
        sizes = dict.fromkeys(
            (units.size(min(one.size for one in several)), units.size(max(one.size for one in several)))
        )
        times = dict.fromkeys(f"{_ratio(one):.2g}" for one in (min(several, key=_ratio), max(several, key=_ratio)))
        parts.append(f"{op} of {' to '.join(sizes)} takes {' to '.join(times)} times as long")
    more = f"; {pluralize(len(parts) - _TOLD, 'more operation')} changed" if len(parts) > _TOLD else ""
    return f"{'; '.join(parts[:_TOLD])}{more}."
