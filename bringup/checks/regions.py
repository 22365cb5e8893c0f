"""Where a CMA area or a reserved-memory region lies in physical memory, as the board tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bringup.checks.facts import Facts
from bringup.checks.pages import RegionFacts
from bringup.record.load import State

__all__ = ["region_of", "regions"]

_DEBUGFS = "/sys/kernel/debug/cma/"
_TREE = "/sys/firmware/devicetree/base/reserved-memory/"
# drivers/of/of_reserved_mem.c, kernel/dma/contiguous.c and mm/cma.c, as 5.10 to 7.3 print them.
_MAPPED = re.compile(r"reserved mem: 0x([0-9a-f]+)\.\.0x([0-9a-f]+) \(\d+ KiB\) \S+ \S+ (\S+)")
_CREATED = re.compile(r"created (?:CMA|DMA) memory pool at (?:0x)?([0-9a-f]+), size (\d+) (KiB|MiB)")
_NODE = re.compile(r"reserved mem: initialized node ([^,\s]+(?:,[^,\s]+)?), compatible id")
_UNITS = {"KiB": 1024, "MiB": 1024**2}


def regions(facts: Facts) -> dict[str, RegionFacts]:
    """The regions that the board tells of, by name: from debugfs, else the device tree, else the kernel's log."""
    found: dict[str, RegionFacts] = {}
    for one in (*_from_debugfs(facts), *_from_tree(facts), *_from_log(facts)):
        found.setdefault(one.name, one)
    return found


def region_of(facts: Facts, *names: str) -> RegionFacts | None:
    """The region of the first of these names that the board tells of; a unit address may be missing in a name."""
    known = regions(facts)
    short = {name.partition("@")[0]: one for name, one in known.items()}
    for name in filter(None, names):
        if (one := known.get(name) or short.get(name)) is not None:
            return one
    return None


def _number(facts: Facts, path: str) -> int | None:
    text = (facts.text(path) or "").strip()
    return int(text) if text.isdigit() else None


def _from_debugfs(facts: Facts) -> Iterator[RegionFacts]:
    """``base_pfn`` and ``count``, CONFIG_CMA_DEBUGFS; the folder has a prefix in older kernels."""
    page = facts.record.hello.page_size if facts.record.hello else 4096
    for entry in facts.record.files(_DEBUGFS, "/base_pfn"):
        folder = entry.path.removesuffix("/base_pfn")
        if "/" in folder.removeprefix(_DEBUGFS):
            continue  # a part of an area in several pieces
        base, count = _number(facts, entry.path), _number(facts, f"{folder}/count")
        if base is not None and count:
            name = folder.removeprefix(_DEBUGFS).removeprefix("cma-")
            yield RegionFacts(name, base * page, (base + count) * page, entry.path)


def _from_tree(facts: Facts) -> Iterator[RegionFacts]:
    """``reg`` of a reserved-memory node: one address and one size, of one or two cells each."""
    for entry in facts.record.files(_TREE, "/reg"):
        data = entry.data() if entry.state is State.OK else b""
        if len(data) in (8, 16):
            half = len(data) // 2
            begin, size = int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big")
            yield RegionFacts(entry.path[len(_TREE) : -len("/reg")], begin, begin + size, entry.path)


def _from_log(facts: Facts) -> Iterator[RegionFacts]:
    pending: tuple[int, int] | None = None
    for line in facts.dmesg or ():
        if found := _MAPPED.search(line):
            yield RegionFacts(found[3], int(found[1], 16), int(found[2], 16) + 1, "dmesg")
        elif found := _CREATED.search(line):
            begin = int(found[1], 16)
            pending = (begin, begin + int(found[2]) * _UNITS[found[3]])
        elif (found := _NODE.search(line)) and pending:
            yield RegionFacts(found[1], *pending, "dmesg")
            pending = None
