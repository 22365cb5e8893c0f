"""Adb servers that tests started and left behind: such as an adb command starts by itself where none listens."""

from __future__ import annotations

import os
import signal
import uuid
from contextlib import suppress
from pathlib import Path

_MARK = "BRINGUP_TEST_SESSION"


def mark_session() -> str | None:
    """Put a mark of this session into the environment, from which each server that it starts has it.

    :returns: the mark; ``None`` in a process of a session that is marked already.
    """
    if _MARK in os.environ:
        return None
    mark = os.environ[_MARK] = uuid.uuid4().hex
    return mark


def end_left_servers(mark: str) -> list[str]:
    """End the servers of the session with this mark, and no other.

    :returns: the command line of each.
    """
    ended = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            command = (process / "cmdline").read_bytes().split(b"\0")
            if b"fork-server" not in command:
                continue
            if f"{_MARK}={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGTERM)
                ended.append(os.fsdecode(b" ".join(command).strip()))
    return ended
