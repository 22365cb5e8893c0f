"""Do the heap tests leave buffers behind?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bringup.causes.known.buffers import BUFFERS_LEFT_BEHIND
from bringup.checks.registry import Question, check
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.holders.buffer_lists import Buffer
from bringup.facts.holders.snapshots import Snapshot, snapshots
from bringup.results.verdict import Verdict
from bringup.text import pluralize, visible

#: How the test allocator is called on a board; the kernel cuts a name after 15 bytes.
_OWN = "bringup-"
_SHOWN = 8


@check(
    "buffers.left",
    "The heap tests leave no buffer behind",
    asks="Compares who holds buffers after the heap tests with who held them before. Fails for a buffer that a process "
    "of the tests still holds, and for a new one that no process holds where nobody else uses buffers; warns of such a "
    "one where others do, as it may be theirs.",
    why="The tests close all that they allocate. A buffer that stays is memory that the kernel lost.",
    source="drivers/dma-buf/dma-buf.c of Linux 5.10, 6.12 and 7.3: dma_buf_release",
    since="any; what no process holds: with debugfs, the BPF iterator, or sysfs",
)
def left_buffers(question: Question, facts: Facts) -> Iterator[Verdict]:
    walks = snapshots(facts)
    if not facts.record.results:
        yield question.skipped("no heap was tested")
    elif not walks:
        yield question.skipped("this record is older than the question")
    elif len(walks) < 2:
        yield question.unknown("the record ends before buffers were looked for after the tests")
    else:
        yield from _compared(question, walks[0], walks[-1])


def _compared(question: Question, before: Snapshot, after: Snapshot) -> Iterator[Verdict]:
    left = dict.fromkeys(inode for inode in _held_by_us(after) if inode not in before.held)
    own = [after.held.get(inode, Buffer(inode, None)) for inode in left]
    why_unknown = _why_unknown(before, after)
    unheld = () if why_unknown else _new_unheld(before, after)
    there = f"before the tests: {_sum([*before.held.values()])}, held by {pluralize(_holding(before), 'process')}"
    if own or (unheld and not _holding(before) and not _others(after)):
        yield question.failed(
            *(f"held by a process of the tests: {_sum(own)}" for _ in own[:1]),
            *(f"held by no process, and new: {_sum(unheld)}" for _ in unheld[:1]),
            *map(_shown, (*own, *unheld)[:_SHOWN]),
            cause=BUFFERS_LEFT_BEHIND.here(),
        )
    elif unheld:
        yield question.warned(
            f"held by no process, and new: {_sum(unheld)}; others use buffers too, and it may be theirs",
            *map(_shown, unheld[:_SHOWN]),
            remedy=["bringup heap holders shows whether they are still there"],
        )
    elif hidden := before.why_hidden or after.why_hidden:
        yield question.skipped(hidden)
    elif after.listed is None and before.listed is None:
        yield question.skipped("the kernel has no list that shows buffers that no process holds")
    elif why_unknown:
        yield question.unknown(why_unknown)
    else:
        held = _sum([*after.held.values()])
        yield question.passed(there, f"after them: {held}; none is new and held by no process")


def _why_unknown(before: Snapshot, after: Snapshot) -> str:
    """Why the buffers that no process holds cannot be compared; empty: they can."""
    for when, snapshot in (("before", before), ("after", after)):
        used = snapshot.used
        if not snapshot.sees_all:
            return f"not every process was looked at {when} the tests"
        if used is None:
            return f"the kernel's list of buffers could not be read {when} the tests"
        if used.why_not:
            return f"{used.source}, read {when} the tests: {used.why_not}"
    return ""


def _new_unheld(before: Snapshot, after: Snapshot) -> tuple[Buffer, ...]:
    known = {*(before.listed or ()), *before.held}
    return tuple(buffer for buffer in after.unheld() or () if buffer.inode not in known)


def _held_by_us(walk: Snapshot) -> Iterator[int]:
    return (inode for process in walk.processes if process.comm.startswith(_OWN) for inode in process.inodes)


def _others(walk: Snapshot) -> bool:
    return any(process.inodes and not process.comm.startswith(_OWN) for process in walk.processes)


def _holding(walk: Snapshot) -> int:
    return sum(bool(process.inodes) for process in walk.processes)


def _sum(buffers: Collection[Buffer]) -> str:
    return f"{pluralize(len(buffers), 'buffer')}, {show_size(sum(buffer.size or 0 for buffer in buffers))}"


def _shown(buffer: Buffer) -> str:
    size = "size unknown" if buffer.size is None else show_size(buffer.size)
    devices = f", attached to {visible(' '.join(buffer.devices))[:200]}" if buffer.devices else ""
    return f"inode {buffer.inode}: {size}, exporter {visible(buffer.exporter or 'unknown')[:64]}{devices}"
