"""The results of the heap tests per heap, and how fast the heaps allocate."""

from __future__ import annotations

from collections.abc import Iterator
from errno import EACCES, EPERM
from fnmatch import fnmatchcase

from msgspec.structs import replace

from bringup.allocator.answer import Result
from bringup.causes.access_denied import why_refusal_is_intended
from bringup.causes.allocation_failed import why_area_failed, why_test_failed
from bringup.causes.known.kernel import KERNEL_DEFECT_RETURNED, KERNEL_KNOWN_DEFECT
from bringup.causes.known.memory import HEAP_SLOW
from bringup.causes.no_root import ways_to_root
from bringup.checks.registry import Question, Role, check
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.heap_tests import ShownDefect, outcome_of, shown_defect, unanswered
from bringup.facts.ion_equivalence import legacy_note
from bringup.facts.latency import latencies_of, latency_facts
from bringup.facts.memory.spare_memory import why_left_out
from bringup.results.verdict import Outcome, Verdict

#: Work on page tables alone cannot make allocating slower than this share of memset's speed.
_EFFICIENCY_FLOOR = 0.3
_JUDGED_FROM = 1024 * 1024


_FREE_MEMORY = "end what holds the memory, or reboot the board; then run again"


@check(
    "allocator",
    "The test allocator's tests pass",
    asks="Reports the result of each heap test on each heap; bringup explain "
    "allocator.ID explains each test. This check itself reports heaps that were not tested, or not to the end.",
    why="The verdict of a test that did not run is not known, and unknown is never a pass.",
    source="include/uapi/linux/dma-heap.h; drivers/dma-buf/dma-heap.c of Linux 5.10, 6.12 and 7.3; "
    "drivers/dma-buf/dma-buf.c of the same; docs/allocator-protocol.md",
    role=Role.HEAP_TESTS,
)
def tests(question: Question, facts: Facts) -> Iterator[Verdict]:
    for result in facts.record.results:
        verdict = _verdict(result, facts)
        note = legacy_note(facts) if result.heap.startswith("ion/") else ()
        yield replace(verdict, evidence=(*verdict.evidence, *note)) if note else verdict
    yield from _cut_short(question, facts)
    if facts.record.incomplete is None or facts.record.out_of_time:
        yield from _unanswered(facts)
    if facts.record.timings and not facts.record.results and facts.record.incomplete is None:
        yield question.skipped("this is a benchmark's record: it ran no heap tests")
        return
    tested = {result.heap for result in facts.record.results}
    untested = sorted(set(facts.heap_nodes or ()) - tested)
    pattern = facts.record.asked_heaps or "*"
    for heap in untested:
        if not fnmatchcase(heap, pattern):
            yield question.of(heap).skipped(f"this run tested only the heaps {pattern}")
            continue
        yield question.of(heap).unknown(facts.record.incomplete or "the test allocator did not test this heap")
    if not tested and pattern != "*" and facts.record.incomplete is None:
        yield question.unknown(f"no heap matches {pattern}: nothing was tested")
    elif not tested and not untested:
        reason = "there is no heap to test"
        yield (
            question.skipped(reason)
            if facts.heap_nodes is not None
            else question.unknown(facts.record.incomplete or reason)
        )


def _cut_short(question: Question, facts: Facts) -> Iterator[Verdict]:
    """Reports the tests that are missing because the test allocator ended during a heap's tests."""
    record = facts.record
    stopped = record.incomplete is not None and record.bye is None
    if stopped and record.results and not (record.latencies or record.timings):
        last = record.results[-1]
        yield question.of(last.heap).unknown(f"the tests after {last.test} are not known: {record.incomplete}")


def _unanswered(facts: Facts) -> Iterator[Verdict]:
    """A verdict for each test that was asked for and has no result: it is unknown, whatever the last line said."""
    reason = facts.record.incomplete or "the test allocator gave no result for it"
    for heap, test in unanswered(facts):
        yield Question(f"allocator.{test.id}", test.asserts, heap).unknown(reason)


def _verdict(result: Result, facts: Facts) -> Verdict:
    outcome = outcome_of(facts, result)
    question = Question(f"allocator.{result.test}", result.asserts, result.heap)
    intended = (
        why_refusal_is_intended(facts, result.heap)
        if result.test == "open" and result.errno in (EACCES, EPERM)
        else None
    )
    if outcome is Outcome.FAIL and intended is not None:
        return question.unknown(intended, *filter(None, [result.seen]), remedy=ways_to_root(facts))
    if outcome is Outcome.ERROR and result.outcome is Outcome.SKIP:
        held = question.unknown(f"the heap's memory is used up: {result.seen}", remedy=[_FREE_MEMORY])
        # The kernel's log may say of which area: then it is one finding with what the log says.
        why = why_area_failed(facts, result.heap)
        return held if why is None else replace(held, evidence=why.evidence, cause=why.cause, remedy=why.remedy)
    if (shown := shown_defect(facts, result)) is not None:
        return _known_defect(question, result, shown)
    if outcome is Outcome.FAIL:
        return question.because(outcome, why_test_failed(facts, result), *filter(None, [result.seen]))
    explained = outcome in (Outcome.SKIP, Outcome.ERROR)
    return Verdict(
        id=question.id,
        title=question.title,
        outcome=outcome,
        heap=result.heap,
        evidence=() if explained or not result.seen else (result.seen,),
        reason=(result.seen or "the test allocator gave no reason") if explained else None,
    )


def _known_defect(question: Question, result: Result, shown: ShownDefect) -> Verdict:
    evidence = (result.seen, f"{shown.defect.title}: {shown.judged.why}", shown.defect.where_fixed)
    if shown.outcome is Outcome.FAIL:
        text = "this kernel's release has the fix of a defect that it still shows: a vendor's change undid the fix"
        return question.failed(*evidence, cause=KERNEL_DEFECT_RETURNED.here(text))
    text = f"known defect of this kernel; it breaks “{result.asserts}”"
    return question.warned(*evidence, cause=KERNEL_KNOWN_DEFECT.here(text))


@check(
    "heap.latency",
    "Allocating is not much slower than memset of the same size",
    asks="Compares the median time of allocating 1 MiB and more with that of memset of the same size, both "
    "measured on the board, in turns. Warns below 0.3 of memset's speed.",
    why="A heap zeroes each buffer, so it cannot beat memset. If it is much slower, something else costs time, "
    "and the camera starts late.",
    source="drivers/dma-buf/heaps/system_heap.c (__GFP_ZERO) and cma_heap.c (memset, clear_pages) of Linux "
    "6.12 and 7.3",
)
def latency(question: Question, facts: Facts) -> Iterator[Verdict]:
    by_heap: dict[str, list[str]] = {}
    slow: dict[str, bool] = {}
    for sample in latencies_of(facts.record):
        times = latency_facts(sample)
        if times is None:
            continue
        ratio = times.memset_p50 / times.alloc_p50 if times.alloc_p50 else 0.0
        by_heap.setdefault(sample.heap, []).append(
            f"{show_size(times.size)}: alloc p50 {times.alloc_p50 / 1000:.1f} µs, p95 {times.alloc_p95 / 1000:.1f} µs, "
            f"memset p50 {times.memset_p50 / 1000:.1f} µs: {ratio:.2f} of memset's speed"
        )
        slow[sample.heap] = slow.get(sample.heap, False) or (times.size >= _JUDGED_FROM and ratio < _EFFICIENCY_FLOOR)
    left_out = why_left_out(facts)
    for heap, lines in by_heap.items():
        lines.extend(filter(None, [left_out]))
        if slow[heap]:
            text = f"allocating is more than {1 / _EFFICIENCY_FLOOR:.0f} times slower than memset"
            yield question.of(heap).warned(*lines, cause=HEAP_SLOW.here(text))
        else:
            yield question.of(heap).passed(*lines)
    if not by_heap:
        yield question.skipped(facts.record.incomplete or left_out or "no heap was timed")
