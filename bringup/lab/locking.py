"""One process at a time uses a board: a lock on this host, and what the lock on the board says of its owner."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import hashlib
import os
import re
import secrets
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from bringup.allocator.run import REMOTE_FOLDERS
from bringup.board import Board, Claim, Owner, in_use
from bringup.deadline import Deadline, now
from bringup.files import PRIVATE
from bringup.record.observe import Observation
from bringup.text import safe_name

__all__ = ["Use", "alone_on", "sweep_locks", "using"]

#: What a board may take beyond the time that it is given: to be killed on, to be let go.
_GRACE_SECONDS = 60
_POLL_SECONDS = 0.1
#: A process that looks whether another has ended has its lock for a moment.
_LEAST_WAIT_SECONDS = 0.3
_SWEEP_SECONDS = 3600
_FIELD = 120
_UNSAFE = re.compile(r"[^ !#-\[\]-~]")


def _command_line() -> str:
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return shlex.join([name, *sys.argv[1:]])


@dataclass(frozen=True, slots=True)
class Use:
    """What boards are used for, and what is done about one that is in use.

    :param wait: seconds to wait for it.
    :param break_lock: take its lock away from whoever has it.
    """

    command: str = field(default_factory=_command_line)
    wait: float = 0.0
    break_lock: bool = False


@contextmanager
def alone_on(board: Board, use: Use, how: Observation, times: int = 1) -> Iterator[Claim | None]:
    """As :func:`using`, for so many observations; ``None`` where they only look, which nobody is kept from.

    :raises BoardInUse: see :func:`using`.
    """
    if how.only_looks:
        yield None
        return
    with using(board, use, how.seconds * times) as claim:
        yield claim


@contextmanager
def using(board: Board, use: Use, seconds: float) -> Iterator[Claim]:
    """Hold the board's lock on this host; the claim is for the lock on the board, which whoever observes it takes.

    A host on which no lock can be made (a full disk, a folder that is read-only, a share without locks) goes without.

    :param seconds: for how long the board will be used.
    :raises BoardInUse: another process of this host uses the board.
    :raises KeyboardInterrupt: the wait for it was interrupted.
    """
    wait = Deadline.after(max(use.wait, _LEAST_WAIT_SECONDS))
    folder = _folder()
    owner = Owner(
        token=secrets.token_hex(8),
        user=_plain(_user()),
        host=_plain(socket.gethostname()),
        pid=os.getpid(),
        command=_plain(use.command),
        since=now(),
        seconds=round(seconds) + _GRACE_SECONDS,
    )
    with _held(folder / _name_of(board), owner, board, wait, break_lock=use.break_lock) as held:

        def gone(owner: Owner) -> bool:
            """Its lock here is ours now, or free."""
            return (owner.host_id == held.host_id != "" and owner.file == held.file != "") or is_gone(owner)

        yield Claim(held, REMOTE_FOLDERS, wait, gone, frozenset("*" if use.break_lock else ()))


def sweep_locks() -> None:
    """Remove what processes left here that were killed more than an hour ago; what is locked stays."""
    with contextlib.suppress(OSError):
        for path in _folder().glob("*.json"):
            if time.time() - path.stat().st_mtime < _SWEEP_SECONDS:
                continue
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                if _try_lock(handle) and _is_at(handle, path):
                    path.unlink()
            finally:
                os.close(handle)


def _folder() -> Path:
    return user_state_path("bringup", appauthor=False) / "locks"


def is_gone(owner: Owner) -> bool:
    """Whether the owner of a lock on a board was a process of this host that has ended: its lock here is free."""
    path = Path(owner.file)
    if not owner.file or not owner.host_id or owner.host_id != _host_id(path.parent):
        return False
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return _try_lock(handle)
    except OSError:  # a share without locks
        return False
    finally:
        os.close(handle)


def _name_of(board: Board) -> str:
    """A serial is a board's only in one adb server."""
    way = f"{board.server} {board.serial}"
    return f"{safe_name(board.serial)[:60]}-{hashlib.sha256(way.encode('utf-8', 'replace')).hexdigest()[:12]}.json"


@contextmanager
def _held(path: Path, owner: Owner, board: Board, wait: Deadline, *, break_lock: bool) -> Iterator[Owner]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = _taken(path, board, wait, break_lock=break_lock)
    except OSError:
        yield owner
        return
    try:
        if not _UNSAFE.search(str(path)):
            owner = msgspec.structs.replace(owner, host_id=_host_id(path.parent), file=str(path))
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, msgspec.json.encode(owner), 0)
        yield owner
    finally:
        if _is_at(handle, path):
            path.unlink(missing_ok=True)
        os.close(handle)


def _taken(path: Path, board: Board, wait: Deadline, *, break_lock: bool) -> int:
    """The lock's open file.

    Whoever had it removes it before it is unlocked: what was locked here may be a file that is gone.

    :raises BoardInUse: another process has it.
    """
    if break_lock:
        path.unlink(missing_ok=True)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            locked = _try_lock(handle)
        except OSError:  # a share without locks
            os.close(handle)
            raise
        if locked and _is_at(handle, path):
            return handle
        owner, age = _read(handle)
        os.close(handle)
        if not locked and wait.expired:
            raise in_use(owner, age, board.serial)
        if not locked:
            board.pause(min(_POLL_SECONDS, wait.remaining))


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        there = path.stat()
    except OSError:
        return False
    return os.path.samestat(os.fstat(handle), there)


def _read(handle: int) -> tuple[Owner, int | None]:
    """Whose lock it is, and since how many seconds."""
    try:
        owner = msgspec.json.decode(os.pread(handle, 4096, 0), type=Owner)
        age = datetime.now(UTC) - datetime.fromisoformat(owner.since)
    except (OSError, msgspec.MsgspecError, UnicodeError, ValueError, TypeError):  # TypeError: a time without its zone
        return Owner(""), None
    return owner, max(0, round(age.total_seconds()))


def _host_id(folder: Path) -> str:
    """This start of this host, as far as it has this folder: containers may share all else."""
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        place = folder.stat()
    except OSError:
        return ""
    parts = f"{boot_id} {socket.gethostname()} {place.st_dev} {place.st_ino}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _plain(text: str) -> str:
    return _UNSAFE.sub("?", text)[:_FIELD]
