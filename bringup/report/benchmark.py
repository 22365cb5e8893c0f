"""The benchmark on a terminal: a table of times, a table of bandwidths, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bringup.report.units import duration, size
from bringup.results.noise import CONFIDENCE
from bringup.results.run import BoardRun
from bringup.results.timing import TimingFacts
from bringup.text import pluralize

__all__ = ["summary"]

_TIMES = ("alloc", "free", "touch")
_BANDWIDTHS = ("fill", "read", "copy")
_Row = tuple[str, int, int]


def summary(board: BoardRun) -> RenderableType:
    """What was measured on one board. What the board sent is text here, never markup."""
    if not board.timings:
        return Group(Text("nothing was measured"), *_untimed(board))
    by_row: dict[_Row, dict[str, TimingFacts]] = {}
    for timing in board.timings:
        by_row.setdefault((timing.label, timing.size, timing.threads), {})[timing.op] = timing
    rows = sorted(by_row, key=lambda row: (row[2], row[1]))
    return Group(_times(rows, by_row), Text(), _bandwidths(rows, by_row), Text(), *_notes(board), *_untimed(board))


def _grid(*heads: str) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for index, head in enumerate(heads):
        grid.add_column(head, justify="left" if index == 0 else "right", no_wrap=True)
    return grid


def _case(row: _Row, before: _Row | None) -> str:
    """``64 KiB``; empty where the row above has the same."""
    if before is not None and row[1:] == before[1:]:
        return ""
    return size(row[1]) + (f" × {row[2]}" if row[2] > 1 else "")


def _times(rows: Sequence[_Row], by_row: dict[_Row, dict[str, TimingFacts]]) -> Table:
    grid = _grid("size", "heap", "alloc", "±", "p95", "p99", "max", "free", "first touch", "sync")
    grid.columns[1].justify = "left"
    above: _Row | None = None
    for row in (row for row in rows if row[0] != "limit"):
        ops = by_row[row]
        alloc = ops.get("alloc")
        tail = [duration(round(time)) for time in (alloc.p95, alloc.p99, alloc.max)] if alloc else ["", "", ""]
        cells = [_time(ops.get(op)) for op in _TIMES]
        grid.add_row(_case(row, above), Text(row[0]), cells[0], _noise(alloc), *tail, *cells[1:], _sync(ops))
        above = row
    return grid


def _bandwidths(rows: Sequence[_Row], by_row: dict[_Row, dict[str, TimingFacts]]) -> Table:
    grid = _grid("size", "MB/s", *_BANDWIDTHS, "zeroing")
    grid.columns[1].justify = "left"
    above: _Row | None = None
    for row in rows:
        ops = by_row[row]
        if not any(op in ops for op in _BANDWIDTHS):
            continue
        zeroing = ops.get("memset" if row[0] == "limit" else "alloc")
        cells = [_speed(ops.get(op)) for op in _BANDWIDTHS]
        label = Text("this board's own memory", "dim") if row[0] == "limit" else Text(row[0])
        grid.add_row(_case(row, above), label, *cells, _speed(zeroing))
        above = row
    return grid


def _time(timing: TimingFacts | None) -> Text:
    return Text() if timing is None else Text.assemble(duration(round(timing.p50)), _times_limit(timing))


def _sync(ops: Mapping[str, TimingFacts]) -> Text:
    """Start and end together, and the ratio to two calls of an ioctl that does nothing."""
    start, end = ops.get("sync_start"), ops.get("sync_end")
    if start is None or end is None:
        return Text()
    took = Text(duration(round(start.p50 + end.p50)))
    if start.limit_p50 and end.limit_p50:
        took.append(f" {_times_text((start.p50 + end.p50) / (start.limit_p50 + end.limit_p50)):>5}", "dim")
    return took


def _times_text(ratio: float) -> str:
    return f"{ratio:,.0f}×" if ratio >= 10 else f"{ratio:.1f}×" if ratio >= 1 else f"{ratio:.2f}×"


def _speed(timing: TimingFacts | None) -> Text:
    if timing is None or timing.mb_per_s is None:
        return Text()
    return Text.assemble(f"{timing.mb_per_s:,.0f}", _times_limit(timing) if timing.source != "limit" else ("", ""))


def _times_limit(timing: TimingFacts) -> tuple[str, str]:
    """The ratio to the limit; dim where its noise band includes 1."""
    if timing.ratio is None or timing.ratio_low is None or timing.ratio_high is None:
        return "", ""
    style = "dim" if timing.ratio_low <= 1 <= timing.ratio_high else "yellow" if timing.ratio > 1 else "green"
    return f" {_times_text(timing.ratio):>5}", style


def _noise(timing: TimingFacts | None) -> str:
    """Half the noise band as a share of the median."""
    if timing is None or not timing.p50 or timing.passes < 2:
        return ""
    share = (timing.high - timing.low) / 2 / timing.p50
    return f"{share:.0%}" if share < 1 else ">100%"


def _notes(board: BoardRun) -> Iterator[Text]:
    timings = board.timings
    passes, samples = max(timing.passes for timing in timings), max(timing.samples for timing in timings)
    confidence = max(timing.confidence for timing in timings)
    yield Text(
        f"Times are medians of up to {pluralize(samples, 'sample')} in {pluralize(passes, 'pass')}. "
        "×: times what this board itself takes, in the same turns"
        " (alloc: create a file and zero memory; free: close it; sync: an ioctl that does nothing).",
        "dim",
    )
    enough = "" if confidence >= CONFIDENCE else f", which is less than {CONFIDENCE:.0%}: take more passes"
    yield Text(f"±: half the noise band of the passes' median, which it holds with {confidence:.1%}{enough}.", "dim")
    loops = [timing for timing in timings if timing.overhead is not None]
    if loops:
        worst = max(loops, key=lambda timing: timing.overhead or 0.0)
        over = sum((timing.overhead or 0.0) > 0.02 for timing in loops)
        what = f"{worst.label} {worst.op}, {size(worst.size)}"
        yield Text(
            f"The timing loop takes at most {worst.overhead:.1%} of what it measures ({what})"
            + (f"; more than 2 % in {over} of {len(loops)}." if over else "."),
            "dim",
        )


def _untimed(board: BoardRun) -> Iterable[Text]:
    seen: dict[tuple[str, str], list[str]] = {}
    for untimed in board.untimed:
        name = untimed.name or "everything"
        case = size(untimed.size) + ("" if untimed.threads == 1 else f" × {untimed.threads or 'all CPUs'}")
        seen.setdefault((name, untimed.why), []).append(case)
    for (name, why), cases in seen.items():
        yield Text(f"not measured: {name}, {', '.join(dict.fromkeys(cases))}: {why}")
