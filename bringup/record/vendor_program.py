"""A test program of the vendor's own: pushed, run once, its output kept in the record, and removed again."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from bringup.allocator.answer import State
from bringup.allocator.run import REMOTE_FOLDERS
from bringup.board import Board
from bringup.deadline import Deadline
from bringup.errors import BoardError, HostError, TransferError, UsageError, os_reason
from bringup.files import read_input
from bringup.record.entries import KTAP, StoredBytes, StoredRun
from bringup.record.journal import Journal

__all__ = ["require_programs", "run_vendor_program"]

#: Bytes of a program, and of its output.
_MOST, _OUTPUT = 256 << 20, 4 << 20
_REMOVE_SECONDS = 5.0


def require_programs(programs: tuple[Path, ...]) -> None:
    """Before a board is touched.

    :raises UsageError: one is not a file, or two have the same name.
    """
    action = "read --ktap"
    for program in programs:
        if not program.is_file():
            raise UsageError(action, f"{program} is not a file")
    if len({program.name for program in programs}) < len(programs):
        raise UsageError(
            action, "two programs have the same name", hint="rename one: their verdicts are named after it"
        )


def run_vendor_program(board: Board, program: Path, journal: Journal, deadline: Deadline) -> None:
    """Run a program in a folder of its own on the board, and write down what it printed.

    :raises BoardError: the board did not answer, the program did not end in time, or the board does not take it.
    :raises HostError: the program cannot be read here.
    """
    try:
        data = read_input(program, _MOST)
    except OSError as error:
        raise HostError(f"read {program}", os_reason(error)) from error
    folder = _folder(board, deadline)
    try:
        board.push(data, f"{folder}/program", 0o755, deadline)
        done = board.shell(f"cd '{folder}' && exec ./program", deadline, limit=_OUTPUT)
    finally:
        # Also of a program that took all the time there was. A board that does not answer has no time to clean up.
        with suppress(BoardError):
            board.shell(["rm", "-rf", folder], Deadline.after(_REMOVE_SECONDS))
    place = f"{KTAP}{program.name}"
    stdout = _stored(journal, f"{place}/stdout", done.stdout)
    stderr = _stored(journal, f"{place}/stderr", done.stderr)
    # Of an output that is cut off nobody knows what it said in the end.
    journal.line(StoredRun((place,), State.OK, stdout, stderr, None if done.truncated else done.exit_code))


def _folder(board: Board, deadline: Deadline) -> str:
    """A new folder on the board, where programs may be run."""
    for parent in REMOTE_FOLDERS:
        folder = f"{parent}/bringup-{secrets.token_hex(6)}"
        if board.shell(["mkdir", "-m", "0700", folder], deadline).exit_code == 0:
            return folder
    raise TransferError("run a program", f"none of {', '.join(REMOTE_FOLDERS)} takes a folder", board=board.serial)


def _stored(journal: Journal, place: str, data: bytes) -> StoredBytes:
    if not data:
        return StoredBytes()
    entry = journal.store(place, data)
    return StoredBytes(len(data), str(entry["stored"]), str(entry["sha256"]))
