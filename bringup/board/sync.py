"""The sync service: push, pull and stat files, with the board's own words where it refuses.

Every message is four letters and four bytes (little endian): a length that so many bytes follow, or a number
(AOSP packages/modules/adb, ``SYNC.TXT`` and ``file_sync_protocol.h``).
"""

from __future__ import annotations

import stat as modes
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bringup.board.wire import RECEIVE_AT_MOST, Broken, Garbled, Refused, Stream, receive, receive_exactly, send
from bringup.deadline import Deadline
from bringup.text import from_board

__all__ = ["FileStat", "pull_chunks", "push_chunks", "stat_v1", "stat_v2"]

HEAD = struct.Struct("<4sI")
STAT_V1 = struct.Struct("<4sIII")  # mode, size, mtime
STAT_V2 = struct.Struct("<4sIQQIIIIQqqq")  # error, dev, ino, mode, nlink, uid, gid, size, atime, mtime, ctime
CHUNK = 64 * 1024  # SYNC_DATA_MAX: adbd takes no larger DATA


@dataclass(frozen=True, slots=True)
class FileStat:
    """What the board says about a file.

    :param size: bytes; 0 for files of procfs and sysfs.
    :param mtime: seconds since 1970 on the board's clock.
    :param uid: ``None`` where the board's adbd is too old to send it (before Android 8); ``gid`` likewise.
    """

    mode: int
    size: int
    mtime: int
    uid: int | None = None
    gid: int | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return modes.S_ISREG(self.mode)

    @property
    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return modes.S_ISDIR(self.mode)


def _ask(stream: Stream, kind: bytes, path: str, deadline: Deadline) -> None:
    name = path.encode("utf-8", "surrogateescape")
    send(stream, HEAD.pack(kind, len(name)) + name, deadline)


def stat_v1(stream: Stream, path: str, deadline: Deadline) -> FileStat | None:
    """Ask for mode, size (modulo 4 GiB) and time; ``None`` where there is nothing, or it may not be seen."""
    _ask(stream, b"STAT", path, deadline)
    kind, mode, size, mtime = STAT_V1.unpack(receive_exactly(stream, STAT_V1.size, deadline))
    if kind != b"STAT":
        raise Garbled(f"{kind!r} instead of STAT")
    return FileStat(mode, size, mtime) if mode else None


def stat_v2(stream: Stream, path: str, deadline: Deadline) -> FileStat | int:
    """Ask for everything, following links; the board's errno where there is no answer."""
    _ask(stream, b"STA2", path, deadline)
    kind, error, _, _, mode, _, uid, gid, size, _, mtime, _ = STAT_V2.unpack(
        receive_exactly(stream, STAT_V2.size, deadline)
    )
    if kind != b"STA2":
        raise Garbled(f"{kind!r} instead of STA2")
    return int(error) or FileStat(mode, size, mtime, uid, gid)


def push_chunks(stream: Stream, chunks: Iterable[bytes], path: str, mode: int, mtime: int, deadline: Deadline) -> int:
    """Write a file, and return its size once the board has acknowledged it.

    :raises Refused: the board could not write it; said as soon as it does, also while data is still being sent.
    """
    _ask(stream, b"SEND", f"{path},{modes.S_IFREG | mode}", deadline)
    answer = b""
    size = 0
    for message in _data_messages(chunks):
        out = memoryview(message)
        size += len(message) - HEAD.size
        while out:
            sent, received = stream.exchange(out, HEAD.size - len(answer), deadline)
            out = out[sent:]
            if received is not None:
                answer += _some(received)
            if len(answer) == HEAD.size:
                # nothing can be said before DONE but FAIL
                _expect_okay(stream, answer, deadline)
                raise Garbled("OKAY before the whole file was sent")
    send(stream, HEAD.pack(b"DONE", mtime), deadline)
    answer += receive_exactly(stream, HEAD.size - len(answer), deadline)
    _expect_okay(stream, answer, deadline)
    return size


def _data_messages(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), CHUNK):
            piece = chunk[at : at + CHUNK]
            yield HEAD.pack(b"DATA", len(piece)) + piece


def _some(received: bytes) -> bytes:
    if not received:
        raise Broken("the connection was closed during the transfer")
    return received


def _expect_okay(stream: Stream, head: bytes, deadline: Deadline) -> None:
    kind, length = HEAD.unpack(head)
    if kind == b"FAIL":
        raise Refused(_failure(stream, length, deadline))
    if kind != b"OKAY":
        raise Garbled(f"{kind!r} instead of OKAY or FAIL")


def _failure(stream: Stream, length: int, deadline: Deadline) -> str:
    if length > CHUNK:
        raise Garbled(f"a message of {length} bytes")
    return from_board(receive_exactly(stream, length, deadline)).strip()


def pull_chunks(stream: Stream, path: str, deadline: Deadline) -> Iterator[bytes]:
    """Read a file piece by piece.

    :raises Refused: the board could not read it.
    """
    _ask(stream, b"RECV", path, deadline)
    ahead = bytearray()

    def take(size: int) -> bytes:
        while len(ahead) < size:
            ahead.extend(receive(stream, RECEIVE_AT_MOST, deadline))
        taken = bytes(ahead[:size])
        del ahead[:size]
        return taken

    while True:
        kind, length = HEAD.unpack(take(HEAD.size))
        if kind == b"DONE":
            return
        if kind not in (b"DATA", b"FAIL") or length > CHUNK:
            raise Garbled(f"{kind!r} of {length} bytes instead of DATA")
        data = take(length)
        if kind == b"FAIL":
            raise Refused(from_board(data).strip())
        yield data
