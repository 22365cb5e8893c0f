"""A record's memory, put together.

Told by ``/proc/iomem`` (addresses for root only), by the device tree's ``/reserved-memory`` (dt-schema:
reserved-memory.yaml), by the kernel's log (kernel/dma/contiguous.c, drivers/of/of_reserved_mem.c, mm/cma.c) and by
``/sys/kernel/mm/cma`` (mm/cma_sysfs.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bringup.allocator.answer import State
from bringup.facts.board import Facts
from bringup.results.memory import MemoryFacts, MemoryRegion, RegionKind, Unplaced

__all__ = ["memory_facts"]

_TREE = "/sys/firmware/devicetree/base/reserved-memory"
_CMA = "/sys/kernel/mm/cma"
_IOMEM = re.compile(r"^(?P<indent> *)(?P<begin>[0-9a-f]+)-(?P<end>[0-9a-f]+) : (?P<name>.*)$")
_RANGE = re.compile(r"node +\d+: \[mem 0x(?P<begin>[0-9a-f]+)-0x(?P<end>[0-9a-f]+)\]")
_MAPPED = re.compile(
    r"OF: reserved mem: 0x(?P<begin>[0-9a-f]+)\.\.0x(?P<end>[0-9a-f]+) \(\d+ KiB\) "
    r"(?P<nomap>nomap|map) (?P<reusable>reusable|non-reusable) (?P<name>\S+)"
)
_POOL = re.compile(r"created (?P<what>CMA|DMA) memory pool at (?:0x)?(?P<begin>[0-9a-f]+), size (?P<mib>\d+) MiB")
_NODE = re.compile(r"initialized node (?P<name>\S+), compatible id")
_PLAIN_CMA = re.compile(r"cma: Reserved (?P<mib>\d+) MiB (?:at|in) (?:0x)?(?P<begin>[0-9a-f]+)")
_MIB = 1 << 20
_MOST = 256


def memory_facts(facts: Facts) -> MemoryFacts | None:
    """What a record tells of memory; ``None`` where it tells nothing."""
    iomem = list(_iomem(facts))
    ram = _joined((begin, end) for _, name, begin, end in iomem if name == "System RAM") or _joined(_ram_by_log(facts))
    placed = {one.name: one for one in (*_by_log(facts), *_by_tree(facts))}
    used = _used(facts)
    regions = [replace(one, used=used.get(one.name)) for one in placed.values()]
    regions += _kernel_and_boot(iomem)
    unplaced = tuple(one for one in _asked_without_place(facts) if one.name not in placed)
    if not (ram or regions or unplaced):
        return None
    regions.sort(key=lambda one: (one.begin, one.end, one.name))
    return MemoryFacts(ram, tuple(regions[:_MOST]), unplaced[:_MOST])


def _iomem(facts: Facts) -> Iterator[tuple[int, str, int, int]]:
    """(depth, name, begin, end) of ``/proc/iomem``; nothing where all addresses are 0: so it looks without root."""
    for line in (facts.text("/proc/iomem") or "").splitlines():
        if (found := _IOMEM.match(line)) and int(found["end"], 16):
            yield len(found["indent"]) // 2, found["name"], int(found["begin"], 16), int(found["end"], 16) + 1


def _joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ranges in order, those that touch put together."""
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
        if found := _RANGE.search(line):
            yield int(found["begin"], 16), int(found["end"], 16) + 1


def _kernel_and_boot(iomem: Iterable[tuple[int, str, int, int]]) -> Iterator[MemoryRegion]:
    """What lies within RAM by ``/proc/iomem``: the kernel's parts as one, and what was reserved while booting."""
    inner = [(name, begin, end) for depth, name, begin, end in iomem if depth]
    kernel = [(begin, end) for name, begin, end in inner if name.startswith("Kernel ")]
    source = "/proc/iomem"
    low, high = min((one for one, _ in kernel), default=0), max((one for _, one in kernel), default=0)
    if kernel:
        yield MemoryRegion("kernel", RegionKind.KERNEL, low, high, source)
    for begin, end in _joined((begin, end) for name, begin, end in inner if name == "reserved"):
        if not low <= begin < end <= high:
            yield MemoryRegion("reserved", RegionKind.BOOT, begin, end, source)


# -- reserved-memory and CMA ---------------------------------------------------------------------------------------


def _by_log(facts: Facts) -> Iterator[MemoryRegion]:
    """The kernel's log. Newer kernels tell a region in one line, older ones its address and then, below, its name."""
    pool: tuple[RegionKind, int, int] | None = None
    for line in facts.dmesg or ():
        if found := _MAPPED.search(line):
            kind = RegionKind.CMA if found["reusable"] == "reusable" else RegionKind.POOL
            kind = RegionKind.NO_MAP if found["nomap"] == "nomap" else kind
            yield MemoryRegion(found["name"], kind, int(found["begin"], 16), int(found["end"], 16) + 1, "dmesg")
        elif found := _POOL.search(line):
            kind = RegionKind.CMA if found["what"] == "CMA" else RegionKind.POOL
            begin = int(found["begin"], 16)
            pool = kind, begin, begin + int(found["mib"]) * _MIB
        elif (found := _NODE.search(line)) and pool:
            yield MemoryRegion(found["name"], *pool, "dmesg")
            pool = None
        elif found := _PLAIN_CMA.search(line):
            begin = int(found["begin"], 16)
            yield MemoryRegion(_default_area(facts), RegionKind.CMA, begin, begin + int(found["mib"]) * _MIB, "dmesg")


def _default_area(facts: Facts) -> str:
    """What the default area is called where no node of the device tree made it: its folder in sysfs tells."""
    names = {one.path.removeprefix(f"{_CMA}/").split("/")[0] for one in facts.record.files(f"{_CMA}/")}
    nodes = {name for name, _ in _nodes(facts)}
    own = sorted(names - nodes)
    return own[0] if len(own) == 1 else "reserved"


def _by_tree(facts: Facts) -> Iterator[MemoryRegion]:
    """Nodes with an address of their own, by their ``reg``."""
    cells = _cells(facts)
    for name, properties in _nodes(facts):
        kind = _kind(properties)
        for number, (begin, size) in enumerate(_pairs(properties.get("reg", b""), *cells)):
            if size:
                several = name if number == 0 else f"{name} ({number + 1})"
                yield MemoryRegion(several, kind, begin, begin + size, f"{_TREE}/{name}/reg")


def _asked_without_place(facts: Facts) -> Iterator[Unplaced]:
    """Nodes that let the kernel choose the place."""
    _, size_cells = _cells(facts)
    for name, properties in _nodes(facts):
        if "reg" not in properties:
            size = properties.get("size", b"")
            known = int.from_bytes(size, "big") if size and len(size) == 4 * size_cells else None
            yield Unplaced(name, known, f"{_TREE}/{name}")


def _kind(properties: Mapping[str, bytes]) -> RegionKind:
    if "no-map" in properties:
        return RegionKind.NO_MAP
    shared = b"shared-dma-pool" in properties.get("compatible", b"").split(b"\0")
    return RegionKind.CMA if shared and "reusable" in properties else RegionKind.POOL


def _nodes(facts: Facts) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The enabled nodes below ``/reserved-memory`` with their properties."""
    nodes: dict[str, dict[str, bytes]] = {}
    for entry in facts.record.files(f"{_TREE}/"):
        node, _, name = entry.path.removeprefix(f"{_TREE}/").partition("/")
        if name and "/" not in name and entry.state is State.OK:
            nodes.setdefault(node, {})[name] = entry.data()
    for node, properties in nodes.items():
        if properties.get("status", b"okay").rstrip(b"\0") in (b"okay", b"ok"):
            yield node, properties


def _cells(facts: Facts) -> tuple[int, int]:
    """``#address-cells`` and ``#size-cells`` of ``/reserved-memory``; 2 and 1 are the standard's (DTSpec 2.3.5)."""

    def one(name: str, otherwise: int) -> int:
        entry = facts.record.file(f"{_TREE}/{name}")
        data = entry.data() if entry is not None and entry.state is State.OK else b""
        value = int.from_bytes(data, "big") if len(data) == 4 else otherwise
        return value if value in (1, 2) else otherwise

    return one("#address-cells", 2), one("#size-cells", 1)


def _pairs(data: bytes, address_cells: int, size_cells: int) -> Iterator[tuple[int, int]]:
    width, step = 4 * address_cells, 4 * (address_cells + size_cells)
    for at in range(0, len(data) - step + 1, step):
        yield int.from_bytes(data[at : at + width], "big"), int.from_bytes(data[at + width : at + step], "big")


def _used(facts: Facts) -> dict[str, int]:
    """Bytes in use by CMA area, where the kernel tells both of its counts."""
    hello = facts.record.hello
    counts: dict[str, dict[str, int]] = {}
    for entry in facts.record.files(f"{_CMA}/"):
        area, _, name = entry.path.removeprefix(f"{_CMA}/").rpartition("/")
        if entry.state is State.OK and name in ("total_pages", "available_pages") and entry.text().strip().isdecimal():
            counts.setdefault(area, {})[name] = int(entry.text())
    return {
        area: max(0, known["total_pages"] - known["available_pages"]) * hello.page_size
        for area, known in counts.items()
        if len(known) == 2 and hello is not None
    }
