"""How full each CMA area was when the board was read, before anything was tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bringup.facts.board import Facts
from bringup.text import parse_number

__all__ = [
    "CMA_DEBUGFS",
    "CMA_SYSFS",
    "AreaUse",
    "area_names",
    "area_uses",
    "debugfs_areas",
    "longest_free_run",
    "read_number",
    "use_of",
]

CMA_DEBUGFS = "/sys/kernel/debug/cma/"
CMA_SYSFS = "/sys/kernel/mm/cma/"


@dataclass(frozen=True, slots=True)
class AreaUse:
    """How full a CMA area was. Sizes are in bytes.

    Pages that the kernel has lent to others (movable pages of processes and files) count as free: the kernel moves them
    when the area needs them.

    :param longest: the longest free run; ``None``: not known.
    :param source: the folder that it was read from.
    """

    total: int
    free: int
    longest: int | None
    source: str


def area_uses(facts: Facts) -> dict[str, AreaUse]:
    """The use of each area by name: from debugfs (mm/cma_debug.c), else from sysfs (mm/cma_sysfs.c, free since 7.x)."""
    page = facts.page_size
    uses: dict[str, AreaUse] = {}
    for name, folder in debugfs_areas(facts, "count"):
        count, used, longest = (read_number(facts, f"{folder}/{key}") for key in ("count", "used", "maxchunk"))
        if count is not None and used is not None and longest is not None:
            uses[name] = AreaUse(count * page, (count - used) * page, longest * page, folder)
    for entry in facts.record.files(CMA_SYSFS, "/total_pages"):
        folder = entry.path.removesuffix("/total_pages")
        total, free = (read_number(facts, f"{folder}/{key}_pages") for key in ("total", "available"))
        if total is not None and free is not None:
            uses.setdefault(folder.removeprefix(CMA_SYSFS), AreaUse(total * page, free * page, None, folder))
    return uses


def area_names(facts: Facts) -> dict[str, str]:
    """The areas that the kernel lists, each with its folder; empty where it lists none or was not asked."""
    folders = (entry.path.rpartition("/")[0] for entry in facts.record.files(CMA_SYSFS))
    by_name = {folder.removeprefix(CMA_SYSFS): folder for folder in folders}
    return dict(debugfs_areas(facts, "count")) | by_name


def use_of(facts: Facts, *names: str) -> AreaUse | None:
    """How full the first known one of these areas was; ``None`` if none is known."""
    uses = area_uses(facts)
    return next((uses[name] for name in names if name in uses), None)


def longest_free_run(facts: Facts) -> int | None:
    """The longest free run of all areas in bytes, if debugfs has it (CONFIG_CMA_DEBUGFS)."""
    return max((use.longest for use in area_uses(facts).values() if use.longest is not None), default=None)


def debugfs_areas(facts: Facts, file: str) -> Iterator[tuple[str, str]]:
    """Name and folder of each area whose folder in debugfs has that file. Older kernels put cma- before the name."""
    for entry in facts.record.files(CMA_DEBUGFS, f"/{file}"):
        folder = entry.path.removesuffix(f"/{file}")
        name = folder.removeprefix(CMA_DEBUGFS)
        if "/" not in name:  # else it is one of an area's several ranges
            yield name.removeprefix("cma-"), folder


def read_number(facts: Facts, path: str) -> int | None:
    """The decimal number in a file; ``None``: not there, or not a number."""
    return parse_number((facts.text(path) or "").strip())
