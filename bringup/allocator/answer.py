"""The lines that the test allocator answers with: one class per kind of line.

Strict on the types and sizes of what is known; fields that a newer program adds are skipped. Each line keeps ``raw``,
its JSON text as it came, without the newline. Read them with :mod:`bringup.allocator.reader`.
"""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

import msgspec

from bringup.allocator.holder_lines import HeldBuffer, Holder, HoldersEnd
from bringup.allocator.line import U8, U32, AnswerLine, Count, IonNumbers, Mode, Samples, State, require_same_length
from bringup.outcome import Outcome

__all__ = [
    "PROTOCOL",
    "Bye",
    "Exhaustion",
    "FileFact",
    "GlobFact",
    "HeapsFact",
    "HeldBuffer",
    "Hello",
    "Holder",
    "HoldersEnd",
    "IonFact",
    "Latency",
    "Line",
    "NodeFact",
    "NodeType",
    "OpSamples",
    "Ran",
    "ReadTimes",
    "Refused",
    "Result",
    "State",
    "Timing",
    "TimingSource",
    "TracedBuffer",
    "Tracing",
    "Untimed",
]

PROTOCOL: Final = 1
#: Of every architecture of Linux: 1 KiB was the smallest, 1 MiB is hexagon's largest.
_PAGE_SIZES: Final = tuple(1 << order for order in range(10, 21))


class NodeType(enum.StrEnum):
    """The type of a node."""

    CHAR = "char"
    BLOCK = "block"
    DIR = "dir"
    FILE = "file"
    LINK = "link"
    FIFO = "fifo"
    SOCKET = "socket"


class Hello(AnswerLine, frozen=True, tag="hello"):
    """Who answers.

    :param source: the hash of what the program was built from.
    :param page_size: in bytes.
    :param label: its SELinux context, where there is one.
    :param budget: most bytes in buffers at a time: the plan's, or half of what the board can spare.
    """

    protocol: Count
    source: str
    abi: str
    page_size: U32
    pid: U32
    uid: U32
    sysname: str
    release: str
    version: str
    machine: str
    budget: Count
    label: str | None = None
    boot_id: str | None = None

    def __post_init__(self) -> None:
        if self.protocol != PROTOCOL:
            raise ValueError(f"it speaks protocol {self.protocol}, not {PROTOCOL}")
        if self.page_size not in _PAGE_SIZES:
            raise ValueError(f"{self.page_size} is not a page size of Linux")


class FileFact(AnswerLine, frozen=True, tag="file"):
    """A file that was read, or why it was not.

    :param truncated: there was more than was asked for.
    """

    path: str
    state: State
    errno: U32
    size: Count
    truncated: bool
    data: bytes

    def __post_init__(self) -> None:
        if self.size != len(self.data):
            raise ValueError(f"it says {self.size} bytes and carries {len(self.data)}")


class NodeFact(AnswerLine, frozen=True, tag="node"):
    """A path itself, links not followed. What is ``None`` is not known.

    :param mode: the permission bits.
    :param rdev: major and minor number of a device.
    :param label: its SELinux context.
    :param target: what a link says.
    """

    path: str
    state: State
    errno: U32
    type: NodeType | None = None
    mode: Mode | None = None
    uid: U32 | None = None
    gid: U32 | None = None
    rdev: tuple[Count, Count] | None = None
    size: Count | None = None
    label: str | None = None
    target: str | None = None


class GlobFact(AnswerLine, frozen=True, tag="glob"):
    """The end of a ``glob``, ``files`` or ``tree``: how many paths came before it.

    :param state: other than ``OK`` with a ``count``: not everything could be searched.
    :param truncated: there was more than was asked for.
    """

    pattern: str
    state: State
    errno: U32
    count: Count
    truncated: bool


class HeapsFact(AnswerLine, frozen=True, tag="heaps"):
    """Which heaps the lines after it are about."""

    pattern: str
    state: State
    errno: U32
    names: tuple[str, ...]


class Ran(AnswerLine, frozen=True, tag="ran"):
    """A program that was run.

    :param exit: its exit status; ``None`` when a signal ended it or it was not run.
    :param truncated: an output was longer than was asked for.
    """

    argv: tuple[str, ...]
    state: State
    errno: U32
    stdout: bytes
    stderr: bytes
    truncated: bool
    exit: U8 | None = None
    signal: U8 | None = None


class Result(AnswerLine, frozen=True, tag="result"):
    """One test on one heap.

    :param outcome: ``WARN``: a defect that this kernel is known for. ``ERROR``: it could not be found out.
    :param seen: what was seen, or why it was skipped; empty on a pass.
    :param ns: nanoseconds taken.
    :param at: when it began, in nanoseconds of the board's CLOCK_MONOTONIC; ``None``: a program of 0.1.0.
    :param seed: of the sizes, where the test chooses them by chance.
    """

    heap: str
    test: str
    outcome: Outcome
    asserts: str
    seen: str
    errno: U32
    ns: Count
    at: Count | None = None
    seed: Count | None = None


class IonFact(AnswerLine, frozen=True, tag="ion"):
    """What ``/dev/ion`` has.

    :param abi: ``4.12``: descriptors, from that version on; ``legacy``: handles, before it; ``None``: it did not open.
    :param names: of the heaps; a legacy heap's name is its mask, ``0x1``. ``types`` and ``ids`` in the same order.
    """

    state: State
    errno: U32
    names: tuple[str, ...]
    types: IonNumbers
    ids: IonNumbers
    abi: str | None = None

    def __post_init__(self) -> None:
        require_same_length(self.names, self.types, self.ids)

    @property
    def heaps(self) -> tuple[tuple[str, int, int], ...]:
        """(name, type, id) of each heap."""
        return tuple(zip(self.names, self.types, self.ids, strict=True))


class ReadTimes(AnswerLine, frozen=True, tag="reads"):
    """Nanoseconds to read a buffer of ``size`` bytes, and as much of the process's own memory, in turn."""

    heap: str
    size: Count
    read_ns: Samples
    memory_ns: Samples

    def __post_init__(self) -> None:
        require_same_length(self.read_ns, self.memory_ns)


class Latency(AnswerLine, frozen=True, tag="latency"):
    """Samples in nanoseconds, of one size in bytes on one heap, taken in turn."""

    heap: str
    size: Count
    alloc_ns: Samples
    free_ns: Samples
    memset_ns: Samples

    def __post_init__(self) -> None:
        require_same_length(self.alloc_ns, self.free_ns, self.memset_ns)


class TimingSource(enum.StrEnum):
    """Whose buffers were timed; ``LIMIT``: the process's own memory and files, on the same board in the same turns."""

    HEAP = "heap"
    ION = "ion"
    LIMIT = "limit"


class OpSamples(msgspec.Struct, frozen=True):
    """One operation's samples: each is the time of ``batch`` calls in a row, in nanoseconds, one a turn."""

    op: str
    batch: int
    ns: tuple[int, ...]


class Timing(AnswerLine, frozen=True, tag="timing"):
    """What one source took in one pass.

    :param run: which item of the plan, from 1: lines of one were taken in turn, so sample i of each belongs together.
    :param flags: of ION (1: cached); 0 for others.
    :param size: bytes a buffer, in whole pages; ``threads``: how many did the same at the same time.
    :param ops: the operations; ``batch`` and ``ns``: of each its calls a sample, and its samples.
    """

    run: U32
    source: TimingSource
    name: str
    flags: U32
    size: Count
    threads: U32
    ops: tuple[str, ...]
    batch: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)], ...], msgspec.Meta(max_length=64)]
    ns: Annotated[tuple[Samples, ...], msgspec.Meta(max_length=64)]

    def __post_init__(self) -> None:
        require_same_length(self.ops, self.batch, self.ns)
        require_same_length(*self.ns)

    @property
    def each(self) -> tuple[OpSamples, ...]:
        """The operations with their samples."""
        return tuple(map(OpSamples, self.ops, self.batch, self.ns))


class Untimed(AnswerLine, frozen=True, tag="untimed"):
    """What was not timed, or not to the end, and why. ``name`` is empty where that is so for all."""

    run: U32
    source: TimingSource
    name: str
    flags: U32
    size: Count
    threads: U32
    why: str


class Tracing(AnswerLine, frozen=True, tag="tracing"):
    """The kernel's trace events, as far as they were asked for, before the buffers that were traced with them.

    :param path: the folder of tracing, or what failed.
    :param events: those that were asked for; ``texts``: of their formats, in the same order.
    """

    state: State
    errno: U32
    path: str
    events: tuple[str, ...]
    texts: tuple[str, ...] = msgspec.field(name="formats")

    def __post_init__(self) -> None:
        require_same_length(self.events, self.texts)

    @property
    def formats(self) -> tuple[tuple[str, str], ...]:
        """Each event asked for, and the text of its ``format``; empty where this kernel does not have the event."""
        return tuple(zip(self.events, self.texts, strict=True))


class TracedBuffer(AnswerLine, frozen=True, tag="pages"):
    """What the kernel's ring buffers held after one buffer of ``size`` bytes was made, and after it was closed.

    :param made: sub-buffers as they came, cut behind their last byte in use; ``closed`` likewise.
    """

    heap: str
    size: Count
    state: State
    errno: U32
    made: tuple[bytes, ...]
    closed: tuple[bytes, ...]


class Exhaustion(AnswerLine, frozen=True, tag="exhaust"):
    """How much a heap gave until it refused. Sizes are in bytes; 0: none, or not tried.

    :param stopped: what ended it: ``ENOMEM``, ``budget``, ``time``, ``descriptors``, ``error``, ``died``, or
        ``not tried``.
    :param errno: of the call that ended it, which ``asked`` for so much.
    :param seen: why it was not tried.
    :param free: free for the heap before; ``limit``: most that the test may hold; ``held``: most held at a time.
    :param largest: the largest single buffer, to within a 64th of ``limit``: before; ``largest_fragmented``: while
        ``fragmented_free`` bytes were free in pieces of a 64th of ``limit``; ``largest_after``: when all was given
        back.
    """

    heap: str
    cma: bool
    stopped: str
    errno: U32
    seen: str
    free: Count
    limit: Count
    held: Count
    buffers: Count
    asked: Count
    largest: Count
    fragmented_free: Count
    largest_fragmented: Count
    largest_after: Count
    free_after: Count
    ns: Count


class Bye(AnswerLine, frozen=True, tag="bye"):
    """The last line.

    :param lines: lines before this one.
    :param complete: ``False``: the time budget ended first.
    :param stopped_at: the item that was not begun or not finished then.
    """

    lines: Count
    complete: bool
    boot_id: str | None = None
    stopped_at: str | None = None


class Refused(AnswerLine, frozen=True, tag="refused"):
    """The plan was not understood and nothing was done.

    :param line: of the plan, from 1; 0 where it concerns the whole.
    """

    line: Count
    reason: str


Line: TypeAlias = (
    Hello | FileFact | NodeFact | GlobFact | HeapsFact | IonFact | Ran | Result | ReadTimes | Latency | Timing | Untimed
    | Tracing | TracedBuffer | Exhaustion | HeldBuffer | Holder | HoldersEnd | Bye | Refused
)  # fmt: skip
