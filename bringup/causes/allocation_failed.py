"""Why an allocation failed, in the kernel's log or in a heap test."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from msgspec.structs import replace

from bringup.allocator.answer import Result
from bringup.causes.access_denied import why_denied
from bringup.causes.area_not_activated import why_not_activated
from bringup.causes.known.memory import CMA_BUSY, CMA_EXHAUSTED, CMA_FRAGMENTED, HEAP_NO_MEMORY
from bringup.causes.known.nodes import HEAP_DRIVER_GONE, HEAP_NOT_A_HEAP
from bringup.causes.larger_pool import with_size
from bringup.config.units import show_size
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.log.owners import Owner, owners
from bringup.facts.log.readings import KernelLog
from bringup.facts.memory.cma_usage import AreaUse, longest_free_run, use_of
from bringup.facts.memory.default_cma import area_of, default_names, is_cma_heap, is_default
from bringup.outcome import Cause
from bringup.results.verdict import Alternative, Diagnosis
from bringup.text import parse_number

__all__ = ["CmaFailure", "cma_failures", "why_area_failed", "why_cma_failed", "why_test_failed"]

#: The function that logs it is cma_alloc, __cma_alloc in 6.12, __cma_alloc_frozen in 7.2 and 7.3 (mm/cma.c).
_ALLOC_FAILED = re.compile(
    r"cma_alloc(?:_frozen)?: (?:(?P<area>[^:]+): )?alloc failed, req-size: (?P<pages>\d+) pages, ret: -(?P<errno>\d+)"
)
_FREE = re.compile(r"(?:number of available pages|range \d+): (?P<runs>[0-9@+]*)")
_TOTAL = re.compile(r"=> (?P<free>\d+) free of (?P<total>\d+) total pages")
#: How many bytes a heap test asked for when the heap refused.
_REFUSED = re.compile(r"^ALLOC of (\d+) bytes: ENOMEM")
#: A CMA heap aligns a buffer to its size, to 256 pages at most (CONFIG_CMA_ALIGNMENT; kernel/dma/contiguous.c).
_ALIGNMENT = 8
#: So many lines after a failure may list free pages: one per area up to 6.12, later one per range and two more.
_LINES_BELOW = 24
_LOOK_AT_POOL = "/sys/kernel/debug/cma/*/maxchunk, or the line 'number of available pages' in dmesg"


# -- contiguous memory that could not be allocated -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CmaFailure:
    """One allocation that failed, as the kernel logged it.

    :param pages: how many contiguous pages were asked for.
    :param code: errno.
    :param longest: the longest run of free pages at that time; ``free``: how many were free; ``None``: not logged.
    """

    line: str
    area: str | None
    pages: int
    code: int
    longest: int | None = None
    free: int | None = None


def cma_failures(facts: Facts, owner: Owner = Owner.OTHERS) -> tuple[CmaFailure, ...]:
    """The failed CMA allocations in the kernel's log (mm/cma.c: cma_alloc, cma_debug_show_areas).

    Without those of a process that was killed while it waited for its pages: they end with -EINTR (mm/page_alloc.c,
    __alloc_contig_migrate_range, of Linux 5.10, 6.12 and 7.3) and show no want of memory.

    :param owner: whose: without it those that our own tests cannot have caused.
    """
    log = facts.kernel_log or KernelLog(())
    lines = tuple(line.text for line, whose in zip(log.lines, owners(log), strict=True) if whose is owner)
    return tuple(
        _failure(line, match, lines[number + 1 : number + 1 + _LINES_BELOW])
        for number, line in enumerate(lines)
        if (match := _ALLOC_FAILED.search(line)) is not None and parse_number(match["errno"]) != errno.EINTR
    )


def _failure(line: str, match: re.Match[str], below: tuple[str, ...]) -> CmaFailure:
    runs: list[int] = []
    free: int | None = None
    for other in below:
        if free is not None or _ALLOC_FAILED.search(other) is not None:
            break
        listed, total = _FREE.search(other), _TOTAL.search(other)
        runs += [parse_number(run) or 0 for run in re.findall(r"(\d+)@", listed["runs"] if listed else "")]
        free = parse_number(total["free"]) if total else free
    longest = max(runs) if runs else 0 if free == 0 else None
    return CmaFailure(
        line, match["area"], parse_number(match["pages"]) or 0, parse_number(match["errno"]) or 0, longest, free
    )


def why_cma_failed(facts: Facts, failures: tuple[CmaFailure, ...]) -> Diagnosis:
    """Used up, fragmented, or busy with pages that cannot move. The last failure counts: earlier ones may be fixed."""
    last = failures[-1]
    evidence = tuple(failure.line for failure in failures[-5:])
    page = facts.page_size
    where = f" of {last.area}" if last.area else ""
    times = f"{len(failures)} CMA allocations failed" if len(failures) > 1 else "a CMA allocation failed"
    request = f"{show_size(last.pages * page)}{where}"
    if last.code == errno.EBUSY:
        cause = CMA_BUSY.here(f"{times}: CMA could not move pages to make room for {request}")
        return Diagnosis(cause, evidence, CMA_BUSY.fix)
    if last.free is not None and last.longest is not None:
        free, longest = show_size(last.free * page), show_size(last.longest * page)
        seen = f"free at that time: {free}, longest run {longest}; asked for {request}"
        is_fragmented = last.free >= last.pages > last.longest
        cause, known = (
            (_fragmented(times, request), CMA_FRAGMENTED)
            if is_fragmented
            else (_exhausted(times, request), CMA_EXHAUSTED)
        )
        return with_size(facts, Diagnosis(cause, (*evidence, seen), known.fix), last.area)
    why = _used_up_or_fragmented(facts, evidence, times, last.pages * page, request)
    return with_size(facts, why, last.area)


def _exhausted(times: str, request: str) -> Cause:
    return CMA_EXHAUSTED.here(f"{times}: CMA was used up when {request} were asked for")


def _fragmented(times: str, request: str) -> Cause:
    return CMA_FRAGMENTED.here(f"{times}: enough CMA was free, but not contiguous, when {request} were asked for")


def _used_up_or_fragmented(facts: Facts, evidence: tuple[str, ...], times: str, size: int, request: str) -> Diagnosis:
    """Used up or fragmented: the log does not show which. What is free now makes one of the two more likely."""
    free = facts.meminfo.get("CmaFree")
    seen = [] if free is None else [f"CmaFree: {free // 1024} kB"]
    longest = longest_free_run(facts)
    if longest is not None:
        seen.append(f"longest free run now: {show_size(longest)}")
    exhausted, fragmented = _exhausted(times, request), _fragmented(times, request)
    # If the size of the request is not known, an eighth of the pool is assumed.
    needed = size or facts.meminfo.get("CmaTotal", 0) // 8
    if free is not None and free >= needed and (longest is None or longest < needed):
        other = Alternative(exhausted, f"how much was free when it failed: {_LOOK_AT_POOL}", CMA_EXHAUSTED.fix)
        return Diagnosis(fragmented, (*evidence, *seen), CMA_FRAGMENTED.fix, alternatives=(other,))
    other = Alternative(fragmented, f"the longest free run when it failed: {_LOOK_AT_POOL}", CMA_FRAGMENTED.fix)
    return Diagnosis(exhausted, (*evidence, *seen), CMA_EXHAUSTED.fix, alternatives=(other,))


# -- a heap test that failed ------------------------------------------------------------------------


def why_test_failed(facts: Facts, result: Result) -> Diagnosis:
    """Why a heap test failed; a diagnosis without a cause where the errno does not show it."""
    if result.heap.startswith("ion/") and result.errno != errno.ENOMEM:
        return Diagnosis()  # the rest is about nodes in /dev/dma_heap
    if result.test == "open" and result.errno in (errno.EACCES, errno.EPERM):
        return why_denied(facts, result.heap)
    if result.errno == errno.ENOMEM:
        return _no_memory(facts, result)
    if result.errno == errno.ENOTTY:
        cause = HEAP_NOT_A_HEAP.here(f"{HEAP_FOLDER}/{result.heap} is a node, but not of a heap")
        return Diagnosis(cause, remedy=HEAP_NOT_A_HEAP.fix)
    if result.errno in (errno.ENODEV, errno.ENXIO):
        cause = HEAP_DRIVER_GONE.here(f"{HEAP_FOLDER}/{result.heap} is there, but its driver is not")
        return Diagnosis(cause, remedy=HEAP_DRIVER_GONE.fix)
    return Diagnosis()


def why_area_failed(facts: Facts, heap: str) -> Diagnosis | None:
    """Why allocations from the area behind a CMA heap failed, by the kernel's log; ``None`` if it shows none."""
    if not is_cma_heap(facts, heap):
        return None
    areas = _areas_of(facts, heap)
    failures = tuple(failure for failure in cma_failures(facts) if failure.area in (None, *areas))
    return why_cma_failed(facts, failures) if failures else None


def _no_memory(facts: Facts, result: Result) -> Diagnosis:
    name = result.heap
    if is_cma_heap(facts, name):
        if (never := why_not_activated(facts, _areas_of(facts, name))) is not None:
            return never
        logged = why_area_failed(facts, name)
        if (now := _by_the_area(facts, result)) is None:
            return logged or _used_up_or_fragmented(facts, (), "an allocation failed", 0, "some pages")
        # The log is about earlier allocations: it is evidence only if it shows the same cause.
        if logged is None or logged.cause is None or now.cause is None or logged.cause.id != now.cause.id:
            return now
        return replace(now, evidence=(*now.evidence, *logged.evidence))
    seen = [f"{key}: {facts.meminfo[key] // 1024} kB" for key in ("MemTotal", "MemAvailable") if key in facts.meminfo]
    cause = HEAP_NO_MEMORY.here("the heap had no memory left")
    return Diagnosis(cause, tuple(seen), HEAP_NO_MEMORY.fix)


def _areas_of(facts: Facts, heap: str) -> tuple[str, ...]:
    """The names that the area behind a heap can have, the heap's own first."""
    others = default_names(facts) if is_default(facts, heap) else ()
    return tuple(dict.fromkeys((heap, area_of(heap), *others)))


def _by_the_area(facts: Facts, result: Result) -> Diagnosis | None:
    """The diagnosis from what was free in the area just before the tests; ``None`` if that does not show the cause."""
    area, refused = use_of(facts, *_areas_of(facts, result.heap)), _REFUSED.match(result.seen)
    if area is None or refused is None:
        return None
    # Sizes go into the evidence, not the cause, so that tests with one cause become one finding.
    pages, failed, seen = (
        -(-(parse_number(refused[1]) or 0) // facts.page_size),
        f"an allocation failed: {result.heap}",
        (_shown(area),),
    )
    if area.free < pages * facts.page_size:
        why = Diagnosis(CMA_EXHAUSTED.here(f"{failed} was used up"), seen, CMA_EXHAUSTED.fix)
        return with_size(facts, why, area_of(result.heap))
    if area.longest is None:
        return None
    if area.longest < pages * facts.page_size:
        cause = CMA_FRAGMENTED.here(f"{failed} had enough free, but not contiguous")
        return with_size(facts, Diagnosis(cause, seen, CMA_FRAGMENTED.fix), area_of(result.heap))
    aligned = min(1 << (pages - 1).bit_length(), 1 << _alignment(facts))
    if area.longest < (pages + aligned - 1) * facts.page_size:
        return None
    cause = CMA_BUSY.here(f"{failed} had room, but pages that lie there could not be moved")
    return Diagnosis(cause, seen, CMA_BUSY.fix)


def _alignment(facts: Facts) -> int:
    value = facts.kernel_config.get("CMA_ALIGNMENT") if facts.kernel_config else None
    alignment = parse_number(value or "", most_digits=2)
    return _ALIGNMENT if alignment is None else alignment


def _shown(area: AreaUse) -> str:
    run = "" if area.longest is None else f", longest run {area.longest // 1024} KiB"
    return f"{area.source}, before the tests: {area.free // 1024} of {area.total // 1024} KiB free{run}"
