"""The plan: what the test allocator is to read and to test, as frozen items and as the bytes it takes on stdin.

The limits are the program's own. It refuses a whole plan that breaks one, so they are checked here, at the mistake.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Protocol

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_ITEMS",
    "MAX_NODES",
    "MAX_OUTPUT_BYTES",
    "MAX_PLAN_BYTES",
    "MAX_ROUNDS",
    "Bench",
    "Dmesg",
    "Files",
    "Glob",
    "Heaps",
    "Ion",
    "Item",
    "Node",
    "Plan",
    "Read",
    "Reads",
    "Run",
    "Stress",
    "Test",
    "Tree",
    "escape",
]

MIB: Final = 1024 * 1024
MAX_PLAN_BYTES: Final = MIB
MAX_ITEMS: Final = 4096
MAX_STRINGS: Final = 16384
MAX_PATH_BYTES: Final = 4095
MAX_FILE_BYTES: Final = 4 * MIB
MAX_OUTPUT_BYTES: Final = 2 * MIB
MAX_NODES: Final = 65536
MAX_DEPTH: Final = 32
MAX_RUN_MS: Final = 600_000
MAX_ROUNDS: Final = 1000
MAX_TOTAL_MS: Final = 86_400_000
MAX_STRESS_MS: Final = 20_000
MAX_SEED: Final = 2**32 - 1
MAX_BYTES: Final = 2**64 - 1
_ON_HEAPS: Final = frozenset({"test", "reads", "bench", "measure", "pages", "exhaust"})

_ESCAPED = re.compile(rb"[\x00-\x1f\x7f-\xff\\]")
_SHORT = {b"\t": rb"\t", b"\n": rb"\n", b"\\": rb"\\"}


def escape(text: str | bytes) -> bytes:
    """One field: printable ASCII as it is, any other byte as ``\\t``, ``\\n``, ``\\\\`` or ``\\xNN``.

    :param text: a string is taken as the bytes it is in a file name (UTF-8, ``surrogateescape``).
    :raises ValueError: it holds a NUL, which no path and no argument can.
    """
    raw = os.fsencode(text) if isinstance(text, str) else text
    if b"\0" in raw:
        raise ValueError(f"a NUL byte in {text!r}")
    return _ESCAPED.sub(lambda match: _SHORT.get(match.group(), b"\\x%02x" % match.group()[0]), raw)


class Item(Protocol):
    """One line of a plan."""

    KEYWORD: ClassVar[str]

    def fields(self) -> tuple[str | bytes | int, ...]:
        """The fields after the keyword, in the protocol's order."""


def _path(value: str | bytes) -> None:
    if not 0 < len(os.fsencode(value)) <= MAX_PATH_BYTES:
        raise ValueError(f"a path or pattern has 1 to {MAX_PATH_BYTES} bytes, not {value!r}")
    escape(value)


def _within(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ValueError(f"{name} is {lowest} to {highest}, not {value}")


@dataclass(frozen=True, slots=True)
class Read:
    """The bytes of one regular file, at most ``limit``."""

    KEYWORD: ClassVar[str] = "read"
    path: str | bytes
    limit: int

    def __post_init__(self) -> None:
        _path(self.path)
        _within("limit", self.limit, 1, MAX_FILE_BYTES)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Path, most bytes."""
        return (self.path, self.limit)


@dataclass(frozen=True, slots=True)
class Glob:
    """Which paths exist, each as a node, at most ``count``."""

    KEYWORD: ClassVar[str] = "glob"
    pattern: str | bytes
    count: int

    def __post_init__(self) -> None:
        _path(self.pattern)
        _within("count", self.count, 1, MAX_NODES)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Pattern, most paths."""
        return (self.pattern, self.count)


@dataclass(frozen=True, slots=True)
class Files:
    """The regular files that match, at most ``count``, at most ``limit`` bytes each."""

    KEYWORD: ClassVar[str] = "files"
    pattern: str | bytes
    count: int
    limit: int

    def __post_init__(self) -> None:
        _path(self.pattern)
        _within("count", self.count, 1, MAX_NODES)
        _within("limit", self.limit, 1, MAX_FILE_BYTES)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Pattern, most paths, most bytes a file."""
        return (self.pattern, self.count, self.limit)


@dataclass(frozen=True, slots=True)
class Tree:
    """Every regular file below ``path``; ``depth`` 1 is what lies directly in it."""

    KEYWORD: ClassVar[str] = "tree"
    path: str | bytes
    depth: int
    count: int
    limit: int

    def __post_init__(self) -> None:
        _path(self.path)
        _within("depth", self.depth, 1, MAX_DEPTH)
        _within("count", self.count, 1, MAX_NODES)
        _within("limit", self.limit, 1, MAX_FILE_BYTES)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Path, depth, most paths, most bytes a file."""
        return (self.path, self.depth, self.count, self.limit)


@dataclass(frozen=True, slots=True)
class Node:
    """Mode, owner, device number, label and link target of one path."""

    KEYWORD: ClassVar[str] = "node"
    path: str | bytes

    def __post_init__(self) -> None:
        _path(self.path)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Path."""
        return (self.path,)


@dataclass(frozen=True, slots=True)
class Run:
    """A program without a shell, killed after ``milliseconds``; of either output at most ``limit`` bytes."""

    KEYWORD: ClassVar[str] = "run"
    milliseconds: int
    limit: int
    argv: tuple[str | bytes, ...]

    def __post_init__(self) -> None:
        _within("milliseconds", self.milliseconds, 1, MAX_RUN_MS)
        _within("limit", self.limit, 1, MAX_OUTPUT_BYTES)
        if not self.argv:
            raise ValueError("a program to run has a name")
        for argument in self.argv:
            escape(argument)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Time limit, most bytes, the program and its arguments."""
        return (self.milliseconds, self.limit, *self.argv)


@dataclass(frozen=True, slots=True)
class Dmesg:
    """The kernel's log, its newest ``limit`` bytes."""

    KEYWORD: ClassVar[str] = "dmesg"
    limit: int

    def __post_init__(self) -> None:
        _within("limit", self.limit, 1, MAX_FILE_BYTES)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Most bytes."""
        return (self.limit,)


@dataclass(frozen=True, slots=True)
class Heaps:
    """Which heaps the tests and timings after it run on; ION's are ``ion/NAME``, ``ion/NAME/cached``, …."""

    KEYWORD: ClassVar[str] = "heaps"
    pattern: str | bytes
    further: tuple[str | bytes, ...] = ()

    def __post_init__(self) -> None:
        for one in (self.pattern, *self.further):
            _path(one)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Patterns on the names."""
        return (self.pattern, *self.further)


@dataclass(frozen=True, slots=True)
class Ion:
    """Which interface of ION the kernel has, and its heaps."""

    KEYWORD: ClassVar[str] = "ion"

    def fields(self) -> tuple[str | bytes | int, ...]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Reads:
    """How long a buffer of each heap takes to read, ``rounds`` samples."""

    KEYWORD: ClassVar[str] = "reads"
    rounds: int

    def __post_init__(self) -> None:
        _within("rounds", self.rounds, 1, MAX_ROUNDS)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Samples."""
        return (self.rounds,)


@dataclass(frozen=True, slots=True)
class Stress:
    """For the tests with many workers after it: the seed of their sizes, and milliseconds (0: a few turns each)."""

    KEYWORD: ClassVar[str] = "stress"
    seed: int
    milliseconds: int

    def __post_init__(self) -> None:
        _within("seed", self.seed, 1, MAX_SEED)
        _within("milliseconds", self.milliseconds, 0, MAX_STRESS_MS)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Seed, time."""
        return (self.seed, self.milliseconds)


@dataclass(frozen=True, slots=True)
class Test:
    """A test, or a pattern on the tests' ids, on each heap."""

    __test__: ClassVar[bool] = False  # not one of pytest's
    KEYWORD: ClassVar[str] = "test"
    id: str

    def __post_init__(self) -> None:
        _path(self.id)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Id or pattern."""
        return (self.id,)


@dataclass(frozen=True, slots=True)
class Bench:
    """Allocation latency on each heap, ``rounds`` samples a size."""

    KEYWORD: ClassVar[str] = "bench"
    rounds: int

    def __post_init__(self) -> None:
        _within("rounds", self.rounds, 1, MAX_ROUNDS)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Samples a size."""
        return (self.rounds,)


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
        _within("budget_bytes", self.budget_bytes, 0, MAX_BYTES)
        _within("budget_ms", self.budget_ms, 0, MAX_TOTAL_MS)

    def add(self, item: Item) -> Plan:
        """With one more item."""
        return replace(self, items=(*self.items, item))

    def read(self, path: str | bytes, limit: int) -> Plan:
        """With one more file to read."""
        return self.add(Read(path, limit))

    def glob(self, pattern: str | bytes, count: int) -> Plan:
        """With one more pattern to look for."""
        return self.add(Glob(pattern, count))

    def files(self, pattern: str | bytes, count: int, limit: int) -> Plan:
        """With one more pattern whose regular files are read."""
        return self.add(Files(pattern, count, limit))

    def tree(self, path: str | bytes, depth: int, count: int, limit: int) -> Plan:
        """With one more folder whose regular files are read."""
        return self.add(Tree(path, depth, count, limit))

    def node(self, path: str | bytes) -> Plan:
        """With one more path to look at."""
        return self.add(Node(path))

    def run(self, milliseconds: int, limit: int, argv: Sequence[str | bytes]) -> Plan:
        """With one more program to run."""
        return self.add(Run(milliseconds, limit, tuple(argv)))

    def dmesg(self, limit: int) -> Plan:
        """With the kernel's log."""
        return self.add(Dmesg(limit))

    def heaps(self, pattern: str | bytes, *further: str | bytes) -> Plan:
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
            if not chosen and item.KEYWORD in _ON_HEAPS:  # they want a choice of heaps before
                raise ValueError(f"{item} comes before any heaps")
            words = [b"%d" % field if isinstance(field, int) else escape(field) for field in item.fields()]
            lines.append(b"\t".join((item.KEYWORD.encode(), *words)))
        encoded = b"\n".join((*lines, b"end", b""))
        strings = sum(isinstance(field, str | bytes) for item in self.items for field in item.fields())
        if len(self.items) >= MAX_ITEMS or len(encoded) > MAX_PLAN_BYTES or strings + len(lines) > MAX_STRINGS:
            raise ValueError(
                f"a plan of {len(self.items)} items, {strings} strings and {len(encoded)} bytes is too long"
            )
        return encoded
