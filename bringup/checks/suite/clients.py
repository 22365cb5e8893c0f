"""What the board's programs complain about: a heap that they open and that is not there, or ION.

A complaint is never more than a warning: the program may have fallen back to something else.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from bringup.allocator.answer import State
from bringup.causes.known.surroundings import CLIENTS_CONFINED, CLIENTS_NO_SUCH_HEAP, CLIENTS_REFUSED, ION_CLIENT
from bringup.checks.registry import Question, check
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.log.android_line import AndroidLine, heap_complaint, read_android_log
from bringup.facts.log.apparmor import Refusal, apparmor_refusals
from bringup.results.verdict import Verdict
from bringup.text import pluralize

_LOGCAT = "/system/bin/logcat"
#: Which other findings of the heap show why it refuses, by errno.
_LOOK_AT = {
    0: "see the other findings of this heap: its mode, its label, its memory",
    errno.ENOMEM: "see the other findings of this heap: how much memory it has, and whether it is in one piece",
    errno.EACCES: "see the other findings of this heap: its mode and its label",
    errno.EPERM: "see the other findings of this heap: its mode and its label",
    errno.ENOENT: "the node came after the program: wait for it, or load the heap's module earlier",
}
#: libion, and programs that open the node themselves.
_ION_WANTED = re.compile(r"open(?:ing)? /dev/ion failed|/dev/ion: No such file|ION_IOC_\w+ failed", re.IGNORECASE)


@check(
    "clients.heaps",
    "No program asks for a heap that it does not get",
    asks="Looks in Android's log (tag DMABUFHEAPS) for heaps that a program asked for and did not get. Then "
    "checks whether these heaps are there. Looks in the kernel's log for heaps that AppArmor refused to a program.",
    why="A HAL has the heap's name in its code; Android's log shows the failures that a user will see.",
    source="AOSP system/memory/libdmabufheap: BufferAllocator.cpp (log tag DMABUFHEAPS); security/apparmor/audit.c of "
    "Linux 5.10, 6.12 and 7.3",
    since="any; Android's log: with Android 12 or later",
)
def heaps(question: Question, facts: Facts) -> Iterator[Verdict]:
    log, confined = _log(facts), list(_confined(question, facts))
    yield from confined
    if log is None and not confined:
        yield question.skipped(_why_no_log(facts))
        return
    missed: dict[str, list[tuple[str, int]]] = {}
    for line in log or ():
        complaint = heap_complaint(line.text)
        if complaint is not None:
            missed.setdefault(complaint.heap, []).append((line.line, complaint.errno))
    for name, lines in missed.items():
        yield _unmet(question.of(name), facts, name, lines)
    if not missed and not confined:
        yield question.passed(f"none of {pluralize(len(log or ()), 'line')} of Android's log complains")


def _confined(question: Question, facts: Facts) -> Iterator[Verdict]:
    """A verdict for each heap that AppArmor refused."""
    by_heap: dict[str, list[Refusal]] = {}
    for refusal in apparmor_refusals(facts):
        by_heap.setdefault(refusal.heap, []).append(refusal)
    for heap, refusals in by_heap.items():
        profiles = ", ".join(dict.fromkeys(refusal.profile for refusal in refusals))
        cause = CLIENTS_CONFINED.here(f"AppArmor refused {profiles} the heap {heap}")
        fix = (step.replace("/NAME", f"/{heap}") for step in CLIENTS_CONFINED.fix)
        yield question.of(heap).warned(*(refusal.line for refusal in refusals[-4:]), cause=cause, remedy=[*fix])


def _unmet(question: Question, facts: Facts, name: str, lines: list[tuple[str, int]]) -> Verdict:
    there, shown = facts.heap_nodes, [line for line, _ in lines[-4:]]
    if there is not None and name not in there:
        text = f"a program asks for the heap {name}, which is not there"
        names = ", ".join(sorted(there)) or "none"
        remedy = [f"provide {name}, or map its users to another heap (heaps there: {names})"]
        return question.warned(*shown, cause=CLIENTS_NO_SUCH_HEAP.here(text), remedy=remedy)
    code = next((code for _, code in reversed(lines) if code), 0)
    why = f": {errno.errorcode[code]}" if code else ""
    text = f"a program asked for a buffer of the heap {name} and got none{why}"
    return question.warned(*shown, cause=CLIENTS_REFUSED.here(text), remedy=[_LOOK_AT.get(code, _LOOK_AT[0])])


@check(
    "clients.ion",
    "No program asks for ION",
    asks="Looks in Android's log and the kernel's log for programs that failed to open or to use /dev/ion.",
    why="A program that was not moved works on the old kernel and fails on this one. "
    "The error often names another program.",
    source="AOSP system/memory/libion: ion.c; drivers/staging/android/ion, gone from mainline with 5.11",
    since="any",
)
def ion(question: Question, facts: Facts) -> Iterator[Verdict]:
    log = _log(facts)
    said = (*(line.line for line in log or ()), *(facts.dmesg or ()))
    lines = [line for line in said if _ION_WANTED.search(line)]
    if lines:
        node = facts.record.node("/dev/ion")
        there = "and it is there" if node is not None and node.state is State.OK else "which this kernel does not have"
        yield question.warned(
            *lines[-4:],
            cause=ION_CLIENT.here(f"a program still asks for ION, {there}"),
            remedy=ION_CLIENT.fix,
        )
    elif log is None:
        yield question.skipped(_why_no_log(facts))
    else:
        yield question.passed(f"none of {pluralize(len(log), 'line')} of Android's log complains")


def _log(facts: Facts) -> tuple[AndroidLine, ...] | None:
    """The lines of Android's log about heaps; ``None``: there is no such log, or it was not read."""
    ran = facts.record.ran(_LOGCAT)
    if ran is None or ran.state is not State.OK or ran.exit != 0:
        return None
    return tuple(read_android_log(ran.stdout.text()))


def _why_no_log(facts: Facts) -> str:
    ran = facts.record.ran(_LOGCAT)
    if ran is None or ran.state is State.MISSING:
        return f"there is no {_LOGCAT} on this board" if facts.record.hello else f"{HEAP_FOLDER} was not observed"
    return f"{_LOGCAT} did not answer ({ran.state.value})"
