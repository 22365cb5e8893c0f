"""The one tree of errors. Each says what was done, to what, what was seen, what to do next, and whose fault it is.

BringupError
├── UsageError             the command line, a config or a template is wrong     exit 2
│   └── ConfigError        … and the place is known: file, line, column
├── HostError              this machine lacks something or is in the way         exit 3
│   ├── AdbServerError     no adb server answers, or it is not ours to use
│   └── VirtualBoardError  a virtual board could not be made or started
├── BoardError             the board, or the way to it                           exit 3
│   ├── BoardNotFound      adb does not list it
│   ├── BoardInUse         another process uses it
│   ├── BoardNotReady      listed, but unauthorized, offline, in recovery, …
│   ├── BoardLost          it answered before and does not now
│   │   └── BoardRebooted  … it rebooted: boot_id changed
│   ├── DeadlineExceeded   the time given is used up
│   ├── TransferError      push or pull refused, in the board's own words
│   └── RootRequired       --root require, and root is not to be had
├── AllocatorError         the test allocator broke its protocol or cannot run   exit 3
├── RecordError            a record or a run cannot be read                      exit 2
└── Interrupted            Ctrl-C, SIGTERM or SIGHUP                             exit 130
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "AdbServerError",
    "AllocatorError",
    "Blame",
    "BoardError",
    "BoardInUse",
    "BoardLost",
    "BoardNotFound",
    "BoardNotReady",
    "BoardRebooted",
    "BringupError",
    "ConfigError",
    "DeadlineExceeded",
    "ExitCode",
    "HostError",
    "Interrupted",
    "RecordError",
    "RootRequired",
    "TransferError",
    "UsageError",
    "VirtualBoardError",
    "os_reason",
]


class ExitCode(enum.IntEnum):
    """What the command's exit status means. Documented; never renumbered."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    INFRASTRUCTURE = 3
    #: With --bisect: ``git bisect run`` skips the commit. It takes any other status up to 127 as a verdict on it.
    CANNOT_JUDGE = 125
    INTERRUPTED = 130


class Blame(enum.StrEnum):
    """Who has to act."""

    BOARD = "board"
    TEST = "test"
    HOST = "host"
    USAGE = "usage"


class BringupError(Exception):
    """Base of all errors that a user may see.

    :param action: what was being done, e.g. ``"push the test allocator"``.
    :param seen: what came back, in the other side's own words where it has any.
    :param hint: the next step, as a command where one exists.
    :param board: the board's serial, where one is concerned.
    """

    blame: Blame = Blame.HOST
    exit_code: ExitCode = ExitCode.INFRASTRUCTURE

    def __init__(self, action: str, seen: str, *, hint: str = "", board: str | None = None) -> None:
        super().__init__(action, seen)
        self.action = action
        self.seen = seen
        self.hint = hint
        self.board = board

    def __str__(self) -> str:
        where = f"{self.board}: " if self.board else ""
        return f"{where}{self.action}: {self.seen}"


class UsageError(BringupError):
    """The command line, a config or a template is wrong."""

    blame = Blame.USAGE
    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A file that a person wrote is wrong at a known place (line and column count from 1)."""

    def __init__(
        self, path: Path | str, seen: str, *, line: int | None = None, column: int | None = None, hint: str = ""
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(place, seen, hint=hint)
        self.path = path
        self.line = line
        self.column = column


class HostError(BringupError):
    """This machine lacks something or is in the way."""


class AdbServerError(HostError):
    """No adb server answers, or it speaks another version."""


class VirtualBoardError(HostError):
    """A virtual board could not be made or started."""


class BoardError(BringupError):
    """The board, or the way to it.

    :ivar state: adb's word for the state of a board that could not be used; ``None``: unknown.
    :ivar place: the place of labgrid where it is; ``None``: adb here has it.
    """

    blame = Blame.BOARD
    state: str | None = None
    place: str | None = None


class BoardNotFound(BoardError):
    """adb does not list the board."""


class BoardInUse(BoardError):
    """Another process uses the board.

    :ivar owner: who: a :class:`bringup.board.lock.Owner`.
    :ivar is_unfinished: its lock on the board is only a part of one: it may be written just now.
    """

    owner: object = None
    is_unfinished: bool = False


class BoardNotReady(BoardError):
    """adb lists the board in a state in which nothing can be run on it."""


class BoardLost(BoardError):
    """The board answered before and does not now."""


class BoardRebooted(BoardLost):
    """The board's boot_id changed while it was being observed."""


class DeadlineExceeded(BoardError):
    """The time given for an action is used up."""


class TransferError(BoardError):
    """The board refused a push or a pull."""


class RootRequired(BoardError):
    """Root was required and is not to be had."""


class AllocatorError(BringupError):
    """The test allocator broke its protocol or cannot run."""

    blame = Blame.TEST


class Interrupted(BringupError):
    """Ctrl-C, SIGTERM or SIGHUP ended the command. Raised at the command line's boundary, with all cleared up."""

    blame = Blame.USAGE
    exit_code = ExitCode.INTERRUPTED

    def __str__(self) -> str:
        return "interrupted"


class RecordError(BringupError):
    """A record or a run cannot be read."""

    blame = Blame.USAGE
    exit_code = ExitCode.USAGE


def os_reason(error: OSError) -> str:
    """What the operating system says about an error: ``No space left on device``."""
    return error.strerror or str(error)
