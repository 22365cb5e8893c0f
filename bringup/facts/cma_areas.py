"""Where a heap's CMA area or reserved-memory region lies in physical memory, and how full it is, as the board tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bringup.facts.board import Facts
from bringup.facts.memory_map import memory_facts
from bringup.results.memory import SET_ASIDE
from bringup.results.pages import RegionFacts

__all__ = ["AreaUse", "region_of", "regions", "use_of"]

_DEBUGFS = "/sys/kernel/debug/cma/"
_SYSFS = "/sys/kernel/mm/cma/"


@dataclass(frozen=True, slots=True)
class AreaUse:
    """How full a CMA area was when the board was read, before anything was tested. Sizes are in bytes.

    What the kernel has lent out of an area (movable pages of processes and files) counts as free: the area only has to
    ask for it back.

    :param longest: the longest run that is free; ``None``: not told.
    :param source: the folder that tells it.
    """

    total: int
    free: int
    longest: int | None
    source: str


def use_of(facts: Facts, *names: str) -> AreaUse | None:
    """How full the first of these areas is that the board tells of (mm/cma_debug.c; free alone: 7.x, cma_sysfs.c)."""
    page = facts.page_size
    for folder in (f"{_DEBUGFS}{prefix}{name}" for name in names for prefix in ("", "cma-")):
        count, used, longest = (_number(facts, f"{folder}/{key}") for key in ("count", "used", "maxchunk"))
        if count is not None and used is not None and longest is not None:
            return AreaUse(count * page, (count - used) * page, longest * page, folder)
    for folder in (f"{_SYSFS}{name}" for name in names):
        total, free = (_number(facts, f"{folder}/{key}_pages") for key in ("total", "available"))
        if total is not None and free is not None:
            return AreaUse(total * page, free * page, None, folder)
    return None


def regions(facts: Facts) -> dict[str, RegionFacts]:
    """The regions that the board tells of, by name: the areas as CMA itself has them, then what was set aside."""
    memory = memory_facts(facts)
    aside = (one for one in (memory.regions if memory else ()) if one.kind in SET_ASIDE)
    told = (RegionFacts(one.name, one.begin, one.end, one.source) for one in aside)
    found: dict[str, RegionFacts] = {}
    for region in (*_from_debugfs(facts), *told):
        found.setdefault(region.name, region)
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
    page = facts.page_size
    for entry in facts.record.files(_DEBUGFS, "/base_pfn"):
        folder = entry.path.removesuffix("/base_pfn")
        if "/" in folder.removeprefix(_DEBUGFS):
            continue  # a part of an area in several pieces
        base, count = _number(facts, entry.path), _number(facts, f"{folder}/count")
        if base is not None and count:
            name = folder.removeprefix(_DEBUGFS).removeprefix("cma-")
            yield RegionFacts(name, base * page, (base + count) * page, entry.path)
