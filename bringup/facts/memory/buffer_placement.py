"""Where the buffers of each heap lay, heap by heap, from the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from bringup.allocator.answer import Exhaustion, State
from bringup.config.schema import HeapKind
from bringup.facts.board import Facts
from bringup.facts.memory.cma_areas import region_of
from bringup.facts.memory.trace_events import Block, Traced, TraceFormats, traced
from bringup.results.pages import ExhaustionFacts, PageFacts, RegionFacts

__all__ = ["Placement", "exhaustion_facts", "page_facts", "pages_of", "placements", "runs_of", "why_not_traced"]

_EXTENTS = 256
#: Kinds of heap that hand out contiguous memory of a region of their own.
CONTIGUOUS = frozenset({HeapKind.CMA, HeapKind.CARVEOUT})


@dataclass(frozen=True, slots=True)
class Placement:
    """One buffer of a heap: what it was made of.

    :param region: the region that the heap's memory is, where it has one that the board tells of.
    :param contiguous: the heap promises contiguous memory.
    """

    heap: str
    size: int
    traced: Traced
    region: RegionFacts | None
    contiguous: bool


def why_not_traced(facts: Facts) -> str | None:
    """Why nothing is known of where pages lie; ``None``: something is."""
    tracing = facts.record.tracing
    if tracing is None:
        return "it was not asked where pages lie"
    if tracing.state is not State.OK:
        what = {State.MISSING: "is not there", State.DENIED: "may not be used"}.get(tracing.state, "cannot be used")
        root = "" if facts.as_root else "; the test allocator did not run as root"
        return f"tracefs: {tracing.path} {what} (errno {tracing.errno}){root}"
    if not TraceFormats(tracing.formats).names:
        return "this kernel has no trace events for memory (CONFIG_TRACING with CONFIG_EVENT_TRACING)"
    return None


_KNOWN: MutableMapping[Facts, list[Placement]] = WeakKeyDictionary()


def placements(facts: Facts) -> list[Placement]:
    """Every buffer that was traced, in the order in which it was; empty where none was."""
    if facts not in _KNOWN:
        _KNOWN[facts] = _placements(facts)
    return _KNOWN[facts]


def _placements(facts: Facts) -> list[Placement]:
    tracing = facts.record.tracing
    if tracing is None or tracing.state is not State.OK:
        return []
    formats = TraceFormats(tracing.formats)
    page = facts.page_size
    found = []
    for buffer in facts.record.traced:
        if buffer.state is State.OK:
            one = traced(formats, buffer, page)
        else:
            one = Traced(why=f"a buffer of {buffer.size} bytes could not be traced: errno {buffer.errno}", failed=True)
        heap = facts.config.heap(buffer.heap) if facts.config else None
        contiguous = one.cma or (heap is not None and heap.kind in CONTIGUOUS)
        node = heap.region.node_name if heap is not None and heap.region is not None else None
        # ION calls a CMA heap by its area: ion/NAME, with flags behind it.
        name = buffer.heap.split("/")[1] if buffer.heap.startswith("ion/") else buffer.heap
        region = region_of(facts, one.area, name, node or "") if contiguous else None
        found.append(Placement(buffer.heap, buffer.size, one, region, contiguous))
    return found


def runs_of(blocks: tuple[Block, ...]) -> list[tuple[int, int]]:
    """(first frame, pages) of each run of contiguous pages, ascending."""
    runs: list[tuple[int, int]] = []
    for block in sorted(blocks, key=lambda one: one.pfn):
        if runs and runs[-1][0] + runs[-1][1] == block.pfn:
            runs[-1] = (runs[-1][0], runs[-1][1] + block.pages)
        else:
            runs.append((block.pfn, block.pages))
    return runs


def page_facts(one: Placement, page: int) -> PageFacts | None:
    """What a report shows of it; ``None`` where nothing is known."""
    if not one.traced.blocks:
        return None
    runs = runs_of(one.traced.blocks)
    orders = Counter(block.order for block in one.traced.blocks if block.order is not None)
    return PageFacts(
        size=one.size,
        page_size=page,
        runs=tuple(sorted(Counter(pages for _, pages in runs).items())),
        orders=tuple(sorted(orders.items())),
        lowest=runs[0][0] * page,
        highest=(runs[-1][0] + runs[-1][1]) * page,
        extents=tuple((pfn * page, pages * page) for pfn, pages in runs[:_EXTENTS]),
        region=one.region,
    )


def pages_of(facts: Facts, name: str) -> tuple[PageFacts, ...]:
    """What a report shows of one heap's buffers."""
    page = facts.page_size
    return tuple(shown for one in placements(facts) if one.heap == name and (shown := page_facts(one, page)))


def exhaustion_facts(one: Exhaustion) -> ExhaustionFacts | None:
    """What a report shows of a heap that was asked for all it has; ``None`` where that was not tried."""
    if one.stopped == "not tried":
        return None
    return ExhaustionFacts(
        free=one.free,
        limit=one.limit,
        held=one.held,
        stopped=one.stopped,
        largest=one.largest,
        largest_fragmented=one.largest_fragmented,
        fragmented_free=one.fragmented_free,
        largest_after=one.largest_after,
    )
