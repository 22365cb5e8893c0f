"""Putting the test allocator on a board, and running a plan there in one shell session."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bringup.allocator.abi import abi_of_machine
from bringup.allocator.answer import Hello, Line, Refused
from bringup.allocator.bounds import Bounds
from bringup.allocator.manifest import binaries, binary, read_manifest
from bringup.allocator.plan import Plan
from bringup.allocator.reader import Reader
from bringup.board import Board, Claim, Exit, Stderr, Stdout
from bringup.deadline import Deadline
from bringup.errors import AllocatorError, TransferError
from bringup.text import from_board, visible

__all__ = ["REMOTE_FOLDERS", "Program", "ensure_pushed", "run"]

# Where a program may lie and be run: Android's own place first; the others for boards that are not quite Android, or
# whose /data is full, read-only or noexec.
REMOTE_FOLDERS: Final = ("/data/local/tmp", "/tmp", "/dev")  # noqa: S108 - folders of the board
_STDERR_KEPT: Final = 4096

# The first line is the machine: Linux 6.1 and later has it in a file. Each line after it names a program that is there,
# is the one that would be pushed, and runs. Nothing is run for its name, which anyone on the board can give to a file;
# a board without sha256sum gets the program again each time. All ABIs are looked for at once: which one is needed is
# not known before the answer.
_LOOK = """read -r machine 2>/dev/null </proc/sys/kernel/arch && echo "$machine" || uname -m
for entry in {files}; do
  hash=${{entry%%=*}} file=${{entry#*=}}
  [ -x "$file" ] || continue
  case $(sha256sum "$file" 2>/dev/null) in
    "$hash "*) if "$file" --version >/dev/null 2>&1; then echo "$file"; fi;;
  esac
done
"""

# A name that holds the hash must never stand for half a file: it is given only to one that was seen to run.
_ADOPT = """"{part}" --version >/dev/null && mv -f "{part}" "{file}" && exit 0
code=$?
rm -f "{part}"
exit "$code"
"""


@dataclass(frozen=True, slots=True)
class Program:
    """The test allocator on a board.

    :param path: where it is there.
    :param pushed: it was not there before.
    :param machine: what ``uname -m`` says there.
    """

    path: str
    pushed: bool
    machine: str


def ensure_pushed(board: Board, deadline: Deadline, claim: Claim | None = None) -> Program:
    """Find the program for the board's machine on the board, or put it there: one round trip, or three.

    With a claim, the lock on the board is taken in the first of them.

    A 64-bit kernel gets the 64-bit program even under a 32-bit Android: the program is static.

    :raises AllocatorError: there is none for the board's machine, or no folder takes and runs it.
    :raises BoardInUse: another process has the lock.
    :raises BoardError: the board did not answer.
    """
    action = "put the test allocator on the board"
    files = {f"{folder}/{named.remote_name}": named.sha256 for folder in REMOTE_FOLDERS for named in binaries()}
    entries = " ".join(f"{sha256}={file}" for file, sha256 in files.items())
    take = "" if claim is None else claim.take_script()
    answer = from_board(board.shell(take + _LOOK.format(files=entries), deadline).stdout).splitlines()
    if claim is not None:
        claim.require(answer[0] if answer else "", board.serial)
        answer = answer[1:]
    machine = answer[0].strip() if answer else ""
    chosen = binary(abi_of_machine(machine))
    for file in answer[1:]:
        if file in files and file.endswith(f"/{chosen.remote_name}"):
            return Program(file, False, machine)
    data = chosen.path.read_bytes()
    refusals = []
    for folder in REMOTE_FOLDERS:
        file = f"{folder}/{chosen.remote_name}"
        refusal = _push_to(board, data, file, deadline)
        if refusal is None:
            return Program(file, True, machine)
        refusals.append(f"{folder}: {refusal}")
    hint = f"{len(data)} bytes are needed in one of these folders, mounted without noexec and writable for adb"
    raise AllocatorError(action, "; ".join(refusals), hint=hint, board=board.serial)


def _push_to(board: Board, data: bytes, file: str, deadline: Deadline) -> str | None:
    """Push and run it once; why the folder does not do, or ``None``."""
    part = f"{file}.{secrets.token_hex(4)}"
    try:
        board.push(data, part, 0o755, deadline)
    except TransferError as error:
        return error.seen
    done = board.shell(_ADOPT.format(part=part, file=file), deadline)
    return None if done.exit_code == 0 else _why_not_run(done.exit_code, done.stderr)


def _why_not_run(code: int, stderr: bytes) -> str:
    said = visible(from_board(stderr)).strip()
    known = {
        2: "a shell took it for a script: it is for another machine",
        126: "it may not be run there (noexec, or SELinux)",
        127: "it is gone",
        139: "it crashed (SIGSEGV)",
    }
    why = known.get(code, f"killed by signal {code - 128}" if 128 < code < 160 else f"exit status {code}")
    return f"{why}: {said}" if said else why


def run(board: Board, program: Program, plan: Plan, deadline: Deadline) -> Iterator[Line]:
    """Run a plan and yield the answer's lines as they come. One shell session.

    :raises AllocatorError: it could not be run, broke its protocol, or its answer is incomplete; what was yielded
        before stands.
    :raises BoardError: the board did not answer, rebooted, or the deadline passed.
    :raises ValueError: the plan is too long.
    """
    action = "run the test allocator"
    reader = Reader(Bounds(plan))
    stderr = bytearray()
    code = 0
    refused = False
    for chunk in board.stream([program.path], deadline, stdin=plan.encode()):
        match chunk:
            case Stdout(data):
                for line in reader.feed(data):
                    if isinstance(line, Hello):
                        _require_own(line, program, board)
                    refused = isinstance(line, Refused)
                    yield line
            case Stderr(data):
                stderr += data[: _STDERR_KEPT - len(stderr)]
            case Exit(status):
                code = status
    if reader.why_incomplete is not None:
        why = _why_not_run(code, bytes(stderr)) if code else visible(from_board(bytes(stderr))).strip()
        seen = f"its answer is incomplete: {reader.why_incomplete}"
        raise AllocatorError(action, f"{seen} ({why})" if why else seen, board=board.serial)
    if code and not refused:
        why = _why_not_run(code, bytes(stderr))
        raise AllocatorError(action, f"it did not end well after its last line ({why})", board=board.serial)


def _require_own(hello: Hello, program: Program, board: Board) -> None:
    """:raises AllocatorError: what answers is another program than the one that was put on the board."""
    expected = (read_manifest().source, abi_of_machine(program.machine), "Linux")
    answered = (hello.source, hello.abi, hello.sysname)
    for what, value, own in zip(("source", "ABI", "system"), answered, expected, strict=True):
        if value != own:
            seen = f"its {what} is {visible(value[:80])!r}, not '{own}': another program answers"
            hint = f"remove {program.path} from the board, and run again"
            raise AllocatorError("run the test allocator", seen, hint=hint, board=board.serial)
