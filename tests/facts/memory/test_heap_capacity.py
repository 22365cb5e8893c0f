"""What a heap could give: which measurement is its own, how much of it is known, and how large its area is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.facts.board import Facts
from bringup.facts.memory.heap_capacity import area_size, capacity_of, used_up
from tests.support.scripted_record import BOARD_CONFIG, broken, files
from tests.support.traced import TRACING, cma_buffer, exhaustion

MIB = 1 << 20
CMA = "linux,cma"
SYSFS, DEBUGFS = "__sys__kernel__mm__cma__", "__sys__kernel__debug__cma__"


def facts_of(
    folder: Path, *lines: dict[str, Any], heaps: dict[str, dict[str, Any]] | None = None, **more: Any
) -> Facts:
    fields = {} if heaps is None else {"heaps": heaps}
    return Facts(broken(latencies=list(lines), files=files(**more), **fields).record(folder / "r"), BOARD_CONFIG)


@pytest.mark.parametrize(
    ("measured", "asked", "expected"),
    [
        ([CMA, "system"], ("system",), "system"),
        ([CMA], ("system",), None),
        (["reserved"], (CMA,), "reserved"),  # the default area under another of its names
        (["reserved", CMA], (CMA,), CMA),  # its own line counts more
        (["reserved"], ("video",), None),
        (["reserved"], ("camera",), "reserved"),  # a link to the default heap
        (["system", "video"], ("to-video",), "video"),
        ([], (CMA,), None),
    ],
)
def test_whose_measurement_it_is(
    tmp_path: Path, measured: list[str], asked: tuple[str, ...], expected: str | None
) -> None:
    heaps = {CMA: {}, "system": {}, "video": {}, "camera": {"target": CMA}, "to-video": {"target": "video"}}
    line = used_up(facts_of(tmp_path, *map(exhaustion, measured), heaps=heaps), asked)
    assert (line and line.heap) == expected


@pytest.mark.parametrize("stopped", ["not tried", "died"])
def test_what_was_not_measured_to_its_end_says_nothing(tmp_path: Path, stopped: str) -> None:
    assert capacity_of(facts_of(tmp_path, exhaustion(stopped=stopped)), (CMA,)) is None


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ({}, {"held": 64 * MIB, "free": 64 * MIB, "stopped": "ENOMEM", "largest": 64 * MIB, "pinned": 0, "step": MIB}),
        ({"held": 50 * MIB}, {"pinned": 14 * MIB}),
        ({"held": 70 * MIB}, {"pinned": 0}),  # the kernel gave more than it said was free
        ({"held": 50 * MIB, "stopped": "budget"}, {"pinned": None}),  # there may be more
        ({"largest": 20 * MIB}, {"largest": 20 * MIB}),
        ({"largest_after": 20 * MIB}, {"largest": 20 * MIB}),
        ({"largest_after": 0, "largest": 30 * MIB}, {"largest": 30 * MIB}),  # it was not asked for again
        ({"largest": 0}, {"largest": None}),
        ({"largest_fragmented": 0}, {"largest_fragmented": None}),
        ({"largest_fragmented": 3 * MIB}, {"largest_fragmented": 3 * MIB}),
        ({"limit": 128 * MIB}, {"step": 2 * MIB}),
        # A heap of scattered pages has no area, and the size of one buffer says nothing of it.
        ({"cma": False}, {"size": None, "pinned": None, "largest": None, "step": 0}),
    ],
)
def test_what_is_known_of_it(tmp_path: Path, measured: dict[str, Any], expected: dict[str, Any]) -> None:
    capacity = capacity_of(facts_of(tmp_path, exhaustion(**measured)), (CMA,))
    assert {name: getattr(capacity, name) for name in expected} == expected


#: By what the size of an area is known: what the board shows, and the size.
SYSFS_AREA = {f"{SYSFS}{CMA}__total_pages": "4096\n", f"{SYSFS}{CMA}__available_pages": "1\n"}
DEBUGFS_AREA = {f"{DEBUGFS}{CMA}__base_pfn": "65536\n", f"{DEBUGFS}{CMA}__count": "2048\n"}
ONE: dict[str, dict[str, Any]] = {CMA: {}}
TWO = ONE | {"system": {}}
THREE = TWO | {"video": {}}


@pytest.mark.parametrize(
    ("shown", "heaps", "heap", "size"),
    [
        (SYSFS_AREA, TWO, CMA, 16 * MIB),
        (DEBUGFS_AREA, TWO, CMA, 8 * MIB),
        (DEBUGFS_AREA | SYSFS_AREA, TWO, CMA, 16 * MIB),
        # One heap of CMA on the board: all that /proc/meminfo counts is its own.
        ({}, TWO, CMA, 64 * MIB),
        ({}, ONE, CMA, 64 * MIB),
        ({}, THREE, CMA, None),
        ({}, TWO, "system", None),
        ({"__proc__meminfo": "MemTotal: 2014208 kB\n"}, TWO, CMA, None),
    ],
)
def test_how_large_its_area_is(
    tmp_path: Path, shown: dict[str, str], heaps: dict[str, dict[str, Any]], heap: str, size: int | None
) -> None:
    assert area_size(facts_of(tmp_path, heaps=heaps, dmesg="", **shown), heap) == size


@pytest.mark.parametrize(("area", "size"), [("linux,cma", 16 * MIB), ("", None), ("another", None)])
def test_the_area_that_its_buffers_came_from_counts_first(tmp_path: Path, area: str, size: int | None) -> None:
    """A vendor's heap is not always called after its area; the kernel names the area of each buffer."""
    lines = [TRACING, cma_buffer("video", (0x80000, 256), area=area), cma_buffer("system", (0x80000, 256))]
    facts = facts_of(tmp_path, *lines, heaps=THREE, **SYSFS_AREA)
    assert area_size(facts, "video") == size
