"""The live device tree's /reserved-memory, as a record holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bringup.allocator.answer import State
from bringup.facts.board import Facts
from bringup.record.load import FileEntry

__all__ = ["RESERVED_MEMORY", "ReservedMemory", "ReservedNode", "reserved_memory"]

RESERVED_MEMORY = "/sys/firmware/devicetree/base/reserved-memory"
_FLAGS = ("reusable", "no-map", "linux,cma-default")


@dataclass(frozen=True, slots=True)
class ReservedNode:
    """One node; numbers in bytes. What is ``None`` or empty is not in the node.

    :param regions: what ``reg`` reserves: (base, size).
    :param ranges: ``alloc-ranges``: (base, size).
    :param flags: those of reusable, no-map and linux,cma-default that are there.
    :param unread: properties that are there and could not be read or understood.
    """

    name: str
    compatible: tuple[str, ...] = ()
    regions: tuple[tuple[int, int], ...] = ()
    size: int | None = None
    alignment: int | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    flags: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReservedMemory:
    """The folder; ``cells`` are its #address-cells and #size-cells, which are those of the tree's root.

    Source: drivers/of/of_reserved_mem.c, __reserved_mem_check_root.
    """

    cells: tuple[int, int] | None = None
    nodes: dict[str, ReservedNode] = field(default_factory=dict)


def reserved_memory(facts: Facts) -> ReservedMemory | None:
    """What the board's device tree reserves; ``None``: that was not observed. Without a device tree: nothing."""
    glob = facts.record.globs.get(RESERVED_MEMORY)
    if glob is None or glob.state in (State.DENIED, State.FAILED) or glob.truncated:
        return None
    own: dict[str, FileEntry] = {}
    of_nodes: dict[str, dict[str, FileEntry]] = {}
    for entry in facts.record.files(RESERVED_MEMORY + "/"):
        match entry.path[len(RESERVED_MEMORY) + 1 :].split("/"):
            case [name]:
                own[name] = entry
            case [node, name]:
                of_nodes.setdefault(node, {})[name] = entry
    cells = (_cell(own.get("#address-cells")), _cell(own.get("#size-cells")))
    known = None if cells[0] is None or cells[1] is None else (cells[0], cells[1])
    return ReservedMemory(known, {name: _node(name, files, known) for name, files in sorted(of_nodes.items())})


def _bytes(entry: FileEntry | None) -> bytes | None:
    return entry.data() if entry is not None and entry.state is State.OK and not entry.truncated else None


def _cell(entry: FileEntry | None) -> int | None:
    data = _bytes(entry)
    return int.from_bytes(data, "big") if data is not None and len(data) == 4 and data[3] in (1, 2) else None


class _Reader:
    """Properties of one node, and which of them could not be understood."""

    def __init__(self, files: dict[str, FileEntry]) -> None:
        self._files = files
        self.unread = [name for name, entry in files.items() if entry.state is not State.OK or entry.truncated]

    def numbers(self, name: str, *cells: int) -> tuple[tuple[int, ...], ...]:
        """The property as groups of numbers of so many cells each."""
        data = _bytes(self._files.get(name))
        width = 4 * sum(cells)
        if data is None:
            return ()
        if width == 0 or not data or len(data) % width:
            self.unread.append(name)
            return ()
        groups = []
        for start in range(0, len(data), width):
            at, group = start, []
            for count in cells:
                group.append(int.from_bytes(data[at : at + 4 * count], "big"))
                at += 4 * count
            groups.append(tuple(group))
        return tuple(groups)


def _node(name: str, files: dict[str, FileEntry], cells: tuple[int, int] | None) -> ReservedNode:
    """Alignment has as many cells as an address has (of_reserved_mem.c, __reserved_mem_alloc_size)."""
    read = _Reader(files)
    address, length = cells or (0, 0)
    regions = read.numbers("reg", address, length)
    sizes = read.numbers("size", length)
    alignments = read.numbers("alignment", address)
    ranges = read.numbers("alloc-ranges", address, length)
    text = (_bytes(files.get("compatible")) or b"").decode("ascii", "replace")
    return ReservedNode(
        name=name,
        compatible=tuple(part for part in text.split("\0") if part),
        regions=tuple((base, size) for base, size in regions),
        size=sizes[0][0] if sizes else None,
        alignment=alignments[0][0] if alignments else None,
        ranges=tuple((base, size) for base, size in ranges),
        flags=tuple(flag for flag in _FLAGS if flag in files),
        unread=tuple(sorted(set(read.unread))),
    )
