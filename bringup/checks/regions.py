"""The board's reserved-memory nodes, and what the kernel's log says became of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from bringup.checks.facts import Facts
from bringup.record.load import State

__all__ = [
    "NODES",
    "Rejection",
    "ReservedNode",
    "cma_alignment",
    "log_is_whole",
    "rejections",
    "reserved_nodes",
    "root_cells",
]

#: Where the device tree that the board booted with has them.
NODES = "/sys/firmware/devicetree/base/reserved-memory"
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
    ("regions without no-map are not yet supported", "cma.region-not-reusable"),
    ("unable to setup CMA region", "cma.region-rejected"),
    ("unable to reserve memory", "cma.region-rejected"),
    (_NO_MATCH, "cma.region-rejected"),
)


@dataclass(frozen=True, slots=True)
class ReservedNode:
    """One node below /reserved-memory.

    :param base: where a region with ``reg`` begins; ``None`` where the kernel chooses.
    :param size: bytes; ``None`` where the property is missing or of an odd length.
    """

    name: str
    compatible: tuple[str, ...]
    base: int | None
    size: int | None
    reusable: bool
    no_map: bool
    default: bool
    enabled: bool

    @property
    def is_pool(self) -> bool:
        """Whether it asks to be a CMA area or a coherent pool."""
        return _POOL in self.compatible

    @property
    def is_cma(self) -> bool:
        """Whether the kernel makes a CMA area of it, if it takes it."""
        return self.is_pool and self.enabled and self.reusable and not self.no_map

    def __str__(self) -> str:
        where = "" if self.base is None else f" at {self.base:#x}"
        size = "" if self.size is None else f" {self.size:#x} bytes{where}"
        words = [word for word, on in (("reusable", self.reusable), ("no-map", self.no_map)) if on]
        state = "" if self.enabled else ", disabled"
        return f"reserved-memory/{self.name}:{size}{''.join(f', {word}' for word in words) or ', not reusable'}{state}"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A region that the kernel did not take: by which cause, and the lines that say so."""

    cause: str
    lines: tuple[str, ...]


def root_cells(facts: Facts) -> tuple[int, int] | None:
    """The root's #address-cells and #size-cells; reserved-memory has to have the same. ``None``: not known."""
    for folder in (_ROOT, NODES):
        found = [_number(facts, f"{folder}/{name}") for name in ("#address-cells", "#size-cells")]
        if found[0] in (1, 2) and found[1] in (1, 2):
            return found[0], found[1]
    return None


def reserved_nodes(facts: Facts) -> dict[str, ReservedNode] | None:
    """The nodes by name; ``None`` where the board has no device tree or it was not read."""
    properties: dict[str, dict[str, bytes]] = {}
    for entry in facts.record.files(f"{NODES}/"):
        path = PurePosixPath(entry.path).relative_to(NODES)
        if entry.state is State.OK and len(path.parts) == 2:
            properties.setdefault(path.parts[0], {})[path.name] = entry.data()
    cells = root_cells(facts)
    if cells is None or not (properties or facts.compatibles):
        return None
    return {name: _node(name, found, cells) for name, found in properties.items()}


def _node(name: str, found: dict[str, bytes], cells: tuple[int, int]) -> ReservedNode:
    address, length = cells
    reg, size = found.get("reg", b""), found.get("size", b"")
    has_reg, has_size = len(reg) >= 4 * (address + length), len(size) == 4 * length
    at = 4 * address
    given = int.from_bytes(reg[at : at + 4 * length]) if has_reg else int.from_bytes(size) if has_size else None
    return ReservedNode(
        name=name,
        compatible=tuple(part for part in found.get("compatible", b"").decode("ascii", "replace").split("\0") if part),
        base=int.from_bytes(reg[:at]) if has_reg else None,
        size=given,
        reusable="reusable" in found,
        no_map="no-map" in found,
        default="linux,cma-default" in found,
        enabled=found.get("status", b"okay").rstrip(b"\0") in (b"okay", b"ok"),
    )


def _number(facts: Facts, path: str) -> int | None:
    entry = facts.record.file(path)
    data = entry.data() if entry is not None and entry.state is State.OK else b""
    return int.from_bytes(data) if len(data) == 4 else None


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
    page = facts.record.hello.page_size if facts.record.hello else 4096
    if cause in ("cma.region-misaligned", "cma.region-does-not-fit"):
        usual = {4096: 11, 16384: 12, 65536: 14}.get(page, 14)
        if (_largest_order(facts) or 0) > usual:
            return "cma.region-max-order"
    return "cma.region-page-size" if cause == "cma.region-misaligned" and page > 4096 else cause


def _by_the_tree(facts: Facts) -> str:
    """Why no kind of region wanted a node: the node itself may tell."""
    nodes = reserved_nodes(facts) or {}
    both = any(one.is_pool and one.reusable and one.no_map for one in nodes.values())
    return "cma.region-no-map" if both else "cma.region-rejected"
