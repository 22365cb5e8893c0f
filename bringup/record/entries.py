"""The lines of a record's journal: one class per kind, the test allocator's lines among them.

What the test allocator read is stored in ``files/``; its ``file`` and ``ran`` lines say where, in place of the bytes.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from bringup.allocator.answer import (
    Bye,
    Exhaustion,
    GlobFact,
    HeapsFact,
    HeldBuffer,
    Hello,
    Holder,
    HoldersEnd,
    IonFact,
    Latency,
    NodeFact,
    ReadTimes,
    Refused,
    Result,
    State,
    Timing,
    TracedBuffer,
    Tracing,
    Untimed,
)
from bringup.errors import Blame

__all__ = [
    "KTAP",
    "BoardEntry",
    "End",
    "JournalLine",
    "ProgramEntry",
    "RecordHead",
    "ReturnEntry",
    "StepEntry",
    "StoredBytes",
    "StoredFile",
    "StoredRun",
]


#: Before the name of a vendor's own test program, where :class:`StoredRun` has the program's path on the board.
KTAP = "ktap/"


class _Entry(msgspec.Struct, frozen=True, tag_field="t"):
    pass


class RecordHead(_Entry, frozen=True, tag="record"):
    """The first line.

    :param tool: version of the bringup that wrote it.
    :param heaps: pattern of the heaps to test; ``None``: none.
    :param tests: the heap tests to run on each; empty: none, or an older version did not write them.
    :param exhausts: whether each heap was to be used up.
    :param programs: the names of the vendor's own test programs that were to be run.
    """

    schema: str
    tool: str = ""
    started: str = ""
    heaps: str | None = None
    tests: tuple[str, ...] = ()
    exhausts: bool = False
    programs: tuple[str, ...] = ()


class BoardEntry(_Entry, frozen=True, tag="board"):
    """What was known before the test allocator ran.

    :param root: ``adbd``, ``su`` or ``none``; ``root_reason`` says why there is none.
    :param place: of labgrid, where the board is; empty: this host's adb lists it.
    """

    serial: str = "?"
    root: str = "none"
    root_reason: str = ""
    boot_id: str = ""
    place: str = ""


class ProgramEntry(_Entry, frozen=True, tag="program"):
    """The test allocator on the board: where it is, whether it was pushed, and what ``uname -m`` says."""

    path: str
    pushed: bool
    machine: str


class StepEntry(_Entry, frozen=True, tag="step"):
    """One step of observing: seconds since the start, and seconds taken, by the host's monotonic clock."""

    name: str
    at: float
    seconds: float


class ReturnEntry(_Entry, frozen=True, omit_defaults=True, tag="return"):
    """After the observation ended early, the board was looked for again: what follows is what it said then.

    :param boot_id: as which it came back; empty where that may not be read, or it did not come back.
    :param why: why not all could be read from it then; such a line may come after others that were read.
    """

    boot_id: str = ""
    why: str = ""


class StoredBytes(msgspec.Struct, frozen=True):
    """What was read: ``size`` bytes, ``stored`` in this file of the record, with this hash. 0 bytes are not stored."""

    size: int = 0
    stored: str | None = None
    sha256: str = ""


class StoredFile(_Entry, frozen=True, tag="file"):
    """A file that was read from the board, or why it was not; see :class:`bringup.allocator.answer.FileFact`."""

    path: str
    state: State
    errno: int = 0
    size: int = 0
    truncated: bool = False
    stored: str | None = None
    sha256: str = ""


class StoredRun(_Entry, frozen=True, tag="ran"):
    """A program that was run on the board; see :class:`bringup.allocator.answer.Ran`."""

    argv: tuple[str, ...]
    state: State
    stdout: StoredBytes
    stderr: StoredBytes
    exit: int | None = None
    truncated: bool = False


class End(_Entry, frozen=True, omit_defaults=True, tag="end"):
    """The last line. Where it is missing, the observation was killed.

    :param why: why the observation is not complete.
    :param blame: who has to act then; ``None``: unknown.
    """

    complete: bool
    round_trips: int | None = None
    why: str = ""
    blame: Blame | None = None


JournalLine: TypeAlias = (
    RecordHead | BoardEntry | ProgramEntry | StepEntry | StoredFile | StoredRun | ReturnEntry | End
    | Hello | NodeFact | GlobFact | HeapsFact | IonFact | Result | ReadTimes | Latency | Timing | Untimed | Tracing
    | TracedBuffer | Exhaustion | HeldBuffer | Holder | HoldersEnd | Bye | Refused
)  # fmt: skip
