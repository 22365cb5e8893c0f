"""What is left of ION, and whether each heap is equal to the ION heap it replaces."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.allocator.answer import State
from bringup.causes.known.surroundings import (
    ION_LEFT,
    ION_LEFT_IN_UEVENTD,
    ION_NOT_ALL_KNOWN,
    ION_NOT_EQUIVALENT,
    ION_WAS_FASTER,
)
from bringup.checks.registry import Question, Role, check
from bringup.config.schema import Heap, IonHeap
from bringup.facts.board import Facts
from bringup.facts.ion_equivalence import ION_LEGACY, comparisons, ion_facts, legacy_note, mappings
from bringup.results.ion import IonComparison, IonFacts, IonPoint, PointResult
from bringup.results.verdict import Verdict
from bringup.text import shell_word

_REMOVED = "ION left mainline with 5.11 (drivers/staging/android/ion) and GKI with android12-5.10"


@check(
    "ion.node",
    "/dev/ion is gone",
    asks="Whether /dev/ion is there although the board config does not expect it.",
    why="While /dev/ion is there, libraries that probe for it keep using it: the board only looks migrated.",
    source=_REMOVED,
    since="any",
)
def node(question: Question, facts: Facts) -> Iterator[Verdict]:
    ion, glob = facts.record.node("/dev/ion"), facts.record.globs.get("/dev/ion")
    planned = facts.config is not None and facts.config.kernel is not None and facts.config.kernel.ion
    if ion is None and (glob is None or glob.state in (State.DENIED, State.FAILED)):
        yield question.unknown(facts.why_unknown("/dev/ion"))
    elif ion is None or ion.state is State.MISSING:
        yield question.passed("/dev/ion is not there")
    elif planned:
        yield question.passed("/dev/ion is there, and the board config expects it, for comparison")
    else:
        yield question.warned(
            "/dev/ion is there",
            cause=ION_LEFT.here("this kernel still has ION"),
            remedy=ION_LEFT.fix,
        )


@check(
    "ion.ueventd",
    "No ueventd.rc has a line for /dev/ion",
    asks="Whether a line of the board's ueventd.rc files is about /dev/ion.",
    why="A line for a node that no longer exists is harmless, but shows that the move was not finished.",
    source="AOSP system/core/rootdir/ueventd.rc",
    since="any",
)
def ueventd(question: Question, facts: Facts) -> Iterator[Verdict]:
    rules = facts.ueventd_rules
    if rules is None:
        yield question.skipped("there is no ueventd.rc on this board")
        return
    left = [rule for rule in rules if rule.pattern == "/dev/ion"]
    if left and not (facts.config and facts.config.kernel and facts.config.kernel.ion):
        places = [rule.place for rule in left]
        cause = ION_LEFT_IN_UEVENTD.here()
        yield question.warned(*places, cause=cause, remedy=[f"remove the line {place}" for place in places])
    else:
        yield question.passed(f"none of {len(rules)} lines names /dev/ion")


@check(
    "ion.heaps",
    "ION lists its heaps",
    asks="Which heaps ION lists (HEAP_QUERY; before 4.12 the masks that answer), with type and id.",
    why="Programs may still use every heap that ION has: each needs a DMA-BUF heap in its place.",
    source="drivers/staging/android/ion/ion.c of Linux 5.10: ION_IOC_HEAP_QUERY; before 4.12 libion's heap masks",
    since="up to 5.10, and vendors' kernels",
    role=Role.ION_COMPARISON,
)
def heaps(question: Question, facts: Facts) -> Iterator[Verdict]:
    ion = facts.record.ion
    if ion is None or ion.state is State.MISSING:
        yield _no_ion(question, facts, "there is no /dev/ion")
    elif ion.state is not State.OK:
        yield question.unknown(f"/dev/ion does not open or does not answer: errno {ion.errno}")
    else:
        known = ion_facts(facts) or IonFacts(None)
        lines = [f"{heap.name}: type {heap.type}, id {heap.id}" for heap in known.heaps]
        yield question.passed(*(lines or ["ION has no heap"]), *legacy_note(facts))


@check(
    "ion.replaced",
    "Each heap is equal to the ION heap it replaces",
    asks="Compares each heap with the ION heap that it replaces, as the board config says: size, zeroing, "
    "cacheability, contiguity, alignment and latency, measured on this board.",
    why="If a heap does less than the ION heap did, its users break in the device, where no other check looks.",
    source="libdmabufheap's MapNameToIonHeap, the board config's 'replaces'; drivers/staging/android/ion of Linux 5.10",
    since="5.6 to 5.10, and vendors' kernels with both",
    role=Role.ION_COMPARISON,
)
def replaced(question: Question, facts: Facts) -> Iterator[Verdict]:
    ion = facts.record.ion
    expected = list(mappings(facts))
    if ion is not None and ion.state is State.OK and expected:
        by_heap = {comparison.heap: comparison for comparison in comparisons(facts)}
        release = facts.version.release if facts.version else None
        for heap, mapping in expected:
            names = heap.names_on(release)
            comparison = next((by_heap[name] for name in names if name in by_heap), None)
            of_heap = question.of(names[0] if names else heap.name)
            if comparison is None:
                yield _missing(of_heap, heap, mapping, facts)
            else:
                yield _compared(of_heap, comparison, facts)
    elif not expected:
        yield question.skipped("the board config names no ION heap that a heap replaces")
    else:
        yield _no_ion(question, facts, "there is no /dev/ion to compare with")


def _no_ion(question: Question, facts: Facts, without: str) -> Verdict:
    """ION cannot be checked: it is not there, or it was not observed."""
    if facts.record.ion is None and facts.record.incomplete:
        return question.unknown(facts.record.incomplete)
    return question.skipped(
        without if facts.record.ion else "the record was made by a version that did not observe ION"
    )


def _missing(question: Question, heap: Heap, mapping: IonHeap, facts: Facts) -> Verdict:
    ion = facts.record.ion
    there = [name for name, _, _ in ion.heaps] if ion else []
    if ion and ion.abi != ION_LEGACY and mapping.name not in there:
        return question.skipped(f"ION has no heap {mapping.name}; it has {', '.join(there) or 'none'}")
    if ion and ion.abi == ION_LEGACY and f"0x{mapping.legacy_mask:x}" not in there:
        return question.skipped(
            f"ION has no heap of mask 0x{mapping.legacy_mask:x}; it has {', '.join(there) or 'none'}"
        )
    return question.unknown(f"{heap.name} is not there; see heap.expected")


def _compared(question: Question, comparison: IonComparison, facts: Facts) -> Verdict:
    lines = [_line(point) for point in comparison.points]
    lines.insert(0, f"ION heap {comparison.ion}, flags 0x{comparison.flags:x}: tested as {comparison.source}")
    lines += legacy_note(facts)
    by_result = {
        result: [point.name for point in comparison.points if point.result is result] for result in PointResult
    }
    unknown = by_result[PointResult.UNKNOWN]
    if comparison.equivalent is False:
        worse = [name for kind in (PointResult.WORSE, PointResult.DIFFERENT) for name in by_result[kind]]
        points = ", ".join(name for name in worse if name != "latency")
        cause = ION_NOT_EQUIVALENT.here(f"{comparison.heap} is not what {comparison.ion} was: {points}")
        return question.failed(*lines, cause=cause, remedy=_fix(comparison))
    if {"size", "zeroing"} & set(unknown):
        hint = f"to test only it: bringup heap test --heap {shell_word(comparison.source)}"
        return question.unknown(facts.record.incomplete or f"not known: {', '.join(unknown)}", *lines, remedy=[hint])
    if comparison.equivalent is None:
        cause = ION_NOT_ALL_KNOWN.here(f"equal as far as this board shows; not known: {', '.join(unknown)}")
        return question.warned(*lines, cause=cause)
    if "latency" in by_result[PointResult.WORSE]:
        return question.warned(
            *lines, cause=ION_WAS_FASTER.here(f"{comparison.heap} is equal, but slower to allocate from")
        )
    return question.passed(*lines)


def _line(point: IonPoint) -> str:
    sides = f": ION {point.ion or '–'} | heap {point.heap or '–'}" if point.ion or point.heap else ""
    return f"{point.name} {'not known' if point.result is PointResult.UNKNOWN else point.result}{sides} ({point.why})"


def _fix(comparison: IonComparison) -> list[str]:
    bad = {point.name for point in comparison.points if point.result in (PointResult.WORSE, PointResult.DIFFERENT)}
    fixes = {
        "cacheability": "map the ION heap to a heap of its kind (cached: system, uncached: system-uncached), or give "
        "its users DMA_BUF_IOCTL_SYNC",
        "contiguity": "map the ION heap to a CMA or carve-out heap, whose buffers are contiguous",
        "alignment": "map the ION heap to a heap whose region is aligned as its devices need",
        "zeroing": f"see allocator.zero.fresh and allocator.zero.reuse on {comparison.heap}",
        "size": f"see allocator.size.lseek and allocator.size.rounding on {comparison.heap}",
    }
    return [text for name, text in fixes.items() if name in bad]
