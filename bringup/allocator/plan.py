"""The plan: what the test allocator reads and tests, as frozen items and as the bytes that it takes on stdin.

An item's fields are those of the protocol, in its order. The limits are the program's own. It refuses a whole plan that
breaks one of them, so they are checked here, where the mistake is.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from typing import ClassVar, Final

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_ITEMS",
    "MAX_LIST_BYTES",
    "MAX_MEASURED",
    "MAX_NODES",
    "MAX_OUTPUT_BYTES",
    "MAX_PLAN_BYTES",
    "MAX_ROUNDS",
    "MAX_THREADS",
    "Bench",
    "Dmesg",
    "Exhaust",
    "Files",
    "Glob",
    "Heaps",
    "Holders",
    "Ion",
    "Item",
    "Mark",
    "Measure",
    "Node",
    "Pages",
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
MAX_MEASURED: Final = 1 << 30
MAX_THREADS: Final = 64
MAX_PLAN_BYTES: Final = MIB
#: Of the kernel's own list of buffers, ``MAX_LIST`` of the program's source.
MAX_LIST_BYTES: Final = 4 * MIB
MAX_ITEMS: Final = 4096
MAX_STRINGS: Final = 16384
MAX_BYTES: Final = 2**63 - 1

_ESCAPED = re.compile(rb"[\x00-\x1f\x7f-\xff\\]")
_SHORT = {b"\t": rb"\t", b"\n": rb"\n", b"\\": rb"\\"}

Text = str | bytes


def escape(text: Text) -> bytes:
    """One field of an item: printable ASCII as it is, any other byte as ``\\t``, ``\\n``, ``\\\\`` or ``\\xNN``.

    :param text: a string is taken as the bytes it is in a file name (UTF-8, ``surrogateescape``).
    :raises ValueError: it holds a NUL, which no path and no argument can.
    """
    raw = os.fsencode(text) if isinstance(text, str) else text
    if b"\0" in raw:
        raise ValueError(f"a NUL byte in {text!r}")
    return _ESCAPED.sub(lambda match: _SHORT.get(match.group(), b"\\x%02x" % match.group()[0]), raw)


def _require_range(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ValueError(f"{name} is {lowest} to {highest}, not {value}")


def _span(lowest: int, highest: int) -> dict[str, tuple[int, int]]:
    return {"span": (lowest, highest)}


def _path(value: Text) -> None:
    if not 0 < len(os.fsencode(value)) <= MAX_PATH_BYTES:
        raise ValueError(f"a path or pattern has 1 to {MAX_PATH_BYTES} bytes, not {value!r}")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a plan.

    A text is a path or a pattern; texts of a tuple may be anything.

    :raises ValueError: the program would refuse it.
    """

    KEYWORD: ClassVar[str]
    #: The item is about the heaps that a ``heaps`` before it chose.
    ON_HEAPS: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for attribute in dataclass_fields(self):
            value = getattr(self, attribute.name)
            if isinstance(value, int):
                _require_range(attribute.name, value, *attribute.metadata["span"])
            elif not isinstance(value, tuple):
                _path(value)
        for text in self.fields():
            if not isinstance(text, int):
                escape(text)

    def fields(self) -> tuple[Text | int, ...]:
        """The fields after the keyword, in the protocol's order."""
        values = (getattr(self, attribute.name) for attribute in dataclass_fields(self))
        return tuple(part for value in values for part in (value if isinstance(value, tuple) else (value,)))


@dataclass(frozen=True, slots=True)
class Read(Item):
    """The bytes of one regular file, at most ``limit``."""

    KEYWORD = "read"
    path: Text
    limit: int = field(metadata=_span(1, MAX_FILE_BYTES))


@dataclass(frozen=True, slots=True)
class Glob(Item):
    """Which paths exist, each as a node, at most ``count``."""

    KEYWORD = "glob"
    pattern: Text
    count: int = field(metadata=_span(1, MAX_NODES))


@dataclass(frozen=True, slots=True)
class Files(Item):
    """The regular files that match, at most ``count``, at most ``limit`` bytes each."""

    KEYWORD = "files"
    pattern: Text
    count: int = field(metadata=_span(1, MAX_NODES))
    limit: int = field(metadata=_span(1, MAX_FILE_BYTES))


@dataclass(frozen=True, slots=True)
class Tree(Item):
    """Every regular file below ``path``; ``depth`` 1 is what lies directly in it."""

    KEYWORD = "tree"
    path: Text
    depth: int = field(metadata=_span(1, MAX_DEPTH))
    count: int = field(metadata=_span(1, MAX_NODES))
    limit: int = field(metadata=_span(1, MAX_FILE_BYTES))


@dataclass(frozen=True, slots=True)
class Node(Item):
    """Mode, owner, device number, label and link target of one path."""

    KEYWORD = "node"
    path: Text


@dataclass(frozen=True, slots=True)
class Run(Item):
    """A program, run without a shell and killed after ``milliseconds``; at most ``limit`` bytes of each output."""

    KEYWORD = "run"
    milliseconds: int = field(metadata=_span(1, MAX_RUN_MS))
    limit: int = field(metadata=_span(1, MAX_OUTPUT_BYTES))
    argv: tuple[Text, ...]

    def __post_init__(self) -> None:
        Item.__post_init__(self)
        if not self.argv:
            raise ValueError("a program to run has a name")


@dataclass(frozen=True, slots=True)
class Dmesg(Item):
    """The kernel's log, its newest ``limit`` bytes."""

    KEYWORD = "dmesg"
    limit: int = field(metadata=_span(1, MAX_FILE_BYTES))


@dataclass(frozen=True, slots=True)
class Holders(Item):
    """Which processes hold DMA-BUFs, at most ``processes`` with at most ``buffers`` in all.

    :param only_new: 1: where ``listed`` has no buffer that was not there at the walk before, nobody is looked at.
    :param listed: the kernel's own list. Where it can be opened, exporters are left to it: fdinfo costs most.
    :param patterns: of paths of which to say who has them open or mapped: one with a slash is matched against the whole
        path, another against its last component.
    """

    KEYWORD = "holders"
    processes: int = field(metadata=_span(1, MAX_NODES))
    buffers: int = field(metadata=_span(1, MAX_NODES))
    only_new: int = field(metadata=_span(0, 1))
    listed: Text
    patterns: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Heaps(Item):
    """Which heaps the tests and timings after it run on; ION's are ``ion/NAME``, ``ion/NAME/cached``, …."""

    KEYWORD = "heaps"
    pattern: Text
    further: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        Item.__post_init__(self)
        for pattern in self.further:
            _path(pattern)


@dataclass(frozen=True, slots=True)
class Ion(Item):
    """Which interface of ION the kernel has, and its heaps."""

    KEYWORD = "ion"


@dataclass(frozen=True, slots=True)
class Reads(Item):
    """How long it takes to read a buffer of each heap, ``rounds`` samples."""

    KEYWORD = "reads"
    ON_HEAPS = True
    rounds: int = field(metadata=_span(1, MAX_ROUNDS))


@dataclass(frozen=True, slots=True)
class Stress(Item):
    """For the tests with many workers after it: the seed of their sizes, and milliseconds (0: a few turns each)."""

    KEYWORD = "stress"
    seed: int = field(metadata=_span(1, MAX_SEED))
    milliseconds: int = field(metadata=_span(0, MAX_STRESS_MS))


@dataclass(frozen=True, slots=True)
class Mark(Item):
    """A line in the kernel's log: this text, and the time of the clock that results have."""

    KEYWORD = "mark"
    text: Text


@dataclass(frozen=True, slots=True)
class Test(Item):
    """A test, or a pattern on the tests' ids, on each heap."""

    __test__: ClassVar[bool] = False  # not one of pytest's
    KEYWORD = "test"
    ON_HEAPS = True
    id: str


@dataclass(frozen=True, slots=True)
class Bench(Item):
    """Allocation latency on each heap, ``rounds`` samples per size."""

    KEYWORD = "bench"
    ON_HEAPS = True
    rounds: int = field(metadata=_span(1, MAX_ROUNDS))


@dataclass(frozen=True, slots=True)
class Pages(Item):
    """Where the pages of each heap's buffers are in memory, by these trace events (``kmem/mm_page_alloc``)."""

    KEYWORD = "pages"
    ON_HEAPS = True
    events: tuple[str, ...]

    def __post_init__(self) -> None:
        Item.__post_init__(self)
        if not self.events:
            raise ValueError("without events nothing is traced")


@dataclass(frozen=True, slots=True)
class Exhaust(Item):
    """How much memory each heap gives, and how large its buffers can be; at most about ``milliseconds`` per heap."""

    KEYWORD = "exhaust"
    ON_HEAPS = True
    milliseconds: int = field(metadata=_span(1, MAX_RUN_MS))


@dataclass(frozen=True, slots=True)
class Measure(Item):
    """The benchmark at one size: every operation on each heap, on ION's and on the process's own memory, in turn.

    :param size: bytes per buffer; the board rounds it up to whole pages.
    :param threads: how many threads do the same at once; 0: one per CPU.
    :param rounds: most turns with samples.
    :param milliseconds: after which no further turn is started; there is always one.
    """

    KEYWORD = "measure"
    ON_HEAPS = True
    size: int = field(metadata=_span(1, MAX_MEASURED))
    threads: int = field(metadata=_span(0, MAX_THREADS))
    rounds: int = field(metadata=_span(1, MAX_ROUNDS))
    milliseconds: int = field(metadata=_span(1, MAX_TOTAL_MS))


@dataclass(frozen=True, slots=True)
class Plan:
    """Items in their order.

    :param budget_bytes: most bytes held in buffers at a time; never more than half of what the board can spare, which
        0 stands for.
    :param budget_ms: milliseconds after which no further item is started; 0: no limit.
    """

    items: tuple[Item, ...] = ()
    budget_bytes: int = 0
    budget_ms: int = 0

    def __post_init__(self) -> None:
        _require_range("budget_bytes", self.budget_bytes, 0, MAX_BYTES)
        _require_range("budget_ms", self.budget_ms, 0, MAX_TOTAL_MS)

    def add(self, *items: Item) -> Plan:
        """A plan with these items after the others."""
        return replace(self, items=(*self.items, *items))

    def encode(self) -> bytes:
        """The bytes for the program's standard input.

        :raises ValueError: the plan is longer than the program takes, or tests heaps before it names them.
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
