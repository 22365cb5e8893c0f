"""One board: run commands, move files, and never wait longer than the deadline, or on a dead board."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.board.command import run_command
from bringup.board.link import Link
from bringup.board.lock import Claim
from bringup.board.network import reboot, wait_until_it_answers
from bringup.board.root import Root, RootPolicy, find_root
from bringup.board.server import TcpAddress, adb_command
from bringup.board.shell import Chunk, Completed, Exit, Stdout, script_of
from bringup.board.sync import FileStat
from bringup.board.transfer import Pulled, file_stat, pull, push
from bringup.board.watch import Heartbeat
from bringup.board.wire import Target, Transport, WireError, query
from bringup.deadline import Deadline
from bringup.errors import BoardError, BoardNotReady, BringupError, HostError
from bringup.text import visible

if TYPE_CHECKING:
    from adbutils import AdbDevice

__all__ = ["OUTPUT_LIMIT", "Board"]

OUTPUT_LIMIT = 16 * 1024 * 1024


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
        :raises BoardNotReady: it is offline, unauthorized, …, or answers nothing, or its adbd has no shell protocol v2.
        :raises DeadlineExceeded: the deadline passed before that was known.
        """
        action = "connect"
        link = Link(transport, target, heartbeat=heartbeat)
        with link.failing(action, deadline):
            features = frozenset(query(transport, target.ask("features"), deadline).split(","))
            if "shell_v2" not in features:
                seen = f"its adbd has no shell protocol v2, only: {visible(', '.join(sorted(features)))}"
                hint = f"Android 7 or newer is needed; in recovery: {adb_command('reboot')}"
                raise BoardNotReady(action, seen, hint=hint, board=target.serial)
            link.sign_of_life(link.introduce, action, deadline)
        board = cls(transport, target, features, heartbeat=heartbeat)
        board._link = link
        return board

    @property
    def adb(self) -> AdbDevice:
        """The same board for scripts that use adbutils, through the same adb server.

        adbutils has no deadline on most calls, mixes stderr with stdout, and does not notice a reboot.
        :meth:`shell`, :meth:`push` and :meth:`pull` do; nothing in bringup itself uses this.

        :raises HostError: the adb server is on a Unix socket, which adbutils cannot use.
        """
        import adbutils

        address = getattr(self._link.transport, "address", None)
        if not isinstance(address, TcpAddress):
            hint = "let the adb server listen on a TCP port: adb -P 5037 start-server"
            raise HostError(
                "use the board with adbutils", f"adbutils cannot use the adb server at {address}", hint=hint
            )
        target = self._link.target
        client = adbutils.AdbClient(host=address.host_name, port=address.port)
        if target.transport_id is not None:
            return client.device(transport_id=target.transport_id)
        return client.device(serial=target.serial)

    @property
    def round_trips(self) -> int:
        """How often something was asked of the board itself so far: commands, pushes, heartbeats."""
        return self._link.round_trips

    @property
    def known_boot_id(self) -> str | None:
        """The boot_id that was read first; ``None`` where it may not be read."""
        return self._link.boot_id

    @property
    def identity(self) -> tuple[str, str]:
        """boot_id and serialno: the same under whatever serial adb lists the board. Without a boot_id, the serial."""
        boot_id = self._link.boot_id
        return (boot_id, self._link.serialno) if boot_id else ("", self.serial)

    @property
    def answered_in(self) -> float | None:
        """Seconds that the board's first answer took; ``None`` where that was not measured."""
        return self._link.answered_in

    @property
    def serial(self) -> str:
        """The board's serial, as adb lists it."""
        return self._link.serial

    @property
    def server(self) -> str:
        """The adb server through which the board is reached."""
        return str(getattr(self._link.transport, "address", ""))

    def pause(self, seconds: float) -> None:
        """Wait so long, unless the wait is interrupted.

        :raises KeyboardInterrupt: it was.
        """
        if self._link.interrupted.wait(seconds):
            raise KeyboardInterrupt

    def release(self, claim: Claim, deadline: Deadline) -> None:
        """Give the lock on the board back, if it is still ours and the board answers. Works after an interrupt, too.

        A board that was just now seen to answer nothing is not waited for again: its lock ends by itself.
        """
        if self._link.is_silent:
            return
        script = claim.release_script()
        with contextlib.suppress(WireError, BringupError):
            self._link.ask_shell(shlex.join([*self._su, script]) if self._su else script, deadline)

    def interrupt(self) -> None:
        """Have the thread that waits for this board give up, as Ctrl-C would: a KeyboardInterrupt is raised in it.

        The only method that another thread may call. The board can be asked for nothing more afterwards.
        """
        self._link.interrupted.set()

    def stream(
        self, command: Sequence[str] | str, deadline: Deadline, *, stdin: bytes | Iterable[bytes] = b""
    ) -> Generator[Chunk]:
        """Run a command and yield its output as it comes, then its exit code.

        Close the iterator to end the command before that.

        :param command: a list of arguments, or a string that is a script for the board's ``sh``.
        :param stdin: the command's whole input; an iterable is asked for more when the board can take it. A command
            should read all of it: adbd may lose the stdout, not the exit code, of one that ends before.
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
            boot_id = self._link.sign_of_life(self._link.read_boot_id, action, deadline)
        if boot_id is None:
            raise BoardError(action, "/proc/sys/kernel/random/boot_id cannot be read", board=self.serial)
        return boot_id

    def stat(self, remote: str, deadline: Deadline) -> FileStat | None:
        """What is at a path on the board, links followed; ``None`` where there is nothing.

        :raises TransferError: it may not be seen. (A board older than Android 8 gives ``None`` then, too.)
        """
        return file_stat(self._link, remote, deadline, v2="stat_v2" in self.features)

    def push(self, data: bytes | Path, remote: str, mode: int, deadline: Deadline) -> int:
        """Write a file on the board and return its size in bytes.

        Written as adbd's user, also where commands run through ``su``. A failed push leaves no file, unless the board
        was lost with it.

        :param data: the content, or the host's file that holds it.
        :param mode: permission bits; adbd gives group and others what the owner has.
        :raises TransferError: the board refused, in its own words.
        """
        return push(self._link, data, remote, mode, deadline)

    def pull(self, remote: str, deadline: Deadline, limit: int = OUTPUT_LIMIT) -> Pulled:
        """Read at most ``limit`` bytes of a file on the board.

        :raises TransferError: the board refused, in its own words.
        """
        return pull(self._link, remote, deadline, limit)

    def become_root(self, policy: RootPolicy, deadline: Deadline) -> Root:
        """Run what follows as root, as far as the policy and the board let it.

        :returns: how commands run from now on, and why not as root where they do not.
        :raises RootRequired: the policy is ``require``, and root is not to be had.
        """
        root = find_root(self._link, policy, deadline)
        self._su = root.su
        return root

    def wait(self, deadline: Deadline) -> str | None:
        """Wait until the board answers, and take it as it is then: a reboot before this is no error.

        :returns: its boot_id; ``None`` where it may not be read.
        :raises DeadlineExceeded: it did not answer.
        :raises BoardLost: what answers is another board.
        """
        action = "wait for the board"
        boot_id = wait_until_it_answers(self._link, deadline, action)
        if boot_id not in (None, self._link.boot_id) and self._link.is_another:
            raise self._link.another(action)
        self._link.boot_id = boot_id
        return boot_id

    def reboot(self, deadline: Deadline) -> str:
        """Reboot the board, wait until it answers again, and return its new boot_id.

        :raises DeadlineExceeded: it did not come back.
        """
        boot_id = reboot(self._link, deadline, self._su)
        self._su = ()
        return boot_id
