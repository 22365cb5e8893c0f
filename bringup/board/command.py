"""Run one command on a board, and leave nothing of it behind when it is not let finish."""

from __future__ import annotations

import contextlib
import secrets
import shlex
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from bringup.board.link import SHELL, Link
from bringup.board.shell import (
    Chunk,
    Exit,
    Packet,
    PidLines,
    ShellPackets,
    Stderr,
    Stdout,
    announce,
    converse,
    kill_script,
)
from bringup.board.watch import WatchedStream
from bringup.board.wire import RECEIVE_AT_MOST, Stream, WireError, receive
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardLost, BringupError, DeadlineExceeded, UsageError
from bringup.text import visible

__all__ = ["run_command", "time_to_run"]

# adb's requests have four hex digits of length
SERVICE_AT_MOST = 0xFFFF
# What is kept of a deadline to kill the command within it.
RESERVE_SECONDS = 2.0
RESERVE_SHARE = 0.25
KILL_SECONDS = 3.0
SHOWN_AT_MOST = 60


@dataclass(frozen=True, slots=True)
class _Run:
    """What is known of a command that runs."""

    link: Link
    pids: PidLines
    packets: ShellPackets
    su: Sequence[str]

    def end(self, stream: WatchedStream | None, deadline: Deadline) -> str:
        """End it, and return for the error message what came of it.

        Closing the connection makes adbd send SIGHUP to the shell, which its children do not get.
        """
        limit = deadline.within(KILL_SECONDS)
        if stream is not None:
            stream.only_wait()
            self._learn_pid(stream, limit)
            stream.close()
        if not self.pids.pids:
            return ", and never said that it had started"
        script = kill_script(self.pids.pids)
        try:
            code, _ = self.link.ask_shell(shlex.join([*self.su, script]) if self.su else script, limit)
        except (WireError, BringupError):
            return f", and may still run on the board as process {self.pids.pids[0]}"
        return " and was killed" if code == 0 else f", was killed, and is still there as process {self.pids.pids[0]}"

    def _learn_pid(self, stream: Stream, deadline: Deadline) -> None:
        """The shell may have started without its line having been read yet."""
        with contextlib.suppress(WireError, BringupError):
            while not self.pids.pids:
                for kind, data in self.packets.feed(receive(stream, RECEIVE_AT_MOST, deadline)):
                    if kind == Packet.EXIT:
                        return
                    list(self.pids.strip(Stderr(data) if kind == Packet.STDERR else Stdout(data)))


def time_to_run(deadline: Deadline) -> Deadline:
    """When a command is killed that has not ended: before the deadline, so that there is time to kill it."""
    reserve = min(RESERVE_SECONDS, deadline.remaining * RESERVE_SHARE)
    return Deadline(deadline.at - reserve, deadline.budget)


def run_command(
    link: Link, script: str, deadline: Deadline, *, stdin: bytes | Iterable[bytes] = b"", su: Sequence[str] = ()
) -> Generator[Chunk]:
    """Yield what the script writes as it comes, then its :class:`~bringup.board.shell.Exit`.

    When the deadline passes, or the iterator is closed before the end, the script's process group is killed on the
    board. For that a part of the deadline (a quarter, at most 2 s) is kept back.

    :param su: the command that runs a script as root, which is appended to it; empty: run as adbd's user.
    :raises DeadlineExceeded: the script did not end in time.
    :raises BoardLost: the board stopped answering, or rebooted.
    :raises UsageError: the script is longer than adb takes.
    """
    action = f"run '{_shown(script)}'"
    token = secrets.token_hex(8)
    service = SHELL + _wrapped(script, token, su)
    if len(service.encode("utf-8", "surrogateescape")) > SERVICE_AT_MOST:
        raise UsageError(action, f"a script of {len(script)} characters", hint="adb takes 64 KiB: give it on stdin")
    run = _Run(link, PidLines(token, expected=2 if su else 1), ShellPackets(), su)
    early = time_to_run(deadline)
    stream: WatchedStream | None = None
    over = False
    try:
        with link.failing(action, deadline):
            stream = link.open(service, action, early)
            for chunk in converse(stream, stdin, early, run.packets):
                over = isinstance(chunk, Exit)
                yield from run.pids.strip(chunk)
    except DeadlineExceeded as late:
        over = True
        fate = run.end(stream, deadline)
        seen = f"it did not end within {deadline.budget:g} s{fate}"
        raise DeadlineExceeded(action, seen, board=link.serial) from late
    except (BoardLost, AdbServerError):
        over = True
        raise
    finally:
        if stream is not None:
            if not over:
                run.end(stream, deadline)
            stream.close()


def _shown(script: str) -> str:
    shown = " ".join(script.split())
    return visible(shown if len(shown) <= SHOWN_AT_MOST else shown[: SHOWN_AT_MOST - 1] + "…")


def _wrapped(script: str, token: str, su: Sequence[str]) -> str:
    announced = announce(script, token)
    return announce(shlex.join([*su, announced]), token) if su else announced
