"""One board: run commands, move files, and never wait longer than the deadline, or on a dead board."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from bringup.board import sync
from bringup.board.command import run_command
from bringup.board.link import Link
from bringup.board.shell import Chunk, Completed, Exit, Stdout, script_of
from bringup.board.sync import FileStat
from bringup.board.watch import Heartbeat
from bringup.board.wire import Refused, Target, Transport, query
from bringup.deadline import Deadline
from bringup.errors import BoardError, BoardNotReady, HostError, TransferError
from bringup.text import visible

__all__ = ["OUTPUT_LIMIT", "Board", "Pulled"]

OUTPUT_LIMIT = 16 * 1024 * 1024
PUSH_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pulled:
    """A file's content.

    :param truncated: the file is longer than the limit; what is held is its beginning.
    """

    data: bytes
    truncated: bool


class Board:
    """One connected board. Use it from one thread at a time.

    :param features: what adb says that the board's adbd can do.
    :param boot_id: the board's boot_id, where it is known already. Any other one seen later is a reboot.
    """

    def __init__(
        self,
        transport: Transport,
        target: Target,
        features: frozenset[str],
        *,
        heartbeat: Heartbeat | None = None,
        boot_id: str | None = None,
    ) -> None:
        self._link = Link(transport, target, heartbeat=heartbeat, boot_id=boot_id)
        self._su: tuple[str, ...] = ()
        self.features = features

    @classmethod
    def open(
        cls, transport: Transport, target: Target, deadline: Deadline, *, heartbeat: Heartbeat | None = None
    ) -> Board:
        """A board that has answered: its features are known and its boot_id was read.

        :raises BoardNotFound: adb does not list it.
        :raises BoardNotReady: it is offline, unauthorized, …, or its adbd has no shell protocol v2.
        :raises DeadlineExceeded: it did not answer.
        """
        action = "connect"
        link = Link(transport, target, heartbeat=heartbeat)
        with link.failing(action, deadline):
            features = frozenset(query(transport, target.ask("features"), deadline).split(","))
            if "shell_v2" not in features:
                seen = f"its adbd has no shell protocol v2, only: {visible(', '.join(sorted(features)))}"
                hint = "Android 7 or newer is needed; in recovery: adb reboot"
                raise BoardNotReady(action, seen, hint=hint, board=target.serial)
            boot_id = link.read_boot_id(deadline)
        return cls(transport, target, features, heartbeat=heartbeat, boot_id=boot_id)

    @property
    def serial(self) -> str:
        """The board's serial, as adb lists it."""
        return self._link.serial

    def stream(
        self, command: Sequence[str] | str, deadline: Deadline, *, stdin: bytes | Iterable[bytes] = b""
    ) -> Iterator[Chunk]:
        """Run a command and yield its output as it comes, then its exit code.

        :param command: a list of arguments, or a string that is a script for the board's ``sh``.
        :param stdin: the command's whole input; an iterable is asked for more when the board can take it.
        :raises DeadlineExceeded: it did not end in time, and was killed on the board.
        :raises BoardLost: the board stopped answering, or rebooted.
        :raises AdbServerError: the adb server did.
        """
        return run_command(self._link, script_of(command), deadline, stdin=stdin, su=self._su)

    def shell(
        self,
        command: Sequence[str] | str,
        deadline: Deadline,
        *,
        stdin: bytes | Iterable[bytes] = b"",
        limit: int = OUTPUT_LIMIT,
    ) -> Completed:
        """Run a command to its end.

        :param limit: bytes kept of stdout, and of stderr. The command is not stopped at it; the rest is dropped.
        :raises BringupError: as for :meth:`stream`. An exit code other than 0 is no error.
        """
        started = time.monotonic()
        kept: dict[bool, list[bytes]] = {True: [], False: []}
        room = {True: limit, False: limit}
        truncated = False
        code = -1
        for chunk in self.stream(command, deadline, stdin=stdin):
            if isinstance(chunk, Exit):
                code = chunk.code
                continue
            out = isinstance(chunk, Stdout)
            kept[out].append(chunk.data[: room[out]])
            truncated = truncated or len(chunk.data) > room[out]
            room[out] -= len(kept[out][-1])
        return Completed(code, b"".join(kept[True]), b"".join(kept[False]), truncated, time.monotonic() - started)

    def boot_id(self, deadline: Deadline) -> str:
        """The board's boot_id now.

        :raises BoardError: it may not be read.
        """
        action = "read boot_id"
        with self._link.failing(action, deadline):
            boot_id = self._link.read_boot_id(deadline)
        if boot_id is None:
            raise BoardError(action, "/proc/sys/kernel/random/boot_id cannot be read", board=self.serial)
        return boot_id

    def stat(self, remote: str, deadline: Deadline) -> FileStat | None:
        """What is at a path on the board, links followed; ``None`` where there is nothing.

        :raises TransferError: it may not be seen. (A board older than Android 8 does not tell; ``None`` then, too.)
        """
        action = f"stat {visible(remote)}"
        ask = sync.stat_v2 if "stat_v2" in self.features else sync.stat_v1
        with self._link.failing(action, deadline):
            stream = self._link.open("sync:", action, deadline)
            try:
                found = ask(stream, remote, deadline)
            finally:
                stream.close()
        if isinstance(found, int):
            if found in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise TransferError(action, os.strerror(found), board=self.serial)
        return found

    def push(self, data: bytes | Path, remote: str, mode: int, deadline: Deadline) -> int:
        """Write a file on the board and return its size in bytes. A failed push leaves no file.

        :param data: the content, or the host's file that holds it.
        :param mode: permission bits.
        :raises TransferError: the board refused, in its own words.
        """
        action = f"push {visible(remote)}"
        chunks = _file_chunks(data) if isinstance(data, Path) else (data,)
        with self._link.failing(action, deadline):
            stream = self._link.open("sync:", action, deadline)
            try:
                return sync.push_chunks(stream, chunks, remote, mode, int(time.time()), deadline)
            except Refused as refused:
                self._transfer_failed(action, refused)
            finally:
                stream.close()

    def pull(self, remote: str, deadline: Deadline, limit: int = OUTPUT_LIMIT) -> Pulled:
        """Read at most ``limit`` bytes of a file on the board.

        :raises TransferError: the board refused, in its own words.
        """
        action = f"pull {visible(remote)}"
        data = bytearray()
        truncated = False
        with self._link.failing(action, deadline):
            stream = self._link.open("sync:", action, deadline)
            try:
                for chunk in sync.pull_chunks(stream, remote, deadline):
                    data += chunk
                    truncated = len(data) > limit
                    if truncated:
                        break
            except Refused as refused:
                self._transfer_failed(action, refused)
            finally:
                stream.close()
        return Pulled(bytes(data[:limit]), truncated)

    def _transfer_failed(self, action: str, refused: Refused) -> NoReturn:
        raise TransferError(action, visible(str(refused)), board=self.serial) from refused


def _file_chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(PUSH_CHUNK):
                yield chunk
    except OSError as error:
        raise HostError(f"read {path}", error.strerror or str(error)) from error
