"""The lines that the test allocator answers with: one frozen dataclass each.

Each keeps ``raw``, its JSON text as it came, without the newline. Text is what :func:`bringup.text.from_board` made
of the board's bytes.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bringup.outcome import Outcome

__all__ = [
    "Bye",
    "Exhaustion",
    "FileFact",
    "GlobFact",
    "HeapsFact",
    "Hello",
    "IonFact",
    "Latency",
    "Line",
    "NodeFact",
    "NodeType",
    "OpSamples",
    "Ran",
    "Reads",
    "Refused",
    "Result",
    "State",
    "Timing",
    "TimingSource",
    "Untimed",
]


class State(enum.StrEnum):
    """What became of looking at something; ``OK`` with size 0 is there and empty."""

    OK = "ok"
    MISSING = "missing"
    DENIED = "denied"
    FAILED = "failed"
    TIMEOUT = "timeout"


class NodeType(enum.StrEnum):
    """The type of a node."""

    CHAR = "char"
    BLOCK = "block"
    DIR = "dir"
    FILE = "file"
    LINK = "link"
    FIFO = "fifo"
    SOCKET = "socket"


@dataclass(frozen=True, slots=True)
class Hello:
    """Who answers.

    :param source: the hash of what the program was built from.
    :param page_size: in bytes.
    :param label: its SELinux context, where there is one.
    :param budget: most bytes in buffers, for a heap that is not CMA.
    """

    raw: bytes
    protocol: int
    source: str
    abi: str
    page_size: int
    pid: int
    uid: int
    label: str | None
    boot_id: str | None
    sysname: str
    release: str
    version: str
    machine: str
    budget: int


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file that was read, or why it was not.

    :param truncated: there was more than was asked for.
    """

    raw: bytes
    path: str
    state: State
    errno: int
    truncated: bool
    data: bytes

    @property
    def size(self) -> int:
        """Bytes carried."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class NodeFact:
    """A path itself, links not followed. What is ``None`` is not known.

    :param mode: the permission bits.
    :param rdev: major and minor number of a device.
    :param label: its SELinux context.
    :param target: what a link says.
    """

    raw: bytes
    path: str
    state: State
    errno: int
    type: NodeType | None
    mode: int | None
    uid: int | None
    gid: int | None
    rdev: tuple[int, int] | None
    size: int | None
    label: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class GlobFact:
    """The end of a ``glob``, ``files`` or ``tree``: how many paths came before it.

    :param state: other than ``OK`` with a ``count``: not everything could be searched.
    :param truncated: there was more than was asked for.
    """

    raw: bytes
    pattern: str
    state: State
    errno: int
    count: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class HeapsFact:
    """Which heaps the lines after it are about."""

    raw: bytes
    pattern: str
    state: State
    errno: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that was run.

    :param exit: its exit status; ``None`` when a signal ended it or it was not run.
    :param truncated: an output was longer than was asked for.
    """

    raw: bytes
    argv: tuple[str, ...]
    state: State
    errno: int
    exit: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One test on one heap.

    :param outcome: ``WARN``: a defect that this kernel is known for. ``ERROR``: it could not be found out.
    :param seen: what was seen, or why it was skipped; empty on a pass.
    :param ns: nanoseconds taken.
    :param seed: of the sizes, where the test chooses them by chance.
    """

    raw: bytes
    heap: str
    test: str
    outcome: Outcome
    asserts: str
    seen: str
    errno: int
    ns: int
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class IonFact:
    """What ``/dev/ion`` told.

    :param abi: ``4.12``: descriptors, from that version on; ``legacy``: handles, before it; ``None``: it did not open.
    :param heaps: (name, type, id) of each heap; a legacy heap's name is its mask, ``0x1``.
    """

    raw: bytes
    state: State
    errno: int
    abi: str | None
    heaps: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Reads:
    """Nanoseconds to read a buffer of ``size`` bytes, and as much of the process's own memory, taken in turn."""

    raw: bytes
    heap: str
    size: int
    read_ns: tuple[int, ...]
    memory_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """Samples in nanoseconds, of one size in bytes on one heap, taken in turn."""

    raw: bytes
    heap: str
    size: int
    alloc_ns: tuple[int, ...]
    free_ns: tuple[int, ...]
    memset_ns: tuple[int, ...]


class TimingSource(enum.StrEnum):
    """Whose buffers were timed; ``LIMIT``: the process's own memory and files, on the same board in the same turns."""

    HEAP = "heap"
    ION = "ion"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class OpSamples:
    """One operation's samples: each is the time of ``batch`` calls in a row, in nanoseconds, one a turn."""

    op: str
    batch: int
    ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """What one source took in one pass.

    :param run: which item of the plan, from 1: lines of one were taken in turn, so sample i of each belongs together.
    :param flags: of ION (1: cached); 0 for others.
    :param size: bytes a buffer, in whole pages; ``threads``: how many did the same at the same time.
    :param ops: the operations; ``batch`` and ``ns``: of each its calls a sample, and its samples.
    """

    raw: bytes
    run: int
    source: TimingSource
    name: str
    flags: int
    size: int
    threads: int
    ops: tuple[str, ...]
    batch: tuple[int, ...]
    ns: tuple[tuple[int, ...], ...]

    @property
    def each(self) -> tuple[OpSamples, ...]:
        """The operations with their samples."""
        return tuple(OpSamples(*one) for one in zip(self.ops, self.batch, self.ns, strict=True))


@dataclass(frozen=True, slots=True)
class Untimed:
    """What was to be timed and was not, or not to its end, and why. ``name`` is empty where that holds for all."""

    raw: bytes
    run: int
    source: TimingSource
    name: str
    flags: int
    size: int
    threads: int
    why: str


@dataclass(frozen=True, slots=True)
class Tracing:
    """The kernel's trace events, as far as they were asked for, before the buffers that were traced with them.

    :param path: the folder of tracing, or what failed.
    :param formats: the events asked for and the text of their ``format``; empty where this kernel has no such event.
    """

    raw: bytes
    state: State
    errno: int
    path: str
    formats: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TracedBuffer:
    """What the kernel's ring buffers held after one buffer of ``size`` bytes was made, and after it was closed.

    :param made: sub-buffers as they came, cut behind their last byte in use; ``closed`` likewise.
    """

    raw: bytes
    heap: str
    size: int
    state: State
    errno: int
    made: tuple[bytes, ...]
    closed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """How much a heap gave when it was asked for all that could be had. Sizes are in bytes; 0: none, or not tried.

    :param stopped: what ended it: ``ENOMEM``, ``budget``, ``time``, ``descriptors``, ``error``, ``died``, or
        ``not tried``.
    :param errno: of the call that ended it, which ``asked`` for so much.
    :param seen: why it was not tried.
    :param free: free for the heap before; ``limit``: what might be held; ``held``: most held at a time.
    :param largest: the largest single buffer, to within a 64th of ``limit``: before; ``largest_fragmented``: while
        ``fragmented_free`` bytes were free in pieces of a 64th of ``limit``; ``largest_after``: when all was given
        back.
    """

    raw: bytes
    heap: str
    cma: bool
    stopped: str
    errno: int
    seen: str
    free: int
    limit: int
    held: int
    buffers: int
    asked: int
    largest: int
    fragmented_free: int
    largest_fragmented: int
    largest_after: int
    free_after: int
    ns: int


@dataclass(frozen=True, slots=True)
class Bye:
    """The last line.

    :param lines: lines before this one.
    :param complete: ``False``: the time budget ended first.
    :param stopped_at: the item that was not begun or not finished then.
    """

    raw: bytes
    lines: int
    boot_id: str | None
    complete: bool
    stopped_at: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The plan was not understood and nothing was done.

    :param line: of the plan, from 1; 0 where it concerns the whole.
    """

    raw: bytes
    line: int
    reason: str


Line = (
    Hello | FileFact | NodeFact | GlobFact | HeapsFact | IonFact | Ran | Result | Reads | Latency | Timing | Untimed
    | Tracing | TracedBuffer | Exhaustion | Bye | Refused
)  # fmt: skip
