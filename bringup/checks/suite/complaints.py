"""Does the kernel complain about itself, before, while or after its heaps are tested?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bringup.causes.known.complaints import (
    KERNEL_BUFFER_TOO_LARGE,
    KERNEL_COMPLAINT,
    KERNEL_COMPLAINT_IN_HEAPS,
    KERNEL_COMPLAINT_IN_TESTS,
    KERNEL_CPU_STARVED,
    KERNEL_DIED_IN_TESTS,
)
from bringup.causes.no_root import ways_to_root
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.kernel_death import KernelDeath, kernel_death
from bringup.facts.last_step import last_step
from bringup.facts.log.kernel_line import LogLine
from bringup.facts.log.phases import Phase, TestsSpan, tests_span
from bringup.facts.log.running_test import is_after_all, running_test
from bringup.facts.log.splats import Splat, find_splats
from bringup.facts.log.stalls import is_stall, is_virtual_machine, of_cpu_time
from bringup.facts.log.taint import COMPLAINTS, taint
from bringup.results.verdict import Verdict
from bringup.text import pluralize

#: So many complaints have a verdict of their own; a kernel that warns at every frame would have thousands.
_MOST = 8
_LAST_LINES = 3
#: kernel/dma/direct.c of Linux 5.10, 6.12 and 7.3; arch/arm/mm/dma-mapping.c of 5.10, where there is no LPAE. What
#: else is called ``dma_`` below it has the buffer already (``dma_common_contiguous_remap``), or needs no contiguous
#: one (``iommu_dma_``).
_CONTIGUOUS, _FOR_DMA = ("dma_direct_alloc", "dma_alloc_buffer"), ("dma_", "iommu_dma_")
_SEVERAL_PAGES = re.compile(r"\border:[1-9]")
_LOOK = ("look at the board's console or power, then run again",)
_KEEP = (
    "let the board keep its log over a crash: 'bringup render ramoops --board NAME' writes node and options",
    "or record its console; then run again",
)


@check(
    "kernel.complaints",
    "The kernel does not complain",
    asks="Looks in the kernel's log for warnings, Oopses, reports of KASAN, KFENCE, UBSAN and lockdep, stalls, "
    "lockups, hung tasks, OOM kills and the like, and at the bits of /proc/sys/kernel/tainted. Fails for what was "
    "logged between the two lines that the run writes before and after its tests, and for what a heap, DMA-BUF or "
    "CMA takes part in; warns of all else. On a virtual machine a stall, a lockup, or a hung task without a heap in "
    "its trace, is an error between the two and a warning elsewhere: the host may have been too busy. An error where "
    "lines are missing between the two. Of a board that was lost or rebooted under its tests: what it kept of that in "
    "pstore, /proc/last_kmsg and its boot reason, read as soon as it was back.",
    why="A kernel that warns, hangs or corrupts memory while a heap is tested is wrong, whatever the test itself says.",
    source="kernel/panic.c, lib/bug.c, mm/kasan/report.c, kernel/locking/lockdep.c and others of Linux 5.10, 6.12 and "
    "7.3; Documentation/admin-guide/tainted-kernels.rst",
    since="any",
)
def complaints(question: Question, facts: Facts) -> Iterator[Verdict]:
    log = facts.kernel_log
    lost = list(_of_lost_board(question, facts))
    if log is None:
        yield from lost or [question.unknown(facts.why_unknown("dmesg"), remedy=ways_to_root(facts))]
        return
    span, splats = tests_span(log), find_splats(log.lines)
    phases = [Phase.BEFORE if span is None else span.phase(splat.number) for splat in splats]
    verdicts = [*lost, *_of_splats(question, facts, zip(phases, splats, strict=True))]
    verdicts += _of_taint(question, facts, phases)
    verdicts += _of_lost_lines(question, span)
    if not verdicts and span is None and facts.record.incomplete is not None:
        verdicts.append(question.unknown(f"its log was read before that only: {facts.record.incomplete}"))
    if not verdicts and span is None and facts.record.results:
        verdicts.append(question.skipped("the kernel's log was read before the tests only"))
    yield from verdicts or [_passed(question, facts, span)]


def _passed(question: Question, facts: Facts, span: TestsSpan | None) -> Verdict:
    lines = pluralize(len(facts.dmesg or ()), "line")
    meanwhile = f", {span.end - span.begin} of them while the heaps were tested" if span else ""
    known = taint(facts)
    return question.passed(
        f"none of {lines} of the kernel's log complains{meanwhile}", *([known.shown] if known else [])
    )


# -- complaints in the log -------------------------------------------------------------------------------------------


def _of_splats(question: Question, facts: Facts, splats: Iterable[tuple[Phase, Splat]]) -> Iterator[Verdict]:
    """A verdict for each kind of complaint at each place, those of the tests first."""
    alike: dict[tuple[Phase, str, str], list[Splat]] = {}
    for phase, splat in splats:
        alike.setdefault((phase, splat.kind, splat.where), []).append(splat)
    ordered = sorted(alike.items(), key=lambda item: (item[0][0] is not Phase.DURING, not item[1][0].is_about_heaps))
    is_virtual = is_virtual_machine(facts)
    for (phase, _, _), same in ordered[:_MOST]:
        when, heap = _when(facts, phase, same[0].line)
        shown = (*_shown(same[0]), *of_cpu_time(facts, same[0]))
        if is_virtual and is_stall(same[0]):
            yield _of_stall(question.of(heap), phase, f"{same[0].name}{_times(same)}, {when}", shown)
        else:
            yield _of_splat(question.of(heap), phase, same, when, shown)
    if len(ordered) > _MOST:
        text = f"the kernel complained in {pluralize(len(ordered) - _MOST, 'other place')}, too"
        rest = [same[0].name for _, same in ordered[_MOST:]]
        yield question.warned(*rest[:_MOST], cause=KERNEL_COMPLAINT.here(text), remedy=KERNEL_COMPLAINT.fix)


def _when(facts: Facts, phase: Phase, line: LogLine) -> tuple[str, str | None]:
    """When a line was logged, and the heap that was tested then."""
    log = facts.kernel_log
    if phase is not Phase.DURING or log is None:
        return phase.value, None
    record = facts.record
    ran = running_test(log.lines, record.results, line)
    if ran is not None:
        test, has_ended = ran
        return f"{'just after' if has_ended else 'while'} {test.test} ran on {test.heap}", test.heap
    if record.bye is None and is_after_all(log.lines, record.results, line):
        step = last_step(record, log.lines)
        return step.text, step.heap or None
    return phase.value, None


def _times(same: list[Splat]) -> str:
    return f", {len(same)} times" if len(same) > 1 else ""


def _of_stall(question: Question, phase: Phase, text: str, shown: tuple[str, ...]) -> Verdict:
    """A stall of a virtual machine: its host may have been too busy, so it is not known to be the kernel's."""
    known, text = KERNEL_CPU_STARVED, f"{text}: the host of this virtual machine was too busy, or its kernel is stuck"
    if phase is Phase.DURING:
        return question.unknown(text, *shown, remedy=known.fix)
    return question.warned(*shown, cause=known.here(text), remedy=known.fix)


def _of_splat(question: Question, phase: Phase, same: list[Splat], when: str, shown: tuple[str, ...]) -> Verdict:
    splat = same[0]
    text = f"{splat.name}{_times(same)}, {when}"
    if phase is Phase.DURING:
        known, make = KERNEL_COMPLAINT_IN_TESTS, question.failed
    elif splat.is_about_heaps:
        known, make = KERNEL_COMPLAINT_IN_HEAPS, question.failed
    else:
        known, make = KERNEL_COMPLAINT, question.warned
        if _asks_for_too_much(splat):
            known, who = KERNEL_BUFFER_TOO_LARGE, splat.process or "a driver"
            text = f"{text}: {who} asked for more contiguous memory than there was"
    return make(*shown, cause=known.here(text), remedy=known.fix)


def _asks_for_too_much(splat: Splat) -> bool:
    """Whether the page allocator warns or fails for a buffer of several pages: CMA gave nothing before."""
    fails = splat.kind == "page allocation failure" and _SEVERAL_PAGES.search(splat.line.text) is not None
    frames = [frame.lstrip("_") for frame in splat.frames]
    innermost = next((frame for frame in frames if frame.startswith(_FOR_DMA)), "")
    through_iommu = any(frame.startswith("iommu_dma_") for frame in frames)
    return (
        (fails or splat.place.startswith("mm/page_alloc.c:"))
        and innermost.startswith(_CONTIGUOUS)
        and not through_iommu
    )


def _shown(splat: Splat) -> Iterator[str]:
    """The first line, what else it says, who ran, the trace, and the first function of a heap in it."""
    time = "" if splat.line.time is None else f"[{splat.line.time:.6f}] "
    yield f"{time}{splat.line.text.strip()}"
    if splat.detail and splat.detail not in splat.line.text:
        yield splat.detail
    if splat.process:
        yield f"process {splat.process}{'' if splat.pid is None else f' ({splat.pid})'}"
    if splat.trace:
        yield f"trace: {splat.trace}"
    if splat.heap_frame:
        yield f"the first function of a heap, DMA-BUF or CMA in it: {splat.heap_frame}"


# -- a board that was lost --------------------------------------------------------------------------------------------


def _of_lost_board(question: Question, facts: Facts) -> Iterator[Verdict]:
    """What became of a board that was lost under its tests; nothing where it is as it was."""
    if facts.returned is None:
        return
    death = kernel_death(facts)
    if death is not None:
        yield _of_death(question.of(death.step.heap or None), death, facts.returned)
    elif not facts.returned.record.board.boot_id:
        step = last_step(facts.record)
        reason = f"the board was lost {step.text}: {facts.returned.record.incomplete or 'its boot_id may not be read'}"
        yield question.of(step.heap or None).unknown(reason, *filter(None, [step.shown_by]), remedy=_LOOK)


def _of_death(question: Question, death: KernelDeath, returned: Facts) -> Verdict:
    shown = [*death.reasons, *filter(None, [death.step.shown_by])]
    if death.log is not None and death.splat is None:
        shown += [f"{death.log.path} ends: {line.text.strip()}" for line in death.log.lines[-_LAST_LINES:]]
    if death.splat is None and not death.reasons:
        kept = "what it kept of the log shows no complaint" if death.log else "it kept no log of that boot"
        why = f": {returned.record.incomplete}" if returned.record.incomplete and death.log is None else ""
        return question.unknown(f"the board rebooted {death.step.text}; {kept}{why}", *shown, remedy=_KEEP)
    if death.splat is None or death.log is None:
        cause = KERNEL_DIED_IN_TESTS.here(f"the kernel crashed, or was hung, {death.step.text}")
        return question.failed(*shown, cause=cause, remedy=[*KERNEL_DIED_IN_TESTS.fix, *_KEEP])
    earlier = [f"before it: {splat.name}" for splat in death.earlier[-_LAST_LINES:]]
    cause = KERNEL_DIED_IN_TESTS.here(f"the kernel died {death.step.text}: {death.splat.name}")
    evidence = (death.log.path, *_shown(death.splat), *earlier, *shown)
    return question.failed(*evidence, cause=cause, remedy=KERNEL_DIED_IN_TESTS.fix)


# -- what else shows a complaint -------------------------------------------------------------------------------------


def _of_taint(question: Question, facts: Facts, phases: list[Phase]) -> Iterator[Verdict]:
    """The kernel's taint shows a complaint that the log no longer has."""
    known = taint(facts)
    if known is None:
        return
    if known.new_complaints and Phase.DURING not in phases:
        text = "the kernel's taint says that it complained while the heaps were tested; its log does not show it"
        cause = KERNEL_COMPLAINT_IN_TESTS.here(text)
        yield question.failed(known.shown, cause=cause, remedy=KERNEL_COMPLAINT_IN_TESTS.fix)
    elif known.after & COMPLAINTS and not phases:
        text = "the kernel's taint says that it complained since boot; its log no longer shows it"
        yield question.warned(known.shown, cause=KERNEL_COMPLAINT.here(text), remedy=["reboot, then run again"])


def _of_lost_lines(question: Question, span: TestsSpan | None) -> Iterator[Verdict]:
    if span is not None and span.lost != 0:
        count = "lines" if span.lost is None else pluralize(span.lost, "record")
        yield question.unknown(
            f"{count} of the kernel's log that were written while the heaps were tested are missing",
            remedy=["give the kernel a larger log: log_buf_len=4M on its command line; then run again"],
        )
