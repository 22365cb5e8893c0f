"""The plan: what the test allocator is to read and to test, as frozen items and as the bytes it takes on stdin.

The limits are the program's own. It refuses a whole plan that breaks one, so they are checked here, at the mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bringup.allocator.items import (
    MAX_TOTAL_MS,
    MIB,
    Bench,
    Dmesg,
    Files,
    Glob,
    Heaps,
    Ion,
    Item,
    Node,
    Read,
    Reads,
    Run,
    Stress,
    Test,
    Text,
    Tree,
    escape,
    within,
)

__all__ = ["MAX_ITEMS", "MAX_PLAN_BYTES", "Plan"]

MAX_PLAN_BYTES: Final = MIB
MAX_ITEMS: Final = 4096
MAX_STRINGS: Final = 16384
MAX_BYTES: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Items in their order. Each method returns a longer plan; a wrong value raises :class:`ValueError`.

    :param budget_bytes: most bytes held in buffers at a time; never more than half of what is free (0: that).
    :param budget_ms: milliseconds after which no further item is begun; 0: no end.
    """

    budget_bytes: int = 0
    budget_ms: int = 0
    items: tuple[Item, ...] = ()

    def __post_init__(self) -> None:
        within("budget_bytes", self.budget_bytes, 0, MAX_BYTES)
        within("budget_ms", self.budget_ms, 0, MAX_TOTAL_MS)

    def add(self, item: Item) -> Plan:
        """With one more item."""
        return replace(self, items=(*self.items, item))

    def read(self, path: Text, limit: int) -> Plan:
        """With one more file to read."""
        return self.add(Read(path, limit))

    def glob(self, pattern: Text, count: int) -> Plan:
        """With one more pattern to look for."""
        return self.add(Glob(pattern, count))

    def files(self, pattern: Text, count: int, limit: int) -> Plan:
        """With one more pattern whose regular files are read."""
        return self.add(Files(pattern, count, limit))

    def tree(self, path: Text, depth: int, count: int, limit: int) -> Plan:
        """With one more folder whose regular files are read."""
        return self.add(Tree(path, depth, count, limit))

    def node(self, path: Text) -> Plan:
        """With one more path to look at."""
        return self.add(Node(path))

    def run(self, milliseconds: int, limit: int, argv: Sequence[Text]) -> Plan:
        """With one more program to run."""
        return self.add(Run(milliseconds, limit, tuple(argv)))

    def dmesg(self, limit: int) -> Plan:
        """With the kernel's log."""
        return self.add(Dmesg(limit))

    def heaps(self, pattern: Text, *further: Text) -> Plan:
        """With another choice of heaps for what follows."""
        return self.add(Heaps(pattern, further))

    def ion(self) -> Plan:
        """With a look at ION."""
        return self.add(Ion())

    def reads(self, rounds: int) -> Plan:
        """With reads of each heap's buffers timed."""
        return self.add(Reads(rounds))

    def stress(self, seed: int, milliseconds: int = 0) -> Plan:
        """With another seed, or another length, for the tests with many workers."""
        return self.add(Stress(seed, milliseconds))

    def test(self, id: str) -> Plan:  # noqa: A002 - the protocol's word
        """With one more test."""
        return self.add(Test(id))

    def bench(self, rounds: int) -> Plan:
        """With one more timing."""
        return self.add(Bench(rounds))

    def encode(self) -> bytes:
        """The bytes for the program's standard input.

        :raises ValueError: the plan is longer than the program takes, or tests before it names heaps.
        """
        lines = [b"plan\t1", b"budget\t%d\t%d" % (self.budget_bytes, self.budget_ms)]
        chosen = False
        for item in self.items:
            chosen = chosen or isinstance(item, Heaps)
            if not chosen and item.ON_HEAPS:
                raise ValueError(f"{item} comes before any heaps")
            words = [b"%d" % field if isinstance(field, int) else escape(field) for field in item.fields()]
            lines.append(b"\t".join((item.KEYWORD.encode(), *words)))
        encoded = b"\n".join((*lines, b"end", b""))
        strings = sum(not isinstance(field, int) for item in self.items for field in item.fields())
        if len(self.items) >= MAX_ITEMS or len(encoded) > MAX_PLAN_BYTES or strings + len(lines) > MAX_STRINGS:
            raise ValueError(
                f"a plan of {len(self.items)} items, {strings} strings and {len(encoded)} bytes is too long"
            )
        return encoded
