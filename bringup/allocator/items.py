"""The items of a plan: one frozen dataclass each, its fields those of the protocol, in its order.

The program refuses a whole plan of which one item breaks a limit, so limits are checked here, at the mistake.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from typing import ClassVar, Final

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_MEASURED",
    "MAX_NODES",
    "MAX_OUTPUT_BYTES",
    "MAX_ROUNDS",
    "MAX_THREADS",
    "Bench",
    "Dmesg",
    "Exhaust",
    "Files",
    "Glob",
    "Heaps",
    "Ion",
    "Item",
    "Measure",
    "Node",
    "Pages",
    "Read",
    "Reads",
    "Run",
    "Stress",
    "Test",
    "Tree",
    "escape",
    "within",
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

_ESCAPED = re.compile(rb"[\x00-\x1f\x7f-\xff\\]")
_SHORT = {b"\t": rb"\t", b"\n": rb"\n", b"\\": rb"\\"}

Text = str | bytes


def escape(text: Text) -> bytes:
    """One field: printable ASCII as it is, any other byte as ``\\t``, ``\\n``, ``\\\\`` or ``\\xNN``.

    :param text: a string is taken as the bytes it is in a file name (UTF-8, ``surrogateescape``).
    :raises ValueError: it holds a NUL, which no path and no argument can.
    """
    raw = os.fsencode(text) if isinstance(text, str) else text
    if b"\0" in raw:
        raise ValueError(f"a NUL byte in {text!r}")
    return _ESCAPED.sub(lambda match: _SHORT.get(match.group(), b"\\x%02x" % match.group()[0]), raw)


def within(name: str, value: int, lowest: int, highest: int) -> None:
    """Check a number.

    :raises ValueError: it is outside its limits, which the text names.
    """
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
        for one in dataclass_fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int):
                within(one.name, value, *one.metadata["span"])
            elif not isinstance(value, tuple):
                _path(value)
        for text in self.fields():
            if not isinstance(text, int):
                escape(text)

    def fields(self) -> tuple[Text | int, ...]:
        """The fields after the keyword, in the protocol's order."""
        values = (getattr(self, one.name) for one in dataclass_fields(self))
        return tuple(one for value in values for one in (value if isinstance(value, tuple) else (value,)))


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
    """A program without a shell, killed after ``milliseconds``; of either output at most ``limit`` bytes."""

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
class Heaps(Item):
    """Which heaps the tests and timings after it run on; ION's are ``ion/NAME``, ``ion/NAME/cached``, …."""

    KEYWORD = "heaps"
    pattern: Text
    further: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        Item.__post_init__(self)
        for one in self.further:
            _path(one)


@dataclass(frozen=True, slots=True)
class Ion(Item):
    """Which interface of ION the kernel has, and its heaps."""

    KEYWORD = "ion"


@dataclass(frozen=True, slots=True)
class Reads(Item):
    """How long a buffer of each heap takes to read, ``rounds`` samples."""

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
class Test(Item):
    """A test, or a pattern on the tests' ids, on each heap."""

    __test__: ClassVar[bool] = False  # not one of pytest's
    KEYWORD = "test"
    ON_HEAPS = True
    id: str


@dataclass(frozen=True, slots=True)
class Bench(Item):
    """Allocation latency on each heap, ``rounds`` samples a size."""

    KEYWORD = "bench"
    ON_HEAPS = True
    rounds: int = field(metadata=_span(1, MAX_ROUNDS))


@dataclass(frozen=True, slots=True)
class Pages(Item):
    """Where the pages of buffers on each heap lie, by these trace events (``kmem/mm_page_alloc``)."""

    KEYWORD = "pages"
    ON_HEAPS = True
    events: tuple[str, ...]

    def __post_init__(self) -> None:
        Item.__post_init__(self)
        if not self.events:
            raise ValueError("without events nothing is traced")


@dataclass(frozen=True, slots=True)
class Exhaust(Item):
    """How much each heap gives, and in how large pieces; at most about ``milliseconds`` a heap."""

    KEYWORD = "exhaust"
    ON_HEAPS = True
    milliseconds: int = field(metadata=_span(1, MAX_RUN_MS))


@dataclass(frozen=True, slots=True)
class Measure(Item):
    """The benchmark at one size: every operation on each heap, on ION's and on the process's own memory, in turn.

    :param size: bytes a buffer; the board rounds it up to whole pages.
    :param threads: how many do the same at once; 0: one for each CPU.
    :param rounds: most turns with samples.
    :param milliseconds: after which no further turn is begun; there is always one.
    """

    KEYWORD = "measure"
    ON_HEAPS = True
    size: int = field(metadata=_span(1, MAX_MEASURED))
    threads: int = field(metadata=_span(0, MAX_THREADS))
    rounds: int = field(metadata=_span(1, MAX_ROUNDS))
    milliseconds: int = field(metadata=_span(1, MAX_TOTAL_MS))
