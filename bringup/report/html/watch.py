"""A series of looks as a page: a plot of what grew most, and a table of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bringup.compare.watching import judge_again
from bringup.document import write_document
from bringup.report import units
from bringup.report.bounded import excerpt, shown
from bringup.report.html.charts import scale, spread
from bringup.report.html.shell import render_sheet
from bringup.report.watch import end_sentence, growth_rows, leak_sentence, rate_sentence, who
from bringup.results.watch import GrowthFacts, Look, Series

__all__ = ["render_watch"]

_WIDTH, _HEIGHT = 680, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 500.0, 20.0, 250.0
_CURVES, _ROWS, _POINTS = 6, 200, 500
_GAP = 14.0
_SENTENCE = 1000
_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@dataclass(frozen=True, slots=True)
class _Curve:
    """One process and exporter: its points as SVG's ``points`` wants them, and the label at its end."""

    style: str
    name: str
    line: str
    label_y: float


@dataclass(frozen=True, slots=True)
class _Plot:
    """Ticks are (position, label)."""

    curves: tuple[_Curve, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    across: str


def render_watch(series: Series) -> str:
    """The page as text; it is judged by today's rules."""
    leaks, end = judge_again(series)
    begin = shown(series.begin)
    context = {
        "begin": begin,
        "end": end,
        "outcome": end.outcome,
        "sentence": excerpt(end_sentence(end, begin), _SENTENCE),
        "leaks": [leak_sentence(shown(leak), begin) for leak in leaks[:_ROWS]],
        "rate": rate_sentence(begin),
        "rows": list(growth_rows(map(shown, end.growth[:_ROWS]))),
        "left_out": max(0, len(end.growth) - _ROWS),
        "plot": _plot(series, end.growth[:_CURVES]),
        "width": _WIDTH,
        "height": _HEIGHT,
        "parts": [("found", "Found"), ("plot", "Over time"), ("all", "Everything")],
    }
    return render_sheet("watch.html.j2", write_document([series.begin, *leaks, end]), context)


def _plot(series: Series, growth: Sequence[GrowthFacts]) -> _Plot | None:
    """What grew most; ``None``: there is nothing to draw."""
    looks = series.looks[:: max(1, -(-len(series.looks) // _POINTS))]
    if len(looks) < 2 or not growth:
        return None
    amounts = [[_amount(look, one) for look in looks] for one in growth]
    places = [float(look.round) if look.round is not None else look.at for look in looks]
    x_at = scale(places[0], places[-1], _LEFT, _RIGHT)
    step = _step(max(1, *(max(curve) for curve in amounts)))
    top = step * -(-max(1, *(max(curve) for curve in amounts)) // step)
    y_at = scale(0, top, _BOTTOM, _TOP)
    labels = spread([y_at(curve[-1]) for curve in amounts], _GAP, _TOP, _BOTTOM)
    curves = tuple(
        _Curve(
            f"c{number}",
            excerpt(f"{who(one.process, one.pid)} {one.exporter or ''}", 60),
            " ".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y in zip(places, curve, strict=True)),
            label_y,
        )
        for number, (one, curve, label_y) in enumerate(zip(growth, amounts, labels, strict=True))
    )
    middle = (places[0] + places[-1]) / 2
    across, unit = ("round", 1) if series.begin.rounds else _time_unit(places[-1])
    x_ticks = tuple((x_at(x), f"{x / unit:.3g}") for x in (places[0], middle, places[-1]))
    y_ticks = tuple((y_at(y), units.size(y)) for y in range(0, top + 1, step))
    return _Plot(curves, x_ticks, y_ticks, across)


def _step(most: int) -> int:
    """From one line of the grid to the next: the power of two of which four are enough."""
    return 1 << (max(1, -(-most // 4)) - 1).bit_length()


def _time_unit(seconds: float) -> tuple[str, int]:
    return next((name, unit) for name, unit in _UNITS if seconds >= 5 * unit or unit == 1)


def _amount(look: Look, one: GrowthFacts) -> int:
    if not one.process:
        return sum(share.pss for share in look.shares if share.exporter == one.exporter)
    return sum(
        share.bytes
        for share in look.shares
        if (share.process, share.pid, share.start, share.exporter) == (one.process, one.pid, one.start, one.exporter)
    )
