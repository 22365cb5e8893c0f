"""Facts that differ between two runs of a board: the board itself, its heaps, its kernel configuration, its memory.

A fact is neither better nor worse. It is listed beside the verdicts because it often is why a verdict changed.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Iterator

import msgspec

from bringup.outcome import Outcome
from bringup.results.holders import NOT_SEEN, HoldersFacts
from bringup.results.memory import SET_ASIDE, MemoryFacts
from bringup.results.run import BoardRun, HeapFacts

__all__ = ["FactChange", "Subject", "fact_changes"]

# These are new in each run.
_ALWAYS_NEW = frozenset({"observed", "boot"})


class Subject(enum.StrEnum):
    """What a fact is about."""

    BOARD = "board"
    CONFIG = "kernel configuration"
    HEAP = "heap"
    REGION = "memory region"


class FactChange(msgspec.Struct, frozen=True):
    """A fact that differs between the two runs.

    :param name: The board's fact, the requirement, the heap, the region.
    :param aspect: What of it: mode, owner, …; may be empty.
    :param before: In the first run; null: it says nothing about it.
    :param after: In the second run; null: it says nothing about it.
    """

    board: str
    subject: Subject
    name: str
    aspect: str
    before: str | None
    after: str | None


_Facts = dict[tuple[str, str], str]


def fact_changes(before: BoardRun, after: BoardRun) -> Iterator[FactChange]:
    """The facts of a board that differ, subject by subject."""
    subjects = ((Subject.BOARD, _of_board(before), _of_board(after)), *_of_both(before, after))
    for subject, old_facts, new_facts in subjects:
        for key in dict.fromkeys((*old_facts, *new_facts)):
            old, new = old_facts.get(key), new_facts.get(key)
            if old != new:
                yield FactChange(after.serial, subject, *key, old, new)


def _of_both(before: BoardRun, after: BoardRun) -> Iterator[tuple[Subject, _Facts, _Facts]]:
    """Subjects that both runs looked at: what one of them never looked at did not change."""
    if before.requirements and after.requirements:
        yield Subject.CONFIG, _of_config(before), _of_config(after)
    both = {heap.name for heap in _heaps(before)} & {heap.name for heap in _heaps(after)}
    yield Subject.HEAP, _of_heaps(before, both), _of_heaps(after, both)
    if before.holders and after.holders:
        yield Subject.BOARD, _of_holders(before.holders), _of_holders(after.holders)
    if before.memory and after.memory:
        yield Subject.REGION, _of_memory(before.memory), _of_memory(after.memory)


def _of_board(board: BoardRun) -> _Facts:
    own = {"serial": board.serial, "board config": board.config, "kernel": board.kernel}
    in_identity = {name.casefold() for name in board.identity}
    facts = {(name, ""): value for name, value in own.items() if value is not None and name not in in_identity}
    rest = {(name, ""): value for name, value in board.identity.items() if name.casefold() not in _ALWAYS_NEW}
    return facts | rest


def _of_config(board: BoardRun) -> _Facts:
    """What was found for each requirement; of a skipped one only the answer, because its reason names the kernel."""
    return {
        (requirement.id, ""): requirement.answer
        if requirement.outcome is Outcome.SKIP or not requirement.found
        else f"{requirement.answer}: {requirement.found}"
        for requirement in board.requirements
    }


def _heaps(board: BoardRun) -> Iterator[HeapFacts]:
    return (heap for heap in (*board.heaps, *board.ion_heaps) if heap.present)


def _of_heaps(board: BoardRun, both: Collection[str]) -> _Facts:
    """That a heap is present; and, where ``both`` runs have it, its aspects."""
    present = {(heap.name, ""): "present" for heap in _heaps(board)}
    aspects = {
        (heap.name, aspect): value for heap in _heaps(board) if heap.name in both for aspect, value in _aspects(heap)
    }
    return present | aspects


def _aspects(heap: HeapFacts) -> Iterator[tuple[str, str]]:
    aspects = {"mode": heap.mode, "memory": heap.kind, "owner": heap.owner, "SELinux label": heap.label}
    yield from ((aspect, value) for aspect, value in aspects.items() if value)


def _of_memory(memory: MemoryFacts) -> _Facts:
    facts: _Facts = {}
    count: Counter[str] = Counter()
    for region in memory.regions:
        if region.kind in SET_ASIDE:
            count[region.name] += 1
            name = region.name if count[region.name] == 1 else f"{region.name} ({count[region.name]})"
            size = max(0, region.end - region.begin) / (1 << 20)
            facts[name, ""] = f"{region.kind.value}, {size:,.6g} MiB at {region.begin:#x}"
    for unplaced in memory.unplaced:
        facts.setdefault((unplaced.name, ""), "asked for, but not known to be set aside")
    return facts


def _of_holders(holders: HoldersFacts) -> _Facts:
    """Bytes and buffers by the name of who holds them: process ids are others in each run."""
    held: dict[str, list[int]] = {"all": [holders.bytes, holders.buffers]}
    for process in holders.processes:
        if process.buffers:
            sums = held.setdefault(process.package or process.service or process.name, [0, 0])
            sums[0] += process.pss
            sums[1] += process.buffers
    if holders.unheld is not None:
        held["no process"] = [sum(buffer.size or 0 for buffer in holders.unheld), len(holders.unheld)]
    if holders.not_seen:
        held[NOT_SEEN] = [sum(buffer.size or 0 for buffer in holders.not_seen), len(holders.not_seen)]
    return {("buffers held", name): f"{size:,} bytes in {count}" for name, (size, count) in held.items()}
