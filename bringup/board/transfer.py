"""Files to and from a board, and what to do when it refuses."""

from __future__ import annotations

import errno
import os
import posixpath
import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bringup.board import sync
from bringup.board.link import SYNC, Link
from bringup.board.server import with_adb
from bringup.board.sync import FileStat
from bringup.board.wire import Refused, WireError
from bringup.deadline import Deadline
from bringup.errors import BringupError, HostError, TransferError, os_reason
from bringup.text import from_board, parse_number, visible

__all__ = ["Pulled", "file_stat", "pull", "push"]

READ_SIZE = 256 * 1024
HINT_SECONDS = 2.0
NO_SPACE = os.strerror(errno.ENOSPC)
# by the board's own words, which are those of strerror(3) behind adbd's
_HINTS = {
    os.strerror(errno.EROFS): "choose a directory that can be written, e.g. /data/local/tmp",
    os.strerror(errno.EACCES): "choose /data/local/tmp, or become root: --root require",
    os.strerror(errno.EPERM): "choose /data/local/tmp, or become root: --root require",
    os.strerror(errno.ENOENT): "see what is there: {adb shell ls -l}",
    os.strerror(errno.ENOTDIR): "a part of the path is a file: {adb shell ls -l}",
    os.strerror(errno.EISDIR): "name the file, not its directory",
}


@dataclass(frozen=True, slots=True)
class Pulled:
    """A file's content.

    :param truncated: the file is longer than the limit; what is held is its beginning.
    """

    data: bytes
    truncated: bool


def push(link: Link, data: bytes | Path, remote: str, mode: int, deadline: Deadline) -> int:
    """Write a file on the board and return its size. See :meth:`bringup.board.board.Board.push`."""
    if isinstance(data, bytes):
        return _push(link, (data,), len(data), remote, mode, deadline)
    try:
        # before anything is sent: what cannot be read here leaves no empty file there
        with data.open("rb") as file:
            return _push(link, iter(lambda: file.read(READ_SIZE), b""), data.stat().st_size, remote, mode, deadline)
    except OSError as error:
        raise HostError(f"read {data}", os_reason(error)) from error


def _push(link: Link, chunks: Iterable[bytes], size: int, remote: str, mode: int, deadline: Deadline) -> int:
    action = f"push {visible(remote)}"
    with link.failing(action, deadline):
        stream = link.open(SYNC, action, deadline)
        try:
            try:
                return sync.push_chunks(stream, chunks, remote, mode, int(time.time()), deadline)
            finally:
                # now adbd removes what it has of a file that it could not write, or whose end it did not get
                stream.close()
        except Refused as refused:
            raise _transfer_error(link, action, remote, refused, deadline, size) from refused


def pull(link: Link, remote: str, deadline: Deadline, limit: int) -> Pulled:
    """Read a file on the board. See :meth:`bringup.board.board.Board.pull`."""
    action = f"pull {visible(remote)}"
    data = bytearray()
    with link.failing(action, deadline):
        stream = link.open(SYNC, action, deadline)
        try:
            for chunk in sync.pull_chunks(stream, remote, deadline):
                data += chunk
                if len(data) > limit:
                    return Pulled(bytes(data[:limit]), truncated=True)
        except Refused as refused:
            raise _transfer_error(link, action, remote, refused, deadline) from refused
        finally:
            stream.close()
    return Pulled(bytes(data), truncated=False)


def file_stat(link: Link, remote: str, deadline: Deadline, *, v2: bool) -> FileStat | None:
    """What is at a path. See :meth:`bringup.board.board.Board.stat`."""
    action = f"stat {visible(remote)}"
    ask = sync.stat_v2 if v2 else sync.stat_v1
    with link.failing(action, deadline):
        stream = link.open(SYNC, action, deadline)
        try:
            found = ask(stream, remote, deadline)
        finally:
            stream.close()
    if not isinstance(found, int):
        return found
    if found in (errno.ENOENT, errno.ENOTDIR):
        return None
    seen = os.strerror(found)
    raise TransferError(action, seen, hint=with_adb(_HINTS.get(seen, "")), board=link.serial)


def _transfer_error(
    link: Link, action: str, remote: str, refused: Refused, deadline: Deadline, size: int = 0
) -> TransferError:
    said = visible(str(refused))
    if NO_SPACE in said:
        hint = _space_hint(link, remote, size, deadline)
    else:
        hint = with_adb(next((hint for words, hint in _HINTS.items() if words in said), ""))
    return TransferError(action, said, hint=hint, board=link.serial)


def _space_hint(link: Link, remote: str, size: int, deadline: Deadline) -> str:
    """Bytes needed and free: worth one more question, as nothing else is going to work."""
    directory = posixpath.dirname(remote) or "/"
    # adbd says why before it removes what it had written
    script = f"""i=0
while [ -e {shlex.quote(remote)} ] && [ $i -lt 50 ]; do i=$((i+1)); sleep 0.01; done
stat -f -c '%a %S' {shlex.quote(directory)}"""
    free = ""
    try:
        code, output = link.ask_shell(script, deadline.within(HINT_SECONDS))
        blocks, _, size_of_block = from_board(output).strip().partition(" ")
        free_blocks, block = parse_number(blocks), parse_number(size_of_block)
        if code == 0 and free_blocks is not None and block is not None:
            free = f", {free_blocks * block} are free"
    except (WireError, BringupError):
        pass
    return f"{size} bytes are needed{free}: delete something in {visible(directory)}, or choose another directory"
