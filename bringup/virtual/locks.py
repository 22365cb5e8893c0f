"""Locks between processes, and folders for what runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError

__all__ = ["locked"]

_POLL = 0.05


@contextmanager
def locked(path: Path, deadline: Deadline, action: str) -> Iterator[None]:
    """Hold the lock file; the kernel gives it back when the process ends, however it ends.

    :raises DeadlineExceeded: another process held it all the time.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise VirtualBoardError(action, f"cannot open the lock {path}: {error.strerror}") from error
    try:
        pause = Event()
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                hint = f"another process works on it; it holds {path}"
                pause.wait(min(_POLL, deadline.require(action, hint=hint)))
        yield
    finally:
        os.close(handle)
