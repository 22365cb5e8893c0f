"""CMA: is there enough, did the kernel accept every region, did an allocation fail?"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.allocation_failed import cma_failures, why_cma_failed
from bringup.causes.heap_absent import why_absent, why_not_reserved
from bringup.causes.known.memory import CMA_TOO_SMALL
from bringup.causes.no_root import ways_to_root
from bringup.causes.region_rejected import region_rejected, rejections
from bringup.checks.registry import Question, check
from bringup.config.schema import Heap, HeapKind
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.log.owners import Owner
from bringup.facts.memory.default_cma import cma_parameters
from bringup.facts.memory.region_log import is_empty
from bringup.facts.memory.reserved_memory import observed_nodes
from bringup.results.verdict import Diagnosis, Outcome, Verdict


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
    "allocator's: an earlier run was interrupted, or the log has lost where it began.",
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
