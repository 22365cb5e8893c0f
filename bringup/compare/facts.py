"""What else two runs tell differently of a board: itself, its heaps, its kernel's configuration, its memory.

A fact is neither better nor worse. It stands beside the answers, because it is where a changed answer often comes from.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bringup.outcome import Outcome
from bringup.results.memory import SET_ASIDE, MemoryFacts
from bringup.results.run import BoardRun, HeapFacts

__all__ = ["FactChange", "Subject", "fact_changes"]

# Of these each run has its own.
_ALWAYS_NEW = frozenset({"observed", "boot"})


class Subject(enum.StrEnum):
    """What a fact is about."""

    BOARD = "board"
    CONFIG = "kernel configuration"
    HEAP = "heap"
    REGION = "memory region"


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that the two runs tell differently.

    :param name: the board's fact, the requirement, the heap, the region; ``aspect``: what of it; may be empty.
    :param before: as the first run tells it; ``None``: it tells nothing of it. ``after``: as the second does.
    """

    board: str
    subject: Subject
    name: str
    aspect: str
    before: str | None
    after: str | None

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FactChange:
        """The reverse of :meth:`to_json`."""
        sides = (None if data[name] is None else str(data[name]) for name in ("before", "after"))
        return cls(str(data["board"]), Subject(data["subject"]), str(data["name"]), str(data["aspect"]), *sides)


_Facts = dict[tuple[str, str], str]


def fact_changes(before: BoardRun, after: BoardRun) -> Iterator[FactChange]:
    """What the second run tells differently of a board than the first, subject by subject."""
    told = ((Subject.BOARD, _of_board(before), _of_board(after)), *_of_both(before, after))
    for subject, old, new in told:
        for key in dict.fromkeys((*old, *new)):
            was, now = old.get(key), new.get(key)
            if was != now:
                yield FactChange(after.serial, subject, *key, was, now)


def _of_both(before: BoardRun, after: BoardRun) -> Iterator[tuple[Subject, _Facts, _Facts]]:
    """Subjects of which both runs tell: what one of them never looked at did not change."""
    if before.requirements and after.requirements:
        yield Subject.CONFIG, _of_config(before), _of_config(after)
    both = {one.name for one in _heaps(before)} & {one.name for one in _heaps(after)}
    yield Subject.HEAP, _of_heaps(before, both), _of_heaps(after, both)
    if before.memory and after.memory:
        yield Subject.REGION, _of_memory(before.memory), _of_memory(after.memory)


def _of_board(board: BoardRun) -> _Facts:
    said = {name.casefold() for name in board.identity}
    own = {"serial": board.serial, "board config": board.config, "kernel": board.kernel}
    known = {(name, ""): value for name, value in own.items() if value is not None and name not in said}
    rest = {(name, ""): value for name, value in board.identity.items() if name.casefold() not in _ALWAYS_NEW}
    return known | rest


def _of_config(board: BoardRun) -> _Facts:
    """What was found for each requirement; of one that was not asked, no more than that: why names the kernel."""
    return {
        (one.id, ""): one.answer if one.outcome is Outcome.SKIP or not one.found else f"{one.answer}: {one.found}"
        for one in board.requirements
    }


def _heaps(board: BoardRun) -> Iterator[HeapFacts]:
    return (heap for heap in (*board.heaps, *board.ion_heaps) if heap.present)


def _of_heaps(board: BoardRun, both: Collection[str]) -> _Facts:
    """That a heap is there; where ``both`` runs have it, what it is like."""
    there = {(heap.name, ""): "present" for heap in _heaps(board)}
    like = {(heap.name, name): told for heap in _heaps(board) if heap.name in both for name, told in _aspects(heap)}
    return there | like


def _aspects(heap: HeapFacts) -> Iterator[tuple[str, str]]:
    if heap.mode is not None:
        yield "mode", f"{heap.mode:04o}"
    told = {"memory": heap.kind, "owner": heap.owner, "SELinux label": heap.label}
    yield from ((aspect, value) for aspect, value in told.items() if value)


def _of_memory(memory: MemoryFacts) -> _Facts:
    found: _Facts = {}
    seen: Counter[str] = Counter()
    for one in memory.regions:
        if one.kind in SET_ASIDE:
            seen[one.name] += 1
            name = one.name if seen[one.name] == 1 else f"{one.name} ({seen[one.name]})"
            size = max(0, one.end - one.begin) / (1 << 20)
            found[name, ""] = f"{one.kind.value}, {size:,.6g} MiB at {one.begin:#x}"
    for gone in memory.unplaced:
        found.setdefault((gone.name, ""), "asked for, and not seen to be set aside")
    return found
