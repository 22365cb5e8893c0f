"""The board's reserved-memory nodes, and what the kernel's log says became of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bringup.allocator.answer import State
from bringup.facts.board import Facts
from bringup.facts.reserved_memory import RESERVED_MEMORY, ReservedNode, reserved_memory

__all__ = [
    "Rejection", "cma_alignment", "extent", "is_cma", "is_enabled", "is_pool", "log_is_whole", "node_text",
    "rejections", "reserved_nodes", "root_cells",
]  # fmt: skip

_ROOT = "/sys/firmware/devicetree/base"
_POOL = "shared-dma-pool"

#: When a node gives way to cma= (5.10 to 6.12; 7.2).
_REPLACED = ("using cmdline CMA params instead", 'in favor for "cma=" kernel param')
_NO_MATCH = "compatible matching fail"
#: What the kernel prints when it does not take a region, and the cause that it tells of. Sources: of_reserved_mem.c,
#: kernel/dma/contiguous.c and coherent.c, mm/cma.c of Linux 5.10, 6.12 and 7.3. The more telling ones come first.
_MESSAGES = (
    ("incorrect alignment of CMA region", "cma.region-misaligned"),
    ("invalid size property in", "cma.region-cells"),
    ("invalid alignment property in", "cma.region-cells"),
    ("invalid alloc-ranges property in", "cma.region-cells"),
    ("invalid reg property in", "cma.region-cells"),
    ("failed to allocate memory for node", "cma.region-does-not-fit"),
    ("failed to reserve memory for node", "cma.region-does-not-fit"),
    ("cma: Failed to reserve", "cma.region-does-not-fit"),
    ("OVERLAP DETECTED!", "cma.region-overlap"),
    ("not enough space for all defined regions", "cma.region-count"),
    ("too many defined dynamic regions", "cma.region-count"),
    ("Not enough slots for CMA reserved regions", "cma.region-count"),
    # All that 7.3 says of a node that is both, and makes no area of.
    (") nomap reusable ", "cma.region-no-map"),
    ("regions without no-map are not yet supported", "cma.region-not-reusable"),
    ("unable to setup CMA region", "cma.region-rejected"),
    ("unable to reserve memory", "cma.region-rejected"),
    (_NO_MATCH, "cma.region-rejected"),
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A region that the kernel did not take: by which cause, and the lines that say so."""

    cause: str
    lines: tuple[str, ...]


def root_cells(facts: Facts) -> tuple[int, int] | None:
    """The root's #address-cells and #size-cells; reserved-memory has to have the same. ``None``: not known."""
    memory = reserved_memory(facts)
    if memory is not None and memory.cells is not None:
        return memory.cells
    address, size = (_number(facts, f"{_ROOT}/{name}") for name in ("#address-cells", "#size-cells"))
    return (address, size) if address in (1, 2) and size in (1, 2) else None


def _number(facts: Facts, path: str) -> int | None:
    entry = facts.record.file(path)
    data = entry.data() if entry is not None and entry.state is State.OK else b""
    return int.from_bytes(data) if len(data) == 4 else None


def reserved_nodes(facts: Facts) -> dict[str, ReservedNode] | None:
    """The nodes by name; ``None`` where the board has no device tree or it was not read."""
    memory = reserved_memory(facts)
    if memory is None or not (memory.nodes or memory.cells or facts.compatibles):
        return None
    return memory.nodes


def is_pool(node: ReservedNode) -> bool:
    """Whether a node asks to be a CMA area or a coherent pool."""
    return _POOL in node.compatible


def is_cma(node: ReservedNode) -> bool:
    """Whether the kernel makes a CMA area of a node, if it takes it."""
    return is_pool(node) and "reusable" in node.flags and "no-map" not in node.flags


def is_enabled(facts: Facts, node: ReservedNode) -> bool:
    """Whether its ``status`` leaves a node in force."""
    entry = facts.record.file(f"{RESERVED_MEMORY}/{node.name}/status")
    return entry is None or entry.text().rstrip("\0") in ("okay", "ok")


def extent(node: ReservedNode) -> tuple[int | None, int | None]:
    """Base and size in bytes, each ``None`` where the node does not say it."""
    if node.regions:
        return node.regions[0]
    return None, node.size


def node_text(node: ReservedNode) -> str:
    """A node in one line."""
    base, size = extent(node)
    where = "" if base is None else f" at {base:#x}"
    long = "" if size is None else f" {size:#x} bytes{where},"
    flags = ", ".join(node.flags) + ("" if "reusable" in node.flags else ", not reusable")
    return f"reserved-memory/{node.name}:{long} {flags.removeprefix(', ')}"


def cma_alignment(facts: Facts) -> int | None:
    """Bytes that every CMA region may safely be aligned to on this kernel; it may ask for less.

    A page block, or a page of the largest order, whichever is more (include/linux/pageblock-flags.h; kernels before
    the page block alone was asked for took the larger of both).
    """
    page = facts.record.hello.page_size if facts.record.hello else 0
    if page < 4096:
        return None
    entries_of_a_table = int(math.log2(page)) - 3
    order = max(entries_of_a_table, _largest_order(facts) or 10)
    return page << order


def _largest_order(facts: Facts) -> int | None:
    """What the configuration says; up to 6.3 it counts orders, after that it names the largest. The larger is safe."""
    config = facts.kernel_config
    for symbol in ("ARCH_FORCE_MAX_ORDER", "FORCE_MAX_ZONEORDER"):
        value = config.get(symbol) if config is not None else None
        if value is not None and value.isdecimal() and int(value) < 32:
            return int(value)
    return None


def log_is_whole(facts: Facts) -> bool:
    """Whether the kernel's log still holds what was said at boot."""
    return any("Linux version " in line for line in (facts.dmesg or ())[:40])


def rejections(facts: Facts) -> tuple[Rejection, ...]:
    """What the kernel did not take, by cause; a message that tells more takes the vague ones with it.

    A node that cma= on the command line replaces is passed over on purpose; the kernel then says that it matched
    nothing, and that is no rejection (kernel/dma/contiguous.c: rmem_cma_setup).
    """
    lines = facts.dmesg or ()
    replaced = any(words in line for line in lines for words in _REPLACED)
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines):
        cause = next((cause for words, cause in _MESSAGES if words in line), None)
        if cause is None or (replaced and _NO_MATCH in line):
            continue
        told = [line, *lines[number + 1 : number + 2]] if cause == "cma.region-overlap" else [line]
        found.setdefault(cause, []).extend(told)
    return tuple(_sorted(facts, found))


def _sorted(facts: Facts, found: dict[str, list[str]]) -> Iterator[Rejection]:
    vague = tuple(found.pop("cma.region-rejected", ()))
    if vague and not found:
        yield Rejection(_by_the_tree(facts), vague)
    for cause in dict.fromkeys(cause for _, cause in _MESSAGES):
        if cause in found:
            yield Rejection(_by_the_kernel(facts, cause), (*found[cause], *vague))
            vague = ()


def _by_the_kernel(facts: Facts, cause: str) -> str:
    """What makes a region misaligned, or leaves no room for it, on this kernel."""
    page = facts.page_size
    if cause in ("cma.region-misaligned", "cma.region-does-not-fit"):
        usual = {4096: 11, 16384: 12, 65536: 14}.get(page, 14)
        if (_largest_order(facts) or 0) > usual:
            return "cma.region-max-order"
    return "cma.region-page-size" if cause == "cma.region-misaligned" and page > 4096 else cause


def _by_the_tree(facts: Facts) -> str:
    """Why no kind of region wanted a node: the node itself may tell."""
    nodes = reserved_nodes(facts) or {}
    both = any(is_pool(one) and {"reusable", "no-map"} <= set(one.flags) for one in nodes.values())
    return "cma.region-no-map" if both else "cma.region-rejected"
