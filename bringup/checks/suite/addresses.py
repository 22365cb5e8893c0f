"""Can the board's devices address the buffers that a heap hands out?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bringup.causes.known.memory import HEAP_ABOVE_LIMIT, HEAP_BEYOND_REACH
from bringup.causes.rendered_lines import basis_of, device_tree
from bringup.checks.registry import Question, check
from bringup.config.schema import DeclaredIn, HeapKind, Range, Region
from bringup.facts.board import Facts
from bringup.results.verdict import Change, Verdict
from bringup.text import parse_number

_RAM = re.compile(r"^ {0,32}([0-9a-f]{1,16})-([0-9a-f]{1,16}) : System RAM", re.MULTILINE)
_GIB = 1024**3
#: Rockchip's RGA driver; kernel/dma/swiotlb.c; kernel/dma/direct.c and direct.h of 5.10 to 7.3, then of 5.4.
_COMPLAINT = re.compile(
    r"memory (?:larger|more) than 4G|swiotlb buffer is full"
    r"|DMA addr \S{1,40} overflow \(mask |overflow \S{1,40} of DMA mask ",
    re.IGNORECASE,
)


@check(
    "heap.addresses",
    "No buffer lies where a device of this board cannot reach it",
    asks="Looks in the kernel's log for devices that got memory which they cannot address. Without such a "
    "line, compares the end of System RAM in /proc/iomem with memory.dma_limit of the board config.",
    why="A device with 32 address bits and no IOMMU fails only on a board with memory above 4 GiB.",
    source="drivers/dma-buf/heaps/system_heap.c of Linux 5.10, 6.12 and 7.3 takes pages of any zone; "
    "kernel/dma/direct.c and swiotlb.c of the same for the lines; the board config's memory.dma_limit",
    since="any",
)
def addresses(question: Question, facts: Facts) -> Iterator[Verdict]:
    complaints = [line for line in facts.dmesg or () if _COMPLAINT.search(line)]
    limit = facts.config.memory.dma_limit if facts.config and facts.config.memory else None
    if complaints:
        yield question.failed(
            *complaints[:4],
            cause=HEAP_ABOVE_LIMIT.here("a device got memory that it cannot address"),
            remedy=_remedy(limit),
            changes=_pool_below(facts, limit),
        )
    elif limit is None:
        yield question.skipped("no board config says that a device cannot address all memory")
    elif (top := _top_of_ram(facts)) is None:
        yield question.unknown("where memory ends is not known: /proc/iomem shows addresses to root only")
    elif top <= limit:
        yield question.passed(f"memory ends at {top:#x}, devices reach {limit:#x}")
    else:
        unlimited = [heap.name for heap in facts.config.heaps if heap.kind is HeapKind.SYSTEM] if facts.config else []
        yield question.warned(
            f"memory ends at {top:#x}, some devices reach only {limit / _GIB:g} GiB",
            cause=HEAP_BEYOND_REACH.here(f"buffers of {', '.join(unlimited) or 'system'} may lie beyond {limit:#x}"),
            remedy=_remedy(limit),
            changes=_pool_below(facts, limit),
        )


def _pool_below(facts: Facts, limit: int | None) -> tuple[Change, ...]:
    """A default CMA area that such devices reach; none where the board config already has one with a base."""
    heaps = [heap for heap in (facts.config.heaps if facts.config else ()) if heap.kind is HeapKind.CMA]
    known = next((heap.region for heap in heaps if heap.region is not None and heap.region.default), None)
    base = (facts.config.memory.base if facts.config and facts.config.memory else None) or 0
    end = limit or 4 * _GIB
    if base >= end or (known is not None and known.base is not None):
        return ()
    size = (known.size if known is not None else None) or 64 * 1024**2
    reachable = Range(base=base, size=end - base)
    region = Region(
        declared_in=DeclaredIn.DEVICE_TREE, size=size, reusable=True, default=True, alloc_ranges=(reachable,)
    )
    return device_tree(basis_of(facts), "linux,cma", region)


def _remedy(limit: int | None) -> list[str]:
    where = f"below {limit:#x}" if limit else "that the device can address"
    return [f"give those devices a CMA heap {where} (alloc-ranges in its reserved-memory node), or an IOMMU"]


def _top_of_ram(facts: Facts) -> int | None:
    ends = [parse_number(end, 16) or 0 for _, end in _RAM.findall(facts.text("/proc/iomem") or "")]
    return max(ends) + 1 if any(ends) else None
