"""Does the kernel complain about itself, before, while or after its heaps are tested?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bringup.allocator.answer import Result
from bringup.causes.known.complaints import (
    KERNEL_COMPLAINT,
    KERNEL_COMPLAINT_IN_HEAPS,
    KERNEL_COMPLAINT_IN_TESTS,
)
from bringup.causes.no_root import ways_to_root
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.log.phases import Phase, TestsSpan, tests_span
from bringup.facts.log.running_test import running_test
from bringup.facts.log.splats import Splat, find_splats
from bringup.facts.log.taint import COMPLAINTS, taint
from bringup.results.verdict import Verdict
from bringup.text import pluralize

#: So many complaints have a verdict of their own; a kernel that warns at every frame would have thousands.
_MOST = 8
_FRAMES = 6


@check(
    "kernel.complaints",
    "The kernel does not complain",
    asks="Looks in the kernel's log for warnings, Oopses, reports of KASAN, KFENCE, UBSAN and lockdep, stalls, "
    "lockups, hung tasks, OOM kills and the like, and at the bits of /proc/sys/kernel/tainted. Fails for what was "
    "logged between the two lines that the run writes before and after its tests, and for what a heap, DMA-BUF or "
    "CMA takes part in; warns of all else. An error where lines are missing between the two.",
    why="A kernel that warns, hangs or corrupts memory while a heap is tested is wrong, whatever the test itself says.",
    source="kernel/panic.c, lib/bug.c, mm/kasan/report.c, kernel/locking/lockdep.c and others of Linux 5.10, 6.12 and "
    "7.3; Documentation/admin-guide/tainted-kernels.rst",
    since="any",
)
def complaints(question: Question, facts: Facts) -> Iterator[Verdict]:
    log = facts.kernel_log
    if log is None:
        yield question.unknown(facts.why_unknown("dmesg"), remedy=ways_to_root(facts))
        return
    span, splats = tests_span(log), find_splats(log.lines)
    phases = [Phase.BEFORE if span is None else span.phase(splat.number) for splat in splats]
    verdicts = [*_of_splats(question, facts, zip(phases, splats, strict=True)), *_of_taint(question, facts, phases)]
    verdicts += _of_lost_lines(question, span)
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
    for (phase, _, _), same in ordered[:_MOST]:
        log = facts.kernel_log.lines if facts.kernel_log is not None and phase is Phase.DURING else ()
        yield _of_splat(question, phase, same, running_test(log, facts.record.results, same[0].line))
    if len(ordered) > _MOST:
        text = f"the kernel complained in {pluralize(len(ordered) - _MOST, 'other place')}, too"
        rest = [same[0].name for _, same in ordered[_MOST:]]
        yield question.warned(*rest[:_MOST], cause=KERNEL_COMPLAINT.here(text), remedy=KERNEL_COMPLAINT.fix)


def _of_splat(question: Question, phase: Phase, same: list[Splat], ran: tuple[Result, bool] | None) -> Verdict:
    splat = same[0]
    times = f", {len(same)} times" if len(same) > 1 else ""
    when = phase.value
    if ran is not None:
        test, has_ended = ran
        when = f"{'just after' if has_ended else 'while'} {test.test} ran on {test.heap}"
        question = question.of(test.heap)
    text = f"{splat.name}{times}, {when}"
    if phase is Phase.DURING:
        known, make = KERNEL_COMPLAINT_IN_TESTS, question.failed
    elif splat.is_about_heaps:
        known, make = KERNEL_COMPLAINT_IN_HEAPS, question.failed
    else:
        known, make = KERNEL_COMPLAINT, question.warned
    return make(*_shown(splat), cause=known.here(text), remedy=known.fix)


def _shown(splat: Splat) -> Iterator[str]:
    """The first line, what else it says, who ran, the trace, and the first function of a heap in it."""
    time = "" if splat.line.time is None else f"[{splat.line.time:.6f}] "
    yield f"{time}{splat.line.text.strip()}"
    if splat.detail and splat.detail not in splat.line.text:
        yield splat.detail
    if splat.process:
        yield f"process {splat.process}{'' if splat.pid is None else f' ({splat.pid})'}"
    if splat.frames:
        more = " ← …" if len(splat.frames) > _FRAMES else ""
        yield f"trace: {' ← '.join(splat.frames[:_FRAMES])}{more}"
    if splat.heap_frame:
        yield f"the first function of a heap, DMA-BUF or CMA in it: {splat.heap_frame}"


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
