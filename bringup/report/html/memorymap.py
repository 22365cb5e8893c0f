"""Geometry of the memory map, which the template draws as SVG: all banks of RAM to one scale.

As data sheets draw it: low addresses at the bottom. Between banks is a break, because there is no memory there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bringup.report import units
from bringup.report.html.charts import spread
from bringup.results.memory import SET_ASIDE, MemoryRegion, RegionKind, Unplaced
from bringup.results.run import BoardRun
from bringup.text import pluralize

__all__ = ["MAP_WIDTH", "Area", "Bank", "Mark", "MemoryView", "memory_view"]

MAP_WIDTH = 340
_TOP, _TALL, _BREAK = 14.0, 400.0, 16.0
_LABEL_GAP = 30.0
_EDGE_GAP = 11.0
_FIRST_LABEL, _LAST_LABEL = 10.0, 6.0
_MOST_BANKS, _MOST_LABELS, _MOST_MARKS = 12, 13, 8
_LEAST, _LEAST_MARK = 1.0, 3.0
_FOUR_GIB = 1 << 32
_NAMED = (*SET_ASIDE, RegionKind.KERNEL)


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank of RAM: its rectangle, and the addresses at its lower and upper edge.

    :param begin_y: where the lower address is written: below the edge where the bank is too low for both.
    """

    y: float
    height: float
    begin: str
    end: str
    begin_y: float


@dataclass(frozen=True, slots=True)
class Area:
    """A region's rectangle.

    :param style: its CSS class.
    :param label_y: where its name is drawn; ``None``: there is no room for it.
    """

    region: MemoryRegion
    style: str
    y: float
    height: float
    label_y: float | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where pages of a heap's buffers were seen."""

    heap: str
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class MemoryView:
    """The map and the table beside it.

    :param scale: bytes per unit of the drawing.
    :param four_gib: where the 4 GiB line is, if it runs through RAM.
    :param regions: named regions, ascending.
    """

    height: float
    banks: tuple[Bank, ...]
    areas: tuple[Area, ...]
    marks: tuple[Mark, ...]
    four_gib: float | None
    scale: str
    summary: str
    regions: tuple[MemoryRegion, ...]
    unplaced: tuple[Unplaced, ...]
    heaps: dict[str, str]


def memory_view(board: BoardRun) -> MemoryView | None:
    """The memory map of a board; ``None`` where nothing is known of its memory."""
    memory = board.memory
    if memory is None:
        return None
    named = tuple(region for region in memory.regions if region.kind in _NAMED)
    if not (memory.ram or named or memory.unplaced):
        return None
    ram = tuple((begin, end) for begin, end in memory.ram if end > begin)[:_MOST_BANKS]
    scale = _Scale(ram)
    heaps = {region.name: heap for region in named if (heap := _heap_on(region.name, board))}
    areas = _areas(memory.regions, scale) if ram else ()
    return MemoryView(
        height=scale.height,
        banks=scale.banks,
        areas=areas,
        marks=_marks(board, scale) if ram else (),
        four_gib=scale.y(_FOUR_GIB) if any(begin < _FOUR_GIB < end for begin, end in ram) else None,
        scale=units.size(round(scale.bytes_per_unit)) if ram else "",
        summary=_summary(ram, named),
        regions=named,
        unplaced=memory.unplaced,
        heaps=heaps,
    )


def _heap_on(region: str, board: BoardRun) -> str | None:
    """The heap that allocates from a region: since 6.19 it has the region's name, with or without its unit address."""
    names = {heap.name for heap in board.heaps if heap.present}
    return next((name for name in (region, region.partition("@")[0]) if name in names), None)


class _Scale:
    """From addresses to the drawing. Banks are stacked upwards, each as high as it is large."""

    def __init__(self, ram: tuple[tuple[int, int], ...]) -> None:
        whole = sum(end - begin for begin, end in ram) or 1
        self.bytes_per_unit = whole / _TALL
        self._banks: list[tuple[int, int, float, float]] = []
        tall = [(end - begin) / self.bytes_per_unit for begin, end in ram]
        self._begin_gaps = [max(0.0, _EDGE_GAP - height) for height in tall]
        bottom = _TOP + _TALL + _BREAK * max(0, len(ram) - 1) + sum(self._begin_gaps)
        self.height = bottom + 14
        for (begin, end), height, gap in zip(ram, tall, self._begin_gaps, strict=True):
            bottom -= gap
            self._banks.append((begin, end, bottom - height, bottom))
            bottom -= height + _BREAK

    @property
    def banks(self) -> tuple[Bank, ...]:
        """Their rectangles, ascending by address."""
        return tuple(
            Bank(top, bottom - top, units.address(begin), units.address(end), bottom + gap)
            for (begin, end, top, bottom), gap in zip(self._banks, self._begin_gaps, strict=True)
        )

    def y(self, place: int) -> float | None:
        """Where an address lies; ``None``: not in RAM. The end of a bank is in it."""
        for begin, end, _, bottom in self._banks:
            if begin <= place <= end:
                return bottom - (place - begin) / self.bytes_per_unit
        return None

    def parts(self, begin: int, end: int) -> Iterable[tuple[float, float]]:
        """(top, height) of a range, for each bank that it reaches into."""
        for low, high, _, bottom in self._banks:
            first, last = max(low, begin), min(high, end)
            if first < last:
                yield bottom - (last - low) / self.bytes_per_unit, (last - first) / self.bytes_per_unit


def _areas(regions: Iterable[MemoryRegion], scale: _Scale) -> tuple[Area, ...]:
    """Rectangles, those reserved while booting at the back; labels for the largest named regions."""
    drawn = [
        (region, top, height)
        for region in sorted(regions, key=lambda region: region.kind is not RegionKind.BOOT)
        for top, height in scale.parts(region.begin, region.end)
    ]
    named = [index for index, (region, _, _) in enumerate(drawn) if region.kind in _NAMED]
    named = sorted(named, key=lambda index: -drawn[index][2])[:_MOST_LABELS]
    wanted = [drawn[index][1] + drawn[index][2] / 2 for index in named]
    label = dict(
        zip(named, spread(wanted, _LABEL_GAP, _FIRST_LABEL, scale.height - _LAST_LABEL - _LABEL_GAP), strict=True)
    )
    return tuple(
        Area(region, f"r-{region.kind.value}", top, max(_LEAST, height), label.get(index))
        for index, (region, top, height) in enumerate(drawn)
    )


def _marks(board: BoardRun, scale: _Scale) -> tuple[Mark, ...]:
    """Where pages were seen, heap by heap; marks that would cover each other are drawn once."""
    marks = []
    for heap in board.heaps:
        spots = {
            (round(top + min(0.0, height - _LEAST_MARK), 1), round(max(_LEAST_MARK, height), 1))
            for pages in heap.pages
            for begin, size in pages.extents
            for top, height in scale.parts(begin, begin + size)
        }
        if spots:
            marks.append(Mark(heap.name, tuple(sorted(spots))))
    return tuple(marks[:_MOST_MARKS])


def _summary(ram: tuple[tuple[int, int], ...], named: tuple[MemoryRegion, ...]) -> str:
    whole = sum(end - begin for begin, end in ram)
    cma = sum(region.end - region.begin for region in named if region.kind is RegionKind.CMA)
    away = sum(region.end - region.begin for region in named if region.kind in (RegionKind.POOL, RegionKind.NO_MAP))
    parts = [f"{units.size(whole)} of RAM in {pluralize(len(ram), 'bank')}"] if ram else []
    parts += [f"{units.size(cma)} of it CMA"] if cma > 0 else []
    parts += [f"{units.size(away)} set aside"] if away > 0 else []
    return ", ".join(parts) + "." if parts else "It is unknown where memory lies."
