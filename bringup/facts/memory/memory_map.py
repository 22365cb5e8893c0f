"""Physical memory map from ``/proc/iomem``, the device tree, the kernel's log and sysfs.

Sources: ``/proc/iomem`` (addresses for root only), the device tree's ``/reserved-memory`` (dt-schema:
reserved-memory.yaml), the kernel's log (kernel/dma/contiguous.c, drivers/of/of_reserved_mem.c, mm/cma.c) and by
``/sys/kernel/mm/cma`` (mm/cma_sysfs.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from bringup.facts.board import Facts
from bringup.facts.memory.cma_usage import CMA_SYSFS, area_uses
from bringup.facts.memory.reserved_memory import RESERVED_MEMORY, ReservedNode, observed_nodes
from bringup.results.memory import MemoryFacts, MemoryRegion, RegionKind, Unplaced
from bringup.text import parse_number

__all__ = ["memory_facts"]

_IOMEM = re.compile(r"^(?P<indent> *)(?P<begin>[0-9a-f]+)-(?P<end>[0-9a-f]+) : (?P<name>.*)$")
_RANGE = re.compile(r"node +\d+: \[mem 0x(?P<begin>[0-9a-f]+)-0x(?P<end>[0-9a-f]+)\]")
_MAPPED = re.compile(
    r"OF: reserved mem: 0x(?P<begin>[0-9a-f]+)\.\.0x(?P<end>[0-9a-f]+) \(\d+ KiB\) "
    r"(?P<nomap>nomap|map) (?P<reusable>reusable|non-reusable) (?P<name>\S+)"
)
#: In MiB; a DMA pool's size is in KiB from 7.3 on (kernel/dma/coherent.c).
_POOL = re.compile(
    r"created (?P<what>CMA|DMA) memory pool at (?:0x)?(?P<begin>[0-9a-f]+), size (?P<size>\d+) (?P<unit>[KM]iB)"
)
_NODE = re.compile(r"initialized node (?P<name>\S+), compatible id")
#: An area of several ranges has no address here: "Reserved 64 MiB in 2 ranges" (mm/cma.c of 7.2 and 7.3).
_PLAIN_CMA = re.compile(r"cma: Reserved (?P<size>\d+) MiB (?:at|in) (?:0x)?(?P<begin>[0-9a-f]+)(?! ranges?\b)\b")
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20}
_MOST = 256


def memory_facts(facts: Facts) -> MemoryFacts | None:
    """The map; ``None`` where nothing is known."""
    iomem = list(_iomem(facts))
    ram = _joined((begin, end) for _, name, begin, end in iomem if name == "System RAM") or _joined(_ram_by_log(facts))
    placed = {region.name: region for region in (*_by_log(facts), *_by_tree(facts))}
    uses = area_uses(facts) if facts.record.hello is not None else {}
    used = {name: max(0, use.total - use.free) for name, use in uses.items()}
    regions = [replace(region, used=used.get(region.name)) for region in placed.values()]
    regions += _kernel_and_boot(iomem)
    unplaced = tuple(node for node in _regions_without_place(facts) if node.name not in placed)
    if not (ram or regions or unplaced):
        return None
    regions.sort(key=lambda region: (region.begin, region.end, region.name))
    return MemoryFacts(ram, tuple(regions[:_MOST]), unplaced[:_MOST])


def _iomem(facts: Facts) -> Iterator[tuple[int, str, int, int]]:
    """(depth, name, begin, end) of ``/proc/iomem``; nothing where all addresses are 0, as without root."""
    for line in (facts.text("/proc/iomem") or "").splitlines():
        if (match := _IOMEM.match(line)) and (extent := _extent(match)) and extent[1] > 1:
            yield len(match["indent"]) // 2, match["name"], *extent


def _extent(match: re.Match[str]) -> tuple[int, int] | None:
    """From ``begin`` to behind ``end``; ``None``: these are not addresses."""
    begin, end = parse_number(match["begin"], 16), parse_number(match["end"], 16)
    return None if begin is None or end is None else (begin, end + 1)


def _sized(match: re.Match[str]) -> tuple[int, int] | None:
    """From ``begin``, ``size`` units (MiB where there is none); ``None``: these are not numbers of a board."""
    groups = match.groupdict()
    begin, size = parse_number(groups["begin"], 16), parse_number(groups["size"], most_digits=12)
    return None if begin is None or size is None else (begin, begin + size * _UNITS[groups.get("unit", "MiB")])


def _joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The ranges in order, those that touch joined."""
    out: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if out and begin <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((begin, end))
    return tuple(out)


def _ram_by_log(facts: Facts) -> Iterator[tuple[int, int]]:
    """mm/mm_init.c prints the early memory node ranges."""
    for line in facts.dmesg or ():
        if (match := _RANGE.search(line)) and (extent := _extent(match)):
            yield extent


def _kernel_and_boot(iomem: Iterable[tuple[int, str, int, int]]) -> Iterator[MemoryRegion]:
    """What lies within RAM by ``/proc/iomem``: the kernel as one region, and what was reserved during boot."""
    inner = [(name, begin, end) for depth, name, begin, end in iomem if depth]
    kernel = [(begin, end) for name, begin, end in inner if name.startswith("Kernel ")]
    source = "/proc/iomem"
    low, high = min((begin for begin, _ in kernel), default=0), max((end for _, end in kernel), default=0)
    if kernel:
        yield MemoryRegion("kernel", RegionKind.KERNEL, low, high, source)
    for begin, end in _joined((begin, end) for name, begin, end in inner if name == "reserved"):
        if not low <= begin < end <= high:
            yield MemoryRegion("reserved", RegionKind.BOOT, begin, end, source)


# -- reserved-memory and CMA ---------------------------------------------------------------------------------------


def _by_log(facts: Facts) -> Iterator[MemoryRegion]:
    """By the kernel's log. Newer kernels log a region in one line, older ones its address and then, below, its name."""
    pool: tuple[RegionKind, int, int] | None = None
    for line in facts.dmesg or ():
        if (match := _MAPPED.search(line)) and (extent := _extent(match)):
            kind = RegionKind.CMA if match["reusable"] == "reusable" else RegionKind.POOL
            kind = RegionKind.NO_MAP if match["nomap"] == "nomap" else kind
            yield MemoryRegion(match["name"], kind, *extent, "dmesg")
        elif (match := _POOL.search(line)) and (extent := _sized(match)):
            kind = RegionKind.CMA if match["what"] == "CMA" else RegionKind.POOL
            pool = (kind, *extent)
        elif (match := _NODE.search(line)) and pool:
            yield MemoryRegion(match["name"], *pool, "dmesg")
            pool = None
        elif (match := _PLAIN_CMA.search(line)) and (extent := _sized(match)):
            yield MemoryRegion(_default_area(facts), RegionKind.CMA, *extent, "dmesg")


def _default_area(facts: Facts) -> str:
    """The default area's name where no node of the device tree made it: its folder in sysfs has it."""
    names = {entry.path.removeprefix(CMA_SYSFS).split("/")[0] for entry in facts.record.files(CMA_SYSFS)}
    own = sorted(names - {node.name for node in observed_nodes(facts)})
    return own[0] if len(own) == 1 else "reserved"


def _by_tree(facts: Facts) -> Iterator[MemoryRegion]:
    """Nodes with an address of their own, by their ``reg``."""
    for node in observed_nodes(facts):
        for number, (begin, size) in enumerate(node.regions, start=1):
            if size:
                name = node.name if number == 1 else f"{node.name} ({number})"
                yield MemoryRegion(name, _kind(node), begin, begin + size, f"{RESERVED_MEMORY}/{node.name}/reg")


def _regions_without_place(facts: Facts) -> Iterator[Unplaced]:
    """Nodes that let the kernel choose the place."""
    for node in observed_nodes(facts):
        if not node.regions and "reg" not in node.unread:
            yield Unplaced(node.name, node.size, f"{RESERVED_MEMORY}/{node.name}")


def _kind(node: ReservedNode) -> RegionKind:
    if "no-map" in node.flags:
        return RegionKind.NO_MAP
    return RegionKind.CMA if node.is_cma else RegionKind.POOL
