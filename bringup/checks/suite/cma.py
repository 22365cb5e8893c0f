"""CMA: is there enough, was every region taken, did an allocation fail?"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.checks.causes import cma_rejections, why_absent
from bringup.checks.facts import Facts
from bringup.checks.registry import Question, check
from bringup.checks.verdict import Cause, Verdict
from bringup.config.schema import Heap, HeapKind

MIB = 1024 * 1024


@check(
    "cma.size",
    "There is as much CMA as the board config promises",
    why="Camera, display and codecs behind no IOMMU allocate from CMA; too small a pool fails under load only.",
    source="mm/Kconfig CMA_SIZE_MBYTES (default 16), Documentation/admin-guide/kernel-parameters.txt: cma=",
)
def size(ask: Question, facts: Facts) -> Iterator[Verdict]:
    heaps = [heap for heap in (facts.config.heaps if facts.config else ()) if heap.kind is HeapKind.CMA]
    total = facts.meminfo.get("CmaTotal")
    if not heaps:
        why = "no board config says" if facts.config is None else f"{facts.config.name} names no CMA heap"
        yield ask.skipped(f"{why} how much CMA there should be")
    elif not facts.meminfo:
        yield ask.unknown(facts.why_unknown("/proc/meminfo"))
    elif total is None:
        yield _without(ask, facts, "/proc/meminfo has no CmaTotal: this kernel is built without CMA")
    else:
        yield _compare(ask, facts, heaps, total)


def _compare(ask: Question, facts: Facts, heaps: list[Heap], total: int) -> Verdict:
    wanted = sum(heap.region.size or 0 for heap in heaps if heap.region is not None)
    seen = f"CmaTotal {total // MIB} MiB, the board config's CMA regions {wanted // MIB} MiB"
    if total == 0:
        return _without(ask, facts, seen)
    if total >= wanted:
        return ask.passed(seen)
    return ask.failed(
        seen,
        *cma_rejections(facts),
        cause=Cause("cma.too-small", f"CMA is {(wanted - total) // MIB} MiB smaller than promised"),
        remedy=[
            "compare /proc/cmdline (cma=) and CONFIG_CMA_SIZE_MBYTES with the device tree's linux,cma-default node"
        ],
    )


def _without(ask: Question, facts: Facts, seen: str) -> Verdict:
    why = why_absent(facts, HeapKind.CMA)
    evidence = tuple(dict.fromkeys((seen, *(why.evidence if why else ()))))
    return ask.failed(*evidence, cause=why.cause if why else None, remedy=why.remedy if why else ())


@check(
    "cma.rejected",
    "The kernel took every reserved-memory region",
    why="A region with a wrong alignment or an overlap is dropped at boot with one line in the log and no other sign.",
    source="drivers/of/of_reserved_mem.c, kernel/dma/contiguous.c, mm/cma.c of Linux 6.12",
)
def rejected(ask: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.dmesg is None:
        yield ask.unknown(facts.why_unknown("dmesg"), remedy=["run as root: adb root"])
    elif lines := cma_rejections(facts):
        yield ask.failed(
            *lines[:8],
            cause=Cause("cma.region-rejected", "the kernel did not take a reserved-memory region"),
            remedy=["mend the reserved-memory node that the kernel's line names: alignment, size cells or an overlap"],
        )
    else:
        yield ask.passed(f"none of {len(facts.dmesg)} lines of the kernel's log says otherwise")


@check(
    "cma.exhausted",
    "No CMA allocation has failed since boot",
    why="A failed CMA allocation is seen by a user as a black preview or a stuttering codec.",
    source="mm/cma.c: cma_alloc",
)
def exhausted(ask: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.dmesg is None:
        yield ask.unknown(facts.why_unknown("dmesg"), remedy=["run as root: adb root"])
        return
    lines = [line for line in _by_others(facts.dmesg) if "cma_alloc" in line and ("fail" in line or "ret: -" in line)]
    if lines:
        yield ask.warned(
            *lines[-5:],
            cause=Cause("cma.exhausted", f"{len(lines)} CMA allocations failed: the pool is too small or fragmented"),
            remedy=["enlarge the pool, or give the heavy user (camera, display) a region of its own"],
        )
    else:
        yield ask.passed(f"no such line among {len(facts.dmesg)} of the kernel's log")


def _by_others(lines: tuple[str, ...]) -> Iterator[str]:
    """Without what the test allocator caused on purpose: between two lines that it writes to the log itself."""
    ours = False
    for line in lines:
        if line.startswith("bringup: "):
            ours = line.startswith("bringup: exhausts heap ")
        elif not ours:
            yield line
