"""Geometry of the page-contiguity histogram: a row per buffer, a column per run length, bars for shares of bytes."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.report import units
from bringup.results.pages import ExhaustionFacts, PageFacts
from bringup.results.run import BoardRun
from bringup.text import pluralize

__all__ = ["Bar", "BufferRow", "PagesView", "pages_view"]

_LEFT, _RIGHT = 112.0, 336.0
_ROW, _TALL, _TOP = 40.0, 26.0, 8.0
_MOST_ROWS, _MOST_TICKS = 16, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a row: its rectangle, and its text."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class BufferRow:
    """One buffer: its heap, its size, the row's base line, its bars and a sentence."""

    heap: str
    size: str
    base: float
    bars: tuple[Bar, ...]
    summary: str
    facts: PageFacts


@dataclass(frozen=True, slots=True)
class PagesView:
    """The histogram, and how much each heap could give. Ticks are (position, label)."""

    rows: tuple[BufferRow, ...]
    ticks: tuple[tuple[float, str], ...]
    left: float
    right: float
    height: float
    left_out: int
    exhausted: tuple[tuple[str, ExhaustionFacts], ...]


def pages_view(board: BoardRun) -> PagesView | None:
    """What the page shows of where pages lie; ``None`` where nothing was traced or exhausted."""
    heaps = (*board.heaps, *board.ion_heaps)
    traced = [(heap.name, pages) for heap in heaps for pages in heap.pages if _bins(pages)]
    exhausted = tuple((heap.name, heap.exhaustion) for heap in heaps if heap.exhaustion)
    if not (traced or exhausted):
        return None
    shown = traced[:_MOST_ROWS]
    lengths = [length for _, pages in shown for length in _bins(pages)]
    low, high = min(lengths, default=0), max(lengths, default=0)
    width = (_RIGHT - _LEFT) / (high - low + 1)
    rows = tuple(_row(number, heap, pages, low, width) for number, (heap, pages) in enumerate(shown))
    stride = max(1, -(-(high - low + 1) // _MOST_TICKS))
    ticks = tuple((_LEFT + (length - low) * width, units.size(1 << length)) for length in range(low, high + 1, stride))
    height = _TOP + _ROW * len(rows) + 34
    return PagesView(rows, ticks if rows else (), _LEFT, _RIGHT, height, len(traced) - len(shown), exhausted)


def _bins(pages: PageFacts) -> dict[int, int]:
    """Bytes by the length of their run: exponent of the power of two not above it → bytes."""
    bins: dict[int, int] = {}
    for length, count in pages.runs:
        size = length * pages.page_size
        if size > 0 and count > 0:
            exponent = min(size.bit_length() - 1, 60)
            bins[exponent] = bins.get(exponent, 0) + size * count
    return bins


def _row(number: int, heap: str, pages: PageFacts, low: int, width: float) -> BufferRow:
    bins = _bins(pages)
    whole = sum(bins.values())
    base = _TOP + _ROW * number + _TALL
    bars = tuple(
        Bar(
            _LEFT + (length - low) * width + 1,
            base - _TALL * size / whole,
            max(1.0, width - 2),
            _TALL * size / whole,
            f"{size / whole:.0%} of the bytes in runs of {units.size(1 << length)} and more",
        )
        for length, size in sorted(bins.items())
    )
    return BufferRow(heap, units.size(pages.size), base, bars, _sentence(pages, bins, whole), pages)


def _sentence(pages: PageFacts, bins: dict[int, int], whole: int) -> str:
    """Contiguous, or the length of run in which at least half of the bytes lie."""
    runs = sum(count for _, count in pages.runs)
    if runs == 1:
        return "contiguous"
    half, seen = 0, 0
    for length in sorted(bins, reverse=True):
        half, seen = length, seen + bins[length]
        if seen * 2 >= whole:
            break
    return f"{pluralize(runs, 'run')}; half of it in runs of {units.size(1 << half)} or more"
