"""What each heap could give, as a record measured it."""

from __future__ import annotations

from bringup.allocator.answer import Exhaustion
from bringup.facts.board import Facts
from bringup.facts.memory.buffer_placement import placements
from bringup.facts.memory.cma_areas import region_of
from bringup.facts.memory.cma_usage import use_of
from bringup.facts.memory.default_cma import default_names, is_cma_heap, linked_heap
from bringup.results.budget import HeapCapacity

__all__ = ["area_size", "capacity_of", "used_up"]

#: The largest buffer is known to within this part of what was to be held.
_STEPS = 64


def used_up(facts: Facts, names: tuple[str, ...]) -> Exhaustion | None:
    """The line about a heap that was used up, under any of its names; ``None``: there is none."""
    reached = {name: linked_heap(facts, name) or name for name in names}
    wanted = {*names, *reached.values()}
    if any(name in default_names(facts) for name in wanted):
        wanted |= set(default_names(facts))
    lines = [line for line in facts.record.exhaustions if line.heap in wanted]
    return next((line for line in lines if line.heap in names), lines[0] if lines else None)


def capacity_of(facts: Facts, names: tuple[str, ...]) -> HeapCapacity | None:
    """What a heap with these names gave; ``None`` where it was not asked for all that it has."""
    line = used_up(facts, names)
    if line is None or line.stopped in ("not tried", "died"):
        return None
    is_whole = line.stopped == "ENOMEM"
    afterwards = min(line.largest, line.largest_after or line.largest)
    return HeapCapacity(
        held=line.held,
        stopped=line.stopped,
        free=line.free,
        size=area_size(facts, line.heap) if line.cma else None,
        pinned=max(0, line.free - line.held) if line.cma and is_whole else None,
        largest=afterwards if line.cma and line.largest else None,
        largest_fragmented=line.largest_fragmented or None,
        step=line.limit // _STEPS if line.cma else 0,
    )


def area_size(facts: Facts, heap: str) -> int | None:
    """The size of the CMA area behind a heap in bytes; ``None`` where that is unknown."""
    area = next((placed.traced.area for placed in placements(facts) if placed.heap == heap), "")
    names = tuple(filter(None, (area, heap)))
    if (use := use_of(facts, *names)) is not None:
        return use.total
    if (region := region_of(facts, *names)) is not None:
        return region.end - region.begin
    is_only = heap in default_names(facts) and is_cma_heap(facts, heap) and len(facts.heap_nodes or ()) <= 2
    return facts.meminfo.get("CmaTotal") if is_only else None
