"""Where do the pages of a heap's buffers lie?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bringup.causes.known.buffers import CMA_COUNTERS, HEAP_NOT_CONTIGUOUS, HEAP_OUTSIDE_REGION
from bringup.causes.known.memory import HEAP_ABOVE_LIMIT
from bringup.checks.registry import Question, check
from bringup.config.schema import Heap, HeapKind
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.memory.buffer_placement import Placement, placements, runs_of, why_not_traced
from bringup.facts.memory.spare_memory import why_left_out
from bringup.results.verdict import Diagnosis, Outcome, Verdict
from bringup.text import parse_number

Judge = Callable[[Question, Facts, list[Placement]], Verdict]
_ABOVE_LIMIT = Diagnosis(
    HEAP_ABOVE_LIMIT.here("a buffer lies where a device cannot address it"),
    remedy=("give the region alloc-ranges below the limit in its reserved-memory node",),
)


def _why_none(facts: Facts) -> str:
    """Why no buffer's location is known; empty if one is."""
    if why := why_not_traced(facts):
        return why
    if placements(facts):
        return ""
    return f"no buffer was traced: {why_left_out(facts) or 'there was no heap, or no memory for it'}"


def _by_heap(facts: Facts) -> dict[str, list[Placement]]:
    by_heap: dict[str, list[Placement]] = {}
    for placement in placements(facts):
        by_heap.setdefault(placement.heap, []).append(placement)
    return by_heap


def _each_heap(question: Question, facts: Facts, contiguous: bool, judge: Judge) -> Iterator[Verdict]:
    """One verdict per heap of contiguous memory, or per other heap, by its buffers."""
    if why := _why_none(facts):
        yield question.skipped(why)
        return
    chosen = {
        heap: buffers
        for heap, buffers in _by_heap(facts).items()
        if any(buffer.contiguous for buffer in buffers) is contiguous
    }
    if not chosen:
        yield question.skipped(f"no traced heap {'has' if contiguous else 'is without'} contiguous memory")
    for heap, buffers in chosen.items():
        if broken := next((buffer for buffer in buffers if buffer.traced.failed), None):
            yield question.of(heap).unknown(broken.traced.why)
        elif unseen := next((buffer for buffer in buffers if not buffer.traced.blocks), None):
            yield question.of(heap).skipped(f"a buffer of {show_size(unseen.size)}: {unseen.traced.why}")
        else:
            yield judge(question.of(heap), facts, buffers)


@check(
    "pages.contiguous",
    "Buffers of a CMA or carve-out heap are contiguous and aligned",
    asks="Reads the page frames of buffers of one page to 4 MiB from the kernel's trace events: one run of "
    "frames, with the alignment that CMA was asked for.",
    why="A device without an IOMMU gets one address only: it cannot reach a second block that lies elsewhere.",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: cma_alloc with an alignment; "
    "include/trace/events/kmem.h and cma.h",
    since="5.6 and later, with tracefs and root",
)
def contiguous(question: Question, facts: Facts) -> Iterator[Verdict]:
    return _each_heap(question, facts, True, _in_one_piece)


def _in_one_piece(question: Question, facts: Facts, buffers: list[Placement]) -> Verdict:
    wrong = [line for buffer in buffers if (line := _not_contiguous(buffer, facts.page_size))]
    if wrong:
        cause = HEAP_NOT_CONTIGUOUS.here(
            "a heap of contiguous memory hands out buffers that are not contiguous or not aligned"
        )
        return question.failed(*wrong, cause=cause)
    return question.passed(*(_where(buffer, facts.page_size) for buffer in buffers))


def _not_contiguous(buffer: Placement, page: int) -> str:
    runs = runs_of(buffer.traced.blocks)
    if len(runs) > 1:
        places = ", ".join(f"{pfn * page:#x}" for pfn, _ in runs[:4])
        return f"{show_size(buffer.size)}: {len(runs)} blocks, at {places}{', …' if len(runs) > 4 else ''}"
    block = buffer.traced.blocks[0]
    if block.pfn % (1 << block.align):
        return f"{show_size(buffer.size)}: at {block.pfn * page:#x}, not aligned to {show_size(page << block.align)}"
    return ""


def _where(buffer: Placement, page: int) -> str:
    first = runs_of(buffer.traced.blocks)[0][0]
    return f"{show_size(buffer.size)}: one block at {first * page:#x}"


@check(
    "pages.region",
    "Buffers of a CMA or carve-out heap lie in the heap's own region",
    asks="Whether the page frames of such buffers lie inside the region that debugfs, the device tree or the "
    "kernel's log gives.",
    why="A firewall, or a device with an address window, gives access to the region only.",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: each heap allocates from one area; "
    "include/trace/events/kmem.h and cma.h",
    since="5.6 and later, with tracefs and root",
)
def region(question: Question, facts: Facts) -> Iterator[Verdict]:
    return _each_heap(question, facts, True, _in_region)


def _in_region(question: Question, facts: Facts, buffers: list[Placement]) -> Verdict:
    known = next((buffer.region for buffer in buffers if buffer.region), None)
    if known is None:
        return question.skipped("where this heap's region lies is not known on this board")
    shown = f"{known.name}: {known.begin:#x} to {known.end:#x} ({known.source})"
    why = Diagnosis(HEAP_OUTSIDE_REGION.here(f"buffers lie outside of the region {known.name}"))
    return _inside(question, facts.page_size, buffers, [(known.begin, known.end)], shown, why)


def _inside(
    question: Question, page: int, buffers: list[Placement], ranges: list[tuple[int, int]], shown: str, why: Diagnosis
) -> Verdict:
    beyond = [line for buffer in buffers if (line := _beyond(buffer, ranges, page))]
    if beyond:
        return question.because(Outcome.FAIL, why, *beyond, shown)
    return question.passed(shown, *(_where(buffer, page) for buffer in buffers))


@check(
    "pages.promised",
    "Buffers lie where the board config expects them: in alloc_ranges, below dma_limit",
    asks="Whether the page frames of buffers lie in the region's fixed range or alloc_ranges of the board "
    "config; without these, for CMA and carve-out heaps, whether they lie below memory.dma_limit.",
    why="A device with 32 address bits and no IOMMU cannot reach a buffer above 4 GiB.",
    source="the board config (docs/board-configs.md): heaps.region.base and alloc_ranges, memory.dma_limit; "
    "include/trace/events/kmem.h and cma.h",
    since="5.6 and later, with tracefs and root",
)
def expected(question: Question, facts: Facts) -> Iterator[Verdict]:
    config = facts.config
    why = _why_none(facts)
    if config is None or why:
        yield question.skipped(why or "no board config says where buffers have to lie")
        return
    is_silent = True
    for name, traced in _by_heap(facts).items():
        heap = config.heap(name)
        ranges = _expected_ranges(heap, config.memory.dma_limit if config.memory else None) if heap else []
        buffers = [buffer for buffer in traced if buffer.traced.blocks]
        if ranges and buffers:
            is_silent = False
            shown = "expected: " + ", ".join(f"{begin:#x} to {end:#x}" for begin, end in ranges)
            yield _inside(question.of(name), facts.page_size, buffers, ranges, shown, _ABOVE_LIMIT)
    if is_silent:
        yield question.skipped(f"{config.name} does not say where the buffers of the traced heaps have to lie")


def _expected_ranges(heap: Heap, limit: int | None) -> list[tuple[int, int]]:
    """The ranges in which a buffer may lie; empty: anywhere, as with a system heap."""
    region = heap.region
    if region is not None and region.base is not None and region.size:
        return [(region.base, region.base + region.size)]
    if region is not None and region.alloc_ranges:
        return [(span.base, span.base + span.size) for span in region.alloc_ranges]
    return [(0, limit)] if limit and heap.kind in (HeapKind.CMA, HeapKind.CARVEOUT) else []


def _beyond(buffer: Placement, ranges: list[tuple[int, int]], page: int) -> str:
    for pfn, pages in runs_of(buffer.traced.blocks):
        begin, end = pfn * page, (pfn + pages) * page
        if not any(low <= begin and end <= high for low, high in ranges):
            return f"{show_size(buffer.size)}: {begin:#x} to {end:#x}"
    return ""


@check(
    "pages.runs",
    "The contiguity of the other heaps' buffers is known",
    asks="Counts the runs of contiguous page frames in buffers from the other heaps, by length. Nothing is "
    "judged: the figures are for comparison.",
    why="Each run takes at least one IOMMU entry. Without large runs, TLB misses slow down camera and display.",
    source="drivers/dma-buf/heaps/system_heap.c of Linux 6.12 and 7.3: orders 8, 4 and 0 (5.10: single pages); "
    "include/trace/events/kmem.h",
    since="5.6 and later, with tracefs and root",
)
def runs(question: Question, facts: Facts) -> Iterator[Verdict]:
    return _each_heap(question, facts, False, _runs_known)


def _runs_known(question: Question, facts: Facts, buffers: list[Placement]) -> Verdict:
    return question.passed(*(_distribution(buffer, facts.page_size) for buffer in buffers))


def _distribution(buffer: Placement, page: int) -> str:
    all_runs = runs_of(buffer.traced.blocks)
    by_power: dict[int, int] = {}
    for _, pages in all_runs:
        by_power[pages.bit_length() - 1] = by_power.get(pages.bit_length() - 1, 0) + 1
    largest_first = sorted(by_power.items(), reverse=True)
    shown = ", ".join(f"{count} of {show_size(page << power)}+" for power, count in largest_first)
    return f"{show_size(buffer.size)}: {len(all_runs)} run{'s' if len(all_runs) > 1 else ''}: {shown}"


@check(
    "pages.counters",
    "The kernel's CMA counters agree with what was traced",
    asks="Whether alloc_pages_success and release_pages_success of the area grew by at least the traced pages.",
    why="If the two sources disagree, one of them is wrong, and so are the verdicts that use it.",
    source="Documentation/ABI/testing/sysfs-kernel-mm-cma of Linux 6.12 and 7.3",
    since="5.13 and later, with CONFIG_CMA_SYSFS, tracefs and root",
)
def counters(question: Question, facts: Facts) -> Iterator[Verdict]:
    areas: dict[str, int] = {}
    for placement in placements(facts):
        if placement.traced.cma and placement.region is not None:
            pages = sum(block.pages for block in placement.traced.blocks)
            areas[placement.region.name] = areas.get(placement.region.name, 0) + pages
    if why := why_not_traced(facts):
        yield question.skipped(why)
    elif not areas:
        yield question.skipped("no buffer of a known CMA area was traced")
    for area, pages in areas.items():
        yield _counted(question.of(area), facts, area, pages)


def _counted(question: Question, facts: Facts, area: str, pages: int) -> Verdict:
    allocated = _difference(facts, f"/sys/kernel/mm/cma/{area}/alloc_pages_success")
    released = _difference(facts, f"/sys/kernel/mm/cma/{area}/release_pages_success")
    if allocated is None:
        return question.skipped("no counters (CONFIG_CMA_SYSFS, Linux 5.13 and later)")
    shown = f"{pages} pages traced, {allocated} more counted as allocated"
    if released is not None:
        shown += f", {released} as released"
    if allocated < pages or (released is not None and released < pages):
        return question.failed(shown, cause=CMA_COUNTERS.here("trace events and counters of CMA disagree"))
    return question.passed(shown)


def _difference(facts: Facts, path: str) -> int | None:
    """How much the number grew between its last two readings, before and after the buffers were traced."""
    readings = [parse_number(entry.text().strip()) for entry in facts.record.readings(path)[-2:]]
    before, after = readings if len(readings) == 2 else (None, None)
    return None if before is None or after is None else after - before
