"""The benchmark as charts: how long an allocation takes, how fast its pages are, beside the board's limit and ION."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bringup.report import units
from bringup.report.html.charts import Chart, Measured, chart
from bringup.results.run import BoardRun
from bringup.results.timing import TimingFacts, UntimedFacts

__all__ = ["Legend", "TimingView", "timing_view"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COLOURS = 6
_ROWS = 160
_OPS = ("fill", "read", "copy", "touch")
_TITLES = {
    "alloc": "Allocating a buffer",
    "free": "Giving it back",
    "touch": "First touch of each page",
    "fill": "Filling it",
    "read": "Reading it",
    "copy": "Copying it",
}


@dataclass(frozen=True, slots=True)
class Legend:
    """The source that a letter in the charts means."""

    key: str
    name: str
    style: str


@dataclass(frozen=True, slots=True)
class TimingView:
    """What the page shows of the benchmark.

    :param rows: figures, those of one thread first; ``left_out``: how many there is no room for.
    :param untimed: what was to be timed and was not.
    :param limited: the grey line is the board's limit; else it is only memset of the same size.
    """

    limited: bool
    legend: tuple[Legend, ...]
    charts: tuple[Chart, ...]
    rows: tuple[TimingFacts, ...]
    left_out: int
    untimed: tuple[UntimedFacts, ...]


def timing_view(board: BoardRun) -> TimingView | None:
    """Charts of the figures of one thread; ``None`` where the run has no timings, nor reasons for having none."""
    timings = board.timings or tuple(_from_latency(board))
    if not (timings or board.untimed):
        return None
    alone = [timing for timing in timings if timing.threads == 1]
    legend = _legend(alone, "the limit of this board" if board.timings else "memset of the same size")
    charts = (
        *(_times(op, alone, legend) for op in ("alloc", "free")),
        *(_speeds(op, alone, legend) for op in _OPS),
    )
    rows = sorted(timings, key=lambda timing: timing.threads)
    drawn = tuple(chart for chart in charts if chart)
    left_out = max(0, len(rows) - _ROWS)
    return TimingView(bool(board.timings), tuple(legend.values()), drawn, tuple(rows[:_ROWS]), left_out, board.untimed)


def _from_latency(board: BoardRun) -> Iterable[TimingFacts]:
    """Figures of a run that has no benchmark: allocation latency of heaps and ION beside memset of the same size."""
    ion = (("ion", heap.name.removeprefix("ion/"), heap) for heap in board.ion_heaps)
    for source, name, heap in (*(("heap", heap.name, heap) for heap in board.heaps), *ion):
        for latency in heap.latency:
            for op, p50, p95 in (
                ("alloc", latency.alloc_p50, latency.alloc_p95),
                ("free", latency.free_p50, latency.free_p95),
            ):
                yield _timing(source, name, op, latency.size, latency.samples, p50, p95)
    seen: set[int] = set()
    for heap in board.heaps:
        for latency in heap.latency:
            if latency.size not in seen:
                seen.add(latency.size)
                yield _timing(
                    "limit", "", "memset", latency.size, latency.samples, latency.memset_p50, latency.memset_p95
                )


def _timing(source: str, name: str, op: str, size: int, samples: int, p50: int, p95: int) -> TimingFacts:
    median = float(p50)
    # ION's name already says whether its buffers are cached.
    flags = 1 if source == "ion" else 0
    return TimingFacts(source, name, flags, op, size, 1, samples, median, float(p95), 0, 0, (), median, median, 0)


def _legend(timings: Iterable[TimingFacts], beside: str) -> dict[tuple[str, str, int], Legend]:
    """A letter and a style for each source: heaps in colours, ION in the same, dashed; the limit is grey and last."""
    sources = dict.fromkeys((timing.source, timing.name, timing.flags) for timing in timings)
    labels = {(timing.source, timing.name, timing.flags): timing.label for timing in timings}
    order = {"heap": 0, "ion": 1}
    legend = {}
    for number, source in enumerate(sorted(sources, key=lambda source: order.get(source[0], 2))):
        limit = source[0] == "limit"
        key = "0" if limit else _LETTERS[number % len(_LETTERS)]
        style = "limit" if limit else f"c{number % _COLOURS}{' ion' if source[0] == 'ion' else ''}"
        legend[source] = Legend(key, beside if limit else labels[source], style)
    return legend


def _times(op: str, timings: list[TimingFacts], legend: Mapping[tuple[str, str, int], Legend]) -> Chart | None:
    own = [timing for timing in timings if timing.op == op and timing.source != "limit"]
    bounds = {(timing.size, timing.limit): timing.limit_p50 for timing in own if timing.limit and timing.limit_p50}
    curves = _curves(own, legend)
    against = next((limit for _, limit in bounds), None)
    limit = legend.get(next((source for source in legend if source[0] == "limit"), ("", "", 0)))
    points = {size: value for (size, named), value in bounds.items() if named == against and value}
    if not points:
        memset = {timing.size: timing.p50 for timing in timings if timing.source == "limit" and timing.op == "memset"}
        points, against = memset, "memset of the same size" if memset else None
    if own and points and limit:
        curves.append(Measured(limit.key, limit.name, limit.style, tuple(sorted(points.items()))))
    return chart(_TITLES[op], _summary(_TITLES[op], own, against), curves, times=True)


def _speeds(op: str, timings: list[TimingFacts], legend: Mapping[tuple[str, str, int], Legend]) -> Chart | None:
    fast = [timing for timing in timings if timing.op == op and timing.mb_per_s]
    own = [timing for timing in fast if timing.source != "limit"]
    if not own:
        return None
    best = max(own, key=lambda timing: timing.mb_per_s or 0)
    beside = (
        f", which takes {best.ratio:.2g} times as long as {best.limit} of own memory"
        if best.ratio and best.limit
        else ""
    )
    speed = f"{units.rate(best.mb_per_s or 0)} on {best.label} with {units.size(best.size)}"
    summary = f"{_TITLES[op]}: at best {speed}{beside}."
    return chart(_TITLES[op], summary, _curves(fast, legend, speeds=True), times=False)


def _curves(
    timings: Iterable[TimingFacts], legend: Mapping[tuple[str, str, int], Legend], *, speeds: bool = False
) -> list[Measured]:
    """One curve per source, in the legend's order."""
    found: dict[tuple[str, str, int], list[TimingFacts]] = {}
    for timing in timings:
        found.setdefault((timing.source, timing.name, timing.flags), []).append(timing)
    curves = []
    for source, entry in legend.items():
        several = sorted(found.get(source, ()), key=lambda timing: timing.size)
        if several:
            points = tuple((timing.size, (timing.mb_per_s or 0) if speeds else timing.p50) for timing in several)
            bands = (
                ()
                if speeds
                else tuple((timing.size, timing.low, timing.high) for timing in several if timing.high > timing.low)
            )
            curves.append(Measured(entry.key, entry.name, entry.style, points, bands))
    return curves


def _summary(title: str, own: list[TimingFacts], against: str | None) -> str:
    """One sentence for those who do not see the chart: the smallest and the largest size of each source."""
    parts = []
    for label in dict.fromkeys(timing.label for timing in own):
        several = sorted((timing for timing in own if timing.label == label), key=lambda timing: timing.size)
        ends = several[:1] if len(several) == 1 else [several[0], several[-1]]
        times = " and ".join(f"{units.duration(timing.p50)} for {units.size(timing.size)}" for timing in ends)
        parts.append(f"{label} {times}")
    limit = f" Limit: {against}." if against else ""
    return f"{title}, the median: {'; '.join(parts)}.{limit}"
