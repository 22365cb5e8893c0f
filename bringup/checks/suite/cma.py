"""CMA: is there enough, did the kernel accept every region, did an allocation fail?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bringup.causes.allocation_failed import cma_failures, why_cma_failed
from bringup.causes.heap_absent import why_absent, why_not_reserved
from bringup.causes.known.memory import CMA_LOW_MEMORY, CMA_TOO_SMALL
from bringup.causes.no_root import ways_to_root
from bringup.causes.region_rejected import region_rejected, rejections
from bringup.checks.registry import Question, check
from bringup.config.schema import Heap, HeapKind
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.log.owners import Owner
from bringup.facts.memory.default_cma import cma_parameters
from bringup.facts.memory.memory_map import memory_facts
from bringup.facts.memory.region_log import is_empty, pools_not_made
from bringup.facts.memory.reserved_memory import observed_nodes
from bringup.results.memory import RegionKind
from bringup.results.verdict import Diagnosis, Outcome, Verdict

MIB = 1 << 20


@check(
    "cma.size",
    "There is as much CMA as the board config expects",
    asks="Compares CmaTotal in /proc/meminfo with the sum of the CMA regions in the board config.",
    why="Camera, display and codecs without an IOMMU use CMA. A pool that is too small fails under load only.",
    source="kernel/dma/Kconfig of Linux 5.10, 6.12 and 7.3: CMA_SIZE_MBYTES (default 16; 0 on x86); "
    "Documentation/admin-guide/kernel-parameters.txt: cma=",
    since="any",
)
def size(question: Question, facts: Facts) -> Iterator[Verdict]:
    heaps = [heap for heap in (facts.config.heaps if facts.config else ()) if heap.kind is HeapKind.CMA]
    total = facts.meminfo.get("CmaTotal")
    if not heaps:
        why = "no board config says" if facts.config is None else f"{facts.config.name} names no CMA heap"
        yield question.skipped(f"{why} how much CMA there should be")
    elif not facts.meminfo:
        yield question.unknown(facts.why_unknown("/proc/meminfo"))
    elif total is None:
        yield _without(question, facts, heaps[0], "/proc/meminfo has no CmaTotal: this kernel is built without CMA")
    else:
        yield _compare(question, facts, heaps, total)


def _compare(question: Question, facts: Facts, heaps: list[Heap], total: int) -> Verdict:
    expected = sum(heap.region.size or 0 for heap in heaps if heap.region is not None)
    seen = f"CmaTotal {show_size(total)}, the board config's CMA regions {show_size(expected)}"
    if total == 0:
        return _without(question, facts, heaps[0], seen)
    if total >= expected:
        return question.passed(seen)
    return question.because(Outcome.FAIL, _too_small(facts, heaps, expected - total), seen)


def _too_small(facts: Facts, heaps: list[Heap], missing: int) -> Diagnosis:
    """The cause is a region that was rejected or is not in the device tree; else the sizes themselves."""
    for heap in heaps:
        why = why_not_reserved(facts, heap)
        if why is not None:
            return why
    parameter = (cma_parameters(facts) or (None,))[-1]
    config = facts.kernel_config
    set_by = parameter or (config.line("CMA_SIZE_MBYTES") if config and config.get("CMA_SIZE_MBYTES") else None)
    cause = CMA_TOO_SMALL.here(f"CMA is {show_size(missing)} smaller than the board config expects")
    words = (
        f"{parameter} sets the size of the default area: raise or drop it"
        if parameter
        else ("compare CONFIG_CMA_SIZE_MBYTES and the device tree's linux,cma-default node with the board config")
    )
    return Diagnosis(cause, tuple(filter(None, [set_by])), (words,))


def _without(question: Question, facts: Facts, heap: Heap, seen: str) -> Verdict:
    return question.because(Outcome.FAIL, why_absent(facts, HeapKind.CMA, heap), seen)


@check(
    "cma.low-memory",
    "CMA leaves the kernel enough low memory",
    asks="On a 32-bit kernel with high memory: whether CMA areas take more than half of LowTotal in /proc/meminfo. An "
    "error if they may, and it is not known which of them lie in low memory.",
    why="Only low memory holds the kernel's own data, and none of that may lie in CMA. A board with more RAM needs "
    "more of it, so what boots with 4 GiB panics with 8 GiB.",
    source="fs/proc/meminfo.c and mm/page_alloc.c of Linux 5.10, 6.12 and 7.3: only movable pages come from CMA",
    since="any, 32-bit with CONFIG_HIGHMEM",
)
def low_memory(question: Question, facts: Facts) -> Iterator[Verdict]:
    low, cma = facts.meminfo.get("LowTotal"), facts.meminfo.get("CmaTotal")
    if not facts.meminfo:
        yield question.unknown(facts.why_unknown("/proc/meminfo"))
    elif not facts.meminfo.get("HighTotal") or not low:
        yield question.skipped("this kernel has no high memory: all of its memory is low")
    elif not cma:
        yield question.skipped("there is no CMA")
    else:
        yield _left(question, facts, low, cma)


def _left(question: Question, facts: Facts, low: int, cma: int) -> Verdict:
    in_low, in_high = _known_places(facts, low)
    most = cma - in_high
    if in_low > min(low, most) or 2 * in_low <= low < 2 * most:
        seen = f"LowTotal {low // MIB} MiB, CmaTotal {cma // MIB} MiB"
        return question.unknown("where the CMA areas lie is not known", seen, remedy=ways_to_root(facts))
    if 2 * most <= low:
        return question.passed(f"LowTotal {low // MIB} MiB, of it CMA at most {most // MIB} MiB")
    text = f"CMA takes {in_low // MIB} of {low // MIB} MiB low memory: {(low - in_low) // MIB} MiB are left"
    seen = f"LowTotal {low // MIB} MiB, of it CMA {in_low // MIB} MiB"
    return question.warned(seen, cause=CMA_LOW_MEMORY.here(f"{text} for the kernel"), remedy=CMA_LOW_MEMORY.fix)


def _known_places(facts: Facts, low: int) -> tuple[int, int]:
    """Bytes of the areas that are known to lie in low memory, and of those in high memory.

    LowTotal lacks what was reserved at boot, and how much of that was low is not known: low memory ends between the
    two places where all of it was high, and where all of it was low. An area lies on one side (mm/cma.c:
    cma_activate_area).
    """
    memory = memory_facts(facts)
    if memory is None:
        return 0, 0
    reserved = sum(end - begin for begin, end in memory.ram) - low - facts.meminfo.get("HighTotal", 0)
    is_whole = reserved >= 0
    first = _place_of(memory.ram, low) if is_whole else low
    last = _place_of(memory.ram, low + reserved) if is_whole else None
    not_made = pools_not_made(facts)
    areas = [region for region in memory.regions if region.kind is RegionKind.CMA and region.name not in not_made]
    return (
        sum(region.end - region.begin for region in areas if region.begin < first),
        sum(region.end - region.begin for region in areas if last is not None and region.begin >= last),
    )


def _place_of(ram: Iterable[tuple[int, int]], size: int) -> int:
    """The address below which there is so much RAM."""
    place = 0
    for begin, end in ram:
        place = min(end, begin + size)
        size -= place - begin
        if size <= 0:
            break
    return place


@check(
    "cma.rejected",
    "The kernel accepted every reserved-memory region",
    asks="Looks in the kernel's log for regions that the kernel rejected, could not place, or found to overlap. Fails "
    "if a pool for buffers is among them; only warns of other regions (firmware, a splash screen). A node of size 0 "
    "reserves nothing and passes.",
    why="A region with a wrong alignment or an overlap is dropped at boot with one line in the log and no other sign.",
    source="drivers/of/of_reserved_mem.c, kernel/dma/contiguous.c and mm/cma.c of Linux 5.10, 6.12 and 7.3",
    since="any",
)
def rejected(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.dmesg is None:
        yield question.unknown(facts.why_unknown("dmesg"), remedy=ways_to_root(facts))
        return
    all_rejected = rejections(facts)
    for outcome, harms in ((Outcome.FAIL, True), (Outcome.WARN, False)):
        if alike := tuple(rejection for rejection in all_rejected if rejection.harms is harms):
            yield question.because(outcome, region_rejected(facts, alike))
    if not all_rejected:
        empty = [node.name for node in observed_nodes(facts) if is_empty(facts, node.name)]
        note = [f"of size 0, so they reserve nothing: {', '.join(empty)}"] if empty else []
        yield question.passed(f"none of {len(facts.dmesg)} lines of the kernel's log rejects a region", *note)


@check(
    "cma.exhausted",
    "No CMA allocation has failed since boot",
    asks="Looks in the kernel's log for failed CMA allocations, except those that the test allocator "
    "caused. Only warns: the program may have fallen back to something else. Skips if a failure may be the test "
    "allocator's: an earlier run was interrupted.",
    why="To a user, a failed CMA allocation is a black preview or stuttering video.",
    source="mm/cma.c of Linux 5.10, 6.12 and 7.3: cma_alloc",
    since="any",
)
def exhausted(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.dmesg is None:
        yield question.unknown(facts.why_unknown("dmesg"), remedy=ways_to_root(facts))
        return
    if failed := cma_failures(facts):
        yield question.because(Outcome.WARN, why_cma_failed(facts, failed))
    elif unclear := cma_failures(facts, Owner.UNKNOWN):
        yield question.skipped(
            f"the kernel's log has {len(unclear)} failed CMA allocations that heap tests of an earlier run may have "
            "caused: the mark where they begin or end is missing. Reboot the board and run again"
        )
    else:
        yield question.passed(f"none of {len(facts.dmesg)} lines of the kernel's log reports one")
