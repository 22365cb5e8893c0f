"""What becomes of a heap that is asked for all that can be had?"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from bringup.allocator.answer import Exhaustion
from bringup.causes.known.buffers import CMA_UNUSABLE, HEAP_LEAK, HEAP_WRONG_ERRNO
from bringup.causes.known.memory import CMA_FRAGMENTED
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.buffer_placement import placements
from bringup.facts.cma_areas import region_of
from bringup.results.verdict import Verdict

MIB = 1024**2
#: Below this share of an area it is no use as the size that the device tree says.
_USABLE = 0.9
#: Below this share of the largest buffer before, the area stays in pieces when all was given back.
_MENDED = 0.75


@check(
    "exhaustion.clean",
    "A heap that is used up says ENOMEM, and all that was taken comes back",
    asks="After a heap was asked for all it may give: was the errno ENOMEM, and is no more than half of what "
    "was held missing 0.5 s after all was closed? A heap that is not CMA is asked for its share of memory only.",
    why="A camera that opens while memory is short must fail alone, and once only: programs try again, or "
    "elsewhere, on ENOMEM only, and memory that does not come back fails the next one.",
    source="drivers/dma-buf/heaps/system_heap.c and cma_heap.c of Linux 5.10, 6.12 and 7.3: -ENOMEM",
)
def clean(ask: Question, facts: Facts) -> Iterator[Verdict]:
    for one in facts.record.exhaustions:
        yield _clean(ask.of(one.heap), one)
    if not facts.record.exhaustions:
        yield ask.skipped("no heap was asked for all it has")


def _name(number: int) -> str:
    return errno.errorcode.get(number, f"errno {number}")


def _clean(ask: Question, one: Exhaustion) -> Verdict:
    shown = f"{_mib(one.held)} held in {one.buffers} buffers, of {_mib(one.free)} free; ended by: {one.stopped}"
    kept = one.free - one.free_after
    if one.stopped == "not tried":
        return ask.skipped(one.seen)
    if one.stopped == "died":
        return ask.unknown("the process that asked for all it has did not come to an end", shown)
    if one.stopped == "error" and one.errno in (errno.EMFILE, errno.ENFILE):
        return ask.unknown(f"no descriptor was left: {_name(one.errno)}", shown)
    if one.stopped == "error":
        seen = f"ALLOC of {one.asked} bytes: expected ENOMEM, got {_name(one.errno)}"
        return ask.failed(seen, shown, cause=HEAP_WRONG_ERRNO.here())
    if kept > one.held // 2:
        seen = f"{_mib(one.free)} were free before, {_mib(one.free_after)} after all was closed"
        return ask.failed(seen, shown, cause=HEAP_LEAK.here("a heap that was used up keeps memory"))
    return ask.passed(shown, f"{_mib(one.free_after)} free after all was closed")


def _mib(size: float) -> str:
    return f"{size / MIB:.4g} MiB"


@check(
    "exhaustion.cma",
    "All of a CMA area can be had",
    asks="How much of a CMA area could be held at once (9 tenths are wanted), and the largest single buffer "
    "before, with every second one given back, and after (3 quarters of the first are wanted). It only warns.",
    why="What the kernel puts there meanwhile has to move when a buffer is wanted; what cannot move is lost to it.",
    source="mm/cma.c: cma_alloc, mm/page_alloc.c: alloc_contig_range, of Linux 5.10, 6.12 and 7.3",
)
def cma(ask: Question, facts: Facts) -> Iterator[Verdict]:
    found = [one for one in facts.record.exhaustions if one.cma]
    for one in found:
        yield _usable(ask.of(one.heap), one, facts)
    if not found:
        yield ask.skipped("no CMA heap was asked for all it has")


def _usable(ask: Question, one: Exhaustion, facts: Facts) -> Verdict:
    if one.stopped != "ENOMEM":
        return ask.skipped(one.seen or f"it was not asked for all it has; ended by: {one.stopped}")
    area = next((placed.traced.area for placed in placements(facts) if placed.heap == one.heap), "")
    region = region_of(facts, area, one.heap)
    size = region.end - region.begin if region else one.free
    pieces = f"{_mib(one.fragmented_free)} free in pieces of {_mib(one.limit / 64)}"
    shown = (
        f"{_mib(one.held)} of {_mib(size)} could be held",
        f"largest single buffer: {_mib(one.largest)}",
        f"with {pieces}: {_mib(one.largest_fragmented)}",
        f"when all was given back: {_mib(one.largest_after)}",
    )
    if one.held < size * _USABLE:
        return ask.warned(
            *shown,
            cause=CMA_UNUSABLE.here(f"{_mib(size - one.held)} of the area cannot be had"),
            remedy=CMA_UNUSABLE.fix,
        )
    came_back = one.free - one.free_after <= one.held // 2
    if came_back and one.largest_after < one.largest * _MENDED:
        return ask.warned(*shown, cause=CMA_FRAGMENTED.here("the area stays in pieces when all was given back"))
    return ask.passed(*shown)
