"""The live device tree's /reserved-memory, as a record holds it: the one reader of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bringup.allocator.answer import State
from bringup.facts.board import Facts
from bringup.record.load import FileEntry

__all__ = [
    "RESERVED_MEMORY",
    "ReservedMemory",
    "ReservedNode",
    "observed_nodes",
    "reserved_memory",
    "reserved_nodes",
    "root_cells",
]

_ROOT = "/sys/firmware/devicetree/base"
RESERVED_MEMORY = f"{_ROOT}/reserved-memory"
_POOL = "shared-dma-pool"
_FLAGS = ("reusable", "no-map", "linux,cma-default")
Cells = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReservedNode:
    """One node; numbers in bytes. What is ``None`` or empty is not in the node.

    :param regions: what ``reg`` reserves: (base, size).
    :param ranges: ``alloc-ranges``: (base, size).
    :param flags: which of reusable, no-map and linux,cma-default are there.
    :param is_enabled: ``status`` leaves the node in force.
    :param unread: properties that are there and could not be read or understood.
    """

    name: str
    compatible: tuple[str, ...] = ()
    regions: tuple[tuple[int, int], ...] = ()
    size: int | None = None
    alignment: int | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    flags: tuple[str, ...] = ()
    is_enabled: bool = True
    unread: tuple[str, ...] = ()

    @property
    def is_pool(self) -> bool:
        """Whether the node asks to be a CMA area or a coherent pool."""
        return _POOL in self.compatible

    @property
    def is_cma(self) -> bool:
        """Whether the kernel makes a CMA area of the node, if it takes it (kernel/dma/contiguous.c: rmem_cma_setup)."""
        return self.is_pool and "reusable" in self.flags and "no-map" not in self.flags

    @property
    def is_for_buffers(self) -> bool:
        """Whether a heap or a device allocates from it. Firmware's regions, logs and splash screens are for nobody."""
        return any(kind.endswith("dma-pool") or "heap" in kind for kind in self.compatible)

    @property
    def is_default(self) -> bool:
        """Whether the node asks to be the default CMA area."""
        return "linux,cma-default" in self.flags

    @property
    def extent(self) -> tuple[int | None, int | None]:
        """Base and size in bytes, each ``None`` where the node does not give it."""
        return self.regions[0] if self.regions else (None, self.size)

    def __str__(self) -> str:
        """The node in one line."""
        base, size = self.extent
        where = "" if base is None else f" at {base:#x}"
        length = "" if size is None else f" {size:#x} bytes{where},"
        flags = ", ".join(self.flags) + ("" if "reusable" in self.flags else ", not reusable")
        return f"reserved-memory/{self.name}:{length} {flags.removeprefix(', ')}"


@dataclass(frozen=True, slots=True)
class ReservedMemory:
    """The folder; ``cells`` are its #address-cells and #size-cells, which are those of the tree's root.

    Source: drivers/of/of_reserved_mem.c, __reserved_mem_check_root: without them the kernel reserves nothing.
    """

    cells: Cells | None = None
    nodes: dict[str, ReservedNode] = field(default_factory=dict)


def reserved_memory(facts: Facts) -> ReservedMemory | None:
    """What the board's device tree reserves; ``None``: not observed as a whole. Without a device tree: nothing."""
    glob = facts.record.globs.get(RESERVED_MEMORY)
    if glob is None or glob.state in (State.DENIED, State.FAILED) or glob.truncated:
        return None
    return _read(facts)


def observed_nodes(facts: Facts) -> Iterator[ReservedNode]:
    """The enabled nodes that were observed; there may be more."""
    return (node for node in _read(facts).nodes.values() if node.is_enabled)


def reserved_nodes(facts: Facts) -> dict[str, ReservedNode] | None:
    """All nodes by name; ``None`` where the board has no device tree or it was not read."""
    memory = reserved_memory(facts)
    if memory is None or not (memory.nodes or memory.cells or facts.compatibles):
        return None
    return memory.nodes


def root_cells(facts: Facts) -> Cells | None:
    """The root's #address-cells and #size-cells, which /reserved-memory has to have, too; ``None``: not known."""
    memory = reserved_memory(facts)
    if memory is not None and memory.cells is not None:
        return memory.cells
    return _cells(*(facts.record.file(f"{_ROOT}/{name}") for name in ("#address-cells", "#size-cells")))


def _read(facts: Facts) -> ReservedMemory:
    own: dict[str, FileEntry] = {}
    of_nodes: dict[str, dict[str, FileEntry]] = {}
    for entry in facts.record.files(RESERVED_MEMORY + "/"):
        match entry.path[len(RESERVED_MEMORY) + 1 :].split("/"):
            case [name]:
                own[name] = entry
            case [node, name]:
                of_nodes.setdefault(node, {})[name] = entry
    cells = _cells(own.get("#address-cells"), own.get("#size-cells"))
    return ReservedMemory(cells, {name: _node(name, files, cells) for name, files in sorted(of_nodes.items())})


def _bytes(entry: FileEntry | None) -> bytes | None:
    return entry.data() if entry is not None and entry.state is State.OK and not entry.truncated else None


def _text(entry: FileEntry | None) -> str:
    return (_bytes(entry) or b"").decode("ascii", "replace").rstrip("\0")


def _cells(address: FileEntry | None, size: FileEntry | None) -> Cells | None:
    numbers = [int.from_bytes(data, "big") for entry in (address, size) if len(data := _bytes(entry) or b"") == 4]
    return (numbers[0], numbers[1]) if len(numbers) == 2 and all(number in (1, 2) for number in numbers) else None


class _Properties:
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


def _node(name: str, files: dict[str, FileEntry], cells: Cells | None) -> ReservedNode:
    """Alignment has as many cells as an address has (of_reserved_mem.c, __reserved_mem_alloc_size)."""
    read = _Properties(files)
    address, length = cells or (0, 0)
    regions = read.numbers("reg", address, length)
    sizes = read.numbers("size", length)
    alignments = read.numbers("alignment", address)
    ranges = read.numbers("alloc-ranges", address, length)
    return ReservedNode(
        name=name,
        compatible=tuple(part for part in _text(files.get("compatible")).split("\0") if part),
        regions=tuple((base, size) for base, size in regions),
        size=sizes[0][0] if sizes else None,
        alignment=alignments[0][0] if alignments else None,
        ranges=tuple((base, size) for base, size in ranges),
        flags=tuple(flag for flag in _FLAGS if flag in files),
        is_enabled=_text(files.get("status")) in ("", "okay", "ok"),
        unread=tuple(sorted(set(read.unread))),
    )
