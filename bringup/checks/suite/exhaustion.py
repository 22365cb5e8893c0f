"""Does a heap that is used up fail cleanly, and give its memory back?"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from bringup.allocator.answer import Exhaustion
from bringup.causes.known.buffers import CMA_UNUSABLE, HEAP_LEAK, HEAP_WRONG_ERRNO
from bringup.causes.known.memory import CMA_FRAGMENTED
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.memory.buffer_placement import placements
from bringup.facts.memory.cma_areas import region_of
from bringup.results.verdict import Verdict

MIB = 1024**2
#: Below this share, the part of an area that can be allocated is smaller than the device tree says.
_USABLE = 0.9
#: If the largest buffer at the end is below this share of the largest at first, the area stays fragmented.
_WHOLE_AGAIN = 0.75
#: What the test allocator says where the heap has nothing left to give.
_NOTHING_FREE = "less than a page may be held"


@check(
    "exhaustion.clean",
    "A heap that is used up returns ENOMEM, and all its memory comes back",
    asks="Allocates until the heap is used up (without CMA: up to its share of memory). Was the errno ENOMEM? "
    "Is no more than half of the held memory missing after all buffers were closed, and up to 2 s were waited for it?",
    why="A camera that opens while memory is short must fail alone, and only once. Programs try again, or try "
    "another heap, on ENOMEM only; and if memory does not come back, the next program fails.",
    source="drivers/dma-buf/heaps/system_heap.c and cma_heap.c of Linux 5.10, 6.12 and 7.3: -ENOMEM",
)
def clean(question: Question, facts: Facts) -> Iterator[Verdict]:
    for exhaustion in facts.record.exhaustions:
        yield _clean(question.of(exhaustion.heap), exhaustion)
    missing = _not_answered(facts)
    for heap in missing:
        reason = "the test allocator was to use this heap up, and says nothing of it"
        yield question.of(heap).unknown(facts.record.incomplete or reason)
    if not facts.record.exhaustions and not missing:
        yield question.skipped("no heap was used up")


def _not_answered(facts: Facts) -> list[str]:
    """The heaps that were to be used up and have no answer, although the test allocator ended well."""
    record = facts.record
    if not record.asked_exhaustion or (record.incomplete is not None and not record.out_of_time):
        return []
    answered = {exhaustion.heap for exhaustion in record.exhaustions}
    asked = (heap for heap in record.tested_heaps if not heap.startswith(("ion/", "protected,", "restricted,")))
    return sorted(heap for heap in asked if heap not in answered)


def _name(number: int) -> str:
    return errno.errorcode.get(number, f"errno {number}")


def _clean(question: Question, exhaustion: Exhaustion) -> Verdict:
    held = f"{_mib(exhaustion.held)} held in {exhaustion.buffers} buffers, of {_mib(exhaustion.free)} free"
    shown = f"{held}; ended by: {exhaustion.stopped}"
    kept = exhaustion.free - exhaustion.free_after
    if exhaustion.stopped == "not tried" and exhaustion.seen == _NOTHING_FREE:
        return question.unknown(f"the heap's memory is used up: {exhaustion.seen}")
    if exhaustion.stopped == "not tried":
        return question.skipped(exhaustion.seen)
    if exhaustion.stopped == "died":
        return question.unknown("the process that used the heap up did not finish", shown)
    if exhaustion.stopped == "error" and exhaustion.errno in (errno.EMFILE, errno.ENFILE):
        return question.unknown(f"no file descriptor was left: {_name(exhaustion.errno)}", shown)
    if exhaustion.stopped == "error":
        seen = f"ALLOC of {exhaustion.asked} bytes: expected ENOMEM, got {_name(exhaustion.errno)}"
        return question.failed(seen, shown, cause=HEAP_WRONG_ERRNO.here())
    if kept > exhaustion.held // 2:
        seen = f"{_mib(exhaustion.free)} were free before, {_mib(exhaustion.free_after)} after all was closed"
        return question.failed(seen, shown, cause=HEAP_LEAK.here("a heap that was used up keeps memory"))
    return question.passed(shown, f"{_mib(exhaustion.free_after)} free after all was closed")


def _mib(size: float) -> str:
    return f"{size / MIB:.4g} MiB"


@check(
    "exhaustion.cma",
    "All of a CMA area can be allocated",
    asks="How much of a CMA area could be held at once (9 tenths are expected), and the largest single buffer: "
    "before, with every second buffer freed, and after (3 quarters of the first are expected). Only warns.",
    why="The kernel lends unused pages of the area to others. Pages that it cannot move back are lost for buffers.",
    source="mm/cma.c: cma_alloc, mm/page_alloc.c: alloc_contig_range, of Linux 5.10, 6.12 and 7.3",
)
def cma(question: Question, facts: Facts) -> Iterator[Verdict]:
    of_cma = [exhaustion for exhaustion in facts.record.exhaustions if exhaustion.cma]
    for exhaustion in of_cma:
        yield _usable(question.of(exhaustion.heap), exhaustion, facts)
    if not of_cma:
        yield question.skipped("no CMA heap was used up")


def _usable(question: Question, exhaustion: Exhaustion, facts: Facts) -> Verdict:
    if exhaustion.stopped != "ENOMEM":
        return question.skipped(exhaustion.seen or f"it was not used up; ended by: {exhaustion.stopped}")
    area = next((placed.traced.area for placed in placements(facts) if placed.heap == exhaustion.heap), "")
    region = region_of(facts, area, exhaustion.heap)
    size = region.end - region.begin if region else exhaustion.free
    gaps = f"{_mib(exhaustion.fragmented_free)} free in gaps of {_mib(exhaustion.limit / 64)}"
    shown = (
        f"{_mib(exhaustion.held)} of {_mib(size)} could be held",
        f"largest single buffer: {_mib(exhaustion.largest)}",
        f"with {gaps}: {_mib(exhaustion.largest_fragmented)}",
        f"after all were freed: {_mib(exhaustion.largest_after)}",
    )
    if exhaustion.held < size * _USABLE:
        return question.warned(
            *shown,
            cause=CMA_UNUSABLE.here(f"{_mib(size - exhaustion.held)} of the area cannot be allocated"),
            remedy=CMA_UNUSABLE.fix,
        )
    came_back = exhaustion.free - exhaustion.free_after <= exhaustion.held // 2
    if came_back and exhaustion.largest_after < exhaustion.largest * _WHOLE_AGAIN:
        return question.warned(
            *shown, cause=CMA_FRAGMENTED.here("the area stays fragmented after all buffers were freed")
        )
    return question.passed(*shown)
