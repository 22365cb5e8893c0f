"""Who holds the buffers, as a picture: a rectangle per process and exporter, as large as its bytes are many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bringup.report import units
from bringup.report.holders import heap_library_line, process_name, share_name, unseen_holders
from bringup.results.holders import HoldersFacts, HoldingProcess, UnheldBuffer
from bringup.results.run import BoardRun
from bringup.text import pluralize

__all__ = ["TREE_HEIGHT", "TREE_WIDTH", "HoldersView", "Leaf", "Tile", "holders_view", "squarified"]

TREE_WIDTH, TREE_HEIGHT = 680.0, 320.0
_MOST_TILES, _MOST_LEAVES, _MOST_ROWS, _COLORS = 40, 24, 40, 6
#: A label needs so much room.
_LABEL_WIDTH, _LABEL_HEIGHT, _CHARACTER = 44.0, 16.0, 6.4
_OTHERS = "\0others"
Box = tuple[float, float, float, float]
#: Bytes, exporter, and what it is called.
Kind = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Leaf:
    """The buffers of one exporter and name in a tile: x, y, width, height.

    :param style: its CSS class.
    """

    box: Box
    style: str
    title: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A process, or what no process holds.

    :param label: what fits into it; may be empty.
    """

    box: Box
    label: str
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class HoldersView:
    """The picture, and the table below it.

    :param colors: the CSS class and the name of each exporter that has a colour of its own.
    :param left_out: how many processes are not in the table.
    :param unheld: buffers that no process holds that was looked at: what they are called, how many, bytes, exporters.
    """

    facts: HoldersFacts
    tiles: tuple[Tile, ...]
    colors: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, HoldingProcess], ...]
    left_out: int
    unheld: tuple[str, int, int, tuple[str, ...]] | None
    summary: str
    heap_libraries: tuple[str, ...] = ()


def holders_view(board: BoardRun) -> HoldersView | None:
    """What the page shows; ``None``: nobody looked, or there was nothing to see."""
    facts = board.holders
    if facts is None or not (facts.buffers or facts.processes):
        return None
    styles = _styles(facts)
    rows = tuple((process_name(process), process) for process in facts.processes)
    holding = pluralize(sum(bool(process.buffers) for process in facts.processes), "process")
    return HoldersView(
        facts,
        _tiles(facts, styles),
        tuple((style, kind or "exporter unknown") for kind, style in styles.items()),
        rows[:_MOST_ROWS],
        max(0, len(rows) - _MOST_ROWS),
        _unheld(facts),
        f"{pluralize(facts.buffers, 'buffer')}, {units.size(facts.bytes)}; held by {holding}.",
        tuple(map(heap_library_line, facts.heap_libraries)),
    )


def _unheld(facts: HoldersFacts) -> tuple[str, int, int, tuple[str, ...]] | None:
    label, unheld = unseen_holders(facts)
    exporters = tuple(dict.fromkeys(buffer.exporter or "unknown" for buffer in unheld))
    return (label, len(unheld), sum(buffer.size or 0 for buffer in unheld), exporters) if unheld else None


def _styles(facts: HoldersFacts) -> dict[str, str]:
    """A colour for each of the exporters with most bytes."""
    sizes: dict[str, int] = defaultdict(int)
    for process in facts.processes:
        for share in process.shares:
            sizes[share.exporter or ""] += share.pss
    for buffer in unseen_holders(facts)[1]:
        sizes[buffer.exporter or ""] += buffer.size or 0
    largest = sorted(sizes, key=lambda exporter: (-sizes[exporter], exporter))
    return {exporter: f"c{number}" for number, exporter in enumerate(largest[:_COLORS])}


def _tiles(facts: HoldersFacts, styles: dict[str, str]) -> tuple[Tile, ...]:
    """The largest processes and what nobody holds; the rest is one tile."""
    parts = [(process_name(process), _kinds(process)) for process in facts.processes if process.pss]
    label, unheld = unseen_holders(facts)
    if unheld:
        parts.append((label, _unheld_kinds(unheld)))
    parts.sort(key=lambda part: -_size(part[1]))
    if rest := sum(_size(kinds) for _, kinds in parts[_MOST_TILES:]):
        parts = [*parts[:_MOST_TILES], ("others", [(rest, _OTHERS, "all others")])]
    boxes = squarified([_size(kinds) for _, kinds in parts], (0.0, 0.0, TREE_WIDTH, TREE_HEIGHT))
    return tuple(_tile(name, kinds, box, styles) for (name, kinds), box in zip(parts, boxes, strict=True))


def _size(kinds: Sequence[Kind]) -> int:
    return sum(size for size, _, _ in kinds)


def _kinds(process: HoldingProcess) -> list[Kind]:
    return [(share.pss, share.exporter or "", share_name(share.exporter, share.name)) for share in process.shares]


def _unheld_kinds(buffers: Sequence[UnheldBuffer]) -> list[Kind]:
    sizes: dict[tuple[str, str], int] = defaultdict(int)
    for buffer in buffers:
        sizes[buffer.exporter or "", share_name(buffer.exporter, buffer.name)] += buffer.size or 0
    return [(size, exporter, name) for (exporter, name), size in sorted(sizes.items(), key=lambda kind: -kind[1])]


def _tile(name: str, kinds: list[Kind], box: Box, styles: dict[str, str]) -> Tile:
    shown = kinds[:_MOST_LEAVES]
    if over := _size(kinds[_MOST_LEAVES:]):
        shown = [*shown, (over, _OTHERS, "all others")]
    leaves = tuple(
        Leaf(inner, styles.get(exporter, "limit"), f"{name}: {label}, {units.size(size)}")
        for (size, exporter, label), inner in zip(shown, squarified([kind[0] for kind in shown], box), strict=True)
    )
    _, _, width, height = box
    room = int((width - 8) / _CHARACTER)
    label = name if len(name) <= room else f"{name[: room - 1]}…"
    return Tile(box, label if width >= _LABEL_WIDTH and height >= _LABEL_HEIGHT else "", leaves)


def squarified(sizes: Sequence[int], box: Box) -> list[Box]:
    """A rectangle in ``box`` for each of these sizes, in their order, each as near to a square as can be.

    Rows are filled along the shorter side for as long as that makes them no flatter (Bruls, Huizing, van Wijk,
    "Squarified Treemaps", 2000). The areas are in the ratio of the sizes and fill the box.
    """
    boxes: list[Box] = []
    x, y, width, height = box
    total = sum(sizes)
    while len(boxes) < len(sizes) and total:
        side = min(width, height)
        row = _row(sizes[len(boxes) :], total, side, width * height)
        thick = max(width, height) * sum(row) / total
        at = 0.0
        for size in row:
            long = side * size / sum(row) if sum(row) else 0.0
            boxes.append((x, y + at, thick, long) if height <= width else (x + at, y, long, thick))
            at += long
        if height <= width:
            x, width = x + thick, max(0.0, width - thick)
        else:
            y, height = y + thick, max(0.0, height - thick)
        total -= sum(row)
    return boxes + [(x, y, 0.0, 0.0)] * (len(sizes) - len(boxes))


def _row(sizes: Sequence[int], total: int, side: float, area: float) -> Sequence[int]:
    """The first sizes that make a row: one more would make it flatter."""
    count = 1
    flattest = _flattest(sizes[:1], total, side, area)
    while count < len(sizes) and (more := _flattest(sizes[: count + 1], total, side, area)) <= flattest:
        flattest = more
        count += 1
    return sizes[:count]


def _flattest(row: Sequence[int], total: int, side: float, area: float) -> float:
    """The worst ratio of sides in a row."""
    thick = area * sum(row) / total / side if side else 0.0
    lengths = [side * size / sum(row) if sum(row) else 0.0 for size in row]
    return max(max(thick / long, long / thick) if long and thick else float("inf") for long in lengths)
