"""Where the buffers of each heap lay in physical memory."""

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
    """The memory of one buffer of a heap.

    :param region: the region that the heap's memory comes from, if that is known.
    :param contiguous: whether the heap hands out contiguous memory.
    """

    heap: str
    size: int
    traced: Traced
    region: RegionFacts | None
    contiguous: bool


def why_not_traced(facts: Facts) -> str | None:
    """Why nothing is known about where pages lie; ``None``: something is."""
    tracing = facts.record.tracing
    if tracing is None:
        return facts.record.incomplete or "no page was traced: this run did not ask for it"
    if tracing.state is not State.OK:
        what = {State.MISSING: "is not there", State.DENIED: "may not be used"}.get(tracing.state, "cannot be used")
        root = "" if facts.as_root else "; the test allocator did not run as root"
        return f"tracefs: {tracing.path} {what} (errno {tracing.errno}){root}"
    if not TraceFormats(tracing.formats).names:
        return "this kernel has no trace events for memory (CONFIG_TRACING with CONFIG_EVENT_TRACING)"
    return None


_KNOWN: MutableMapping[Facts, list[Placement]] = WeakKeyDictionary()


def placements(facts: Facts) -> list[Placement]:
    """Every buffer that was traced, in that order; empty where none was."""
    if facts not in _KNOWN:
        _KNOWN[facts] = _placements(facts)
    return _KNOWN[facts]


def _placements(facts: Facts) -> list[Placement]:
    tracing = facts.record.tracing
    if tracing is None or tracing.state is not State.OK:
        return []
    formats = TraceFormats(tracing.formats)
    page = facts.page_size
    result = []
    for buffer in facts.record.traced:
        if buffer.state is State.OK:
            trace = traced(formats, buffer, page)
        else:
            trace = Traced(
                why=f"a buffer of {buffer.size} bytes could not be traced: errno {buffer.errno}", failed=True
            )
        heap = facts.config.heap(buffer.heap) if facts.config else None
        contiguous = trace.cma or (heap is not None and heap.kind in CONTIGUOUS)
        node = heap.region.node_name if heap is not None and heap.region is not None else None
        # ION names a CMA heap after its area: ion/NAME, followed by flags.
        name = buffer.heap.split("/")[1] if buffer.heap.startswith("ion/") else buffer.heap
        region = region_of(facts, trace.area, name, node or "") if contiguous else None
        result.append(Placement(buffer.heap, buffer.size, trace, region, contiguous))
    return result


def runs_of(blocks: tuple[Block, ...]) -> list[tuple[int, int]]:
    """(first frame, pages) of each run of contiguous pages, ascending."""
    runs: list[tuple[int, int]] = []
    for block in sorted(blocks, key=lambda block: block.pfn):
        if runs and runs[-1][0] + runs[-1][1] == block.pfn:
            runs[-1] = (runs[-1][0], runs[-1][1] + block.pages)
        else:
            runs.append((block.pfn, block.pages))
    return runs


def page_facts(placement: Placement, page: int) -> PageFacts | None:
    """What a report shows of a buffer; ``None`` if nothing is known."""
    if not placement.traced.blocks:
        return None
    runs = runs_of(placement.traced.blocks)
    orders = Counter(block.order for block in placement.traced.blocks if block.order is not None)
    return PageFacts(
        size=placement.size,
        page_size=page,
        runs=tuple(sorted(Counter(pages for _, pages in runs).items())),
        orders=tuple(sorted(orders.items())),
        lowest=runs[0][0] * page,
        highest=(runs[-1][0] + runs[-1][1]) * page,
        extents=tuple((pfn * page, pages * page) for pfn, pages in runs[:_EXTENTS]),
        region=placement.region,
    )


def pages_of(facts: Facts, name: str) -> tuple[PageFacts, ...]:
    """What a report shows of one heap's buffers."""
    page = facts.page_size
    buffers = (placement for placement in placements(facts) if placement.heap == name)
    return tuple(shown for buffer in buffers if (shown := page_facts(buffer, page)))


def exhaustion_facts(exhaustion: Exhaustion) -> ExhaustionFacts | None:
    """What a report shows of a heap that was used up on purpose; ``None`` if that was not tried."""
    if exhaustion.stopped == "not tried":
        return None
    return ExhaustionFacts(
        free=exhaustion.free,
        limit=exhaustion.limit,
        held=exhaustion.held,
        stopped=exhaustion.stopped,
        largest=exhaustion.largest,
        largest_fragmented=exhaustion.largest_fragmented,
        fragmented_free=exhaustion.fragmented_free,
        largest_after=exhaustion.largest_after,
    )
