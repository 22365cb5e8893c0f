"""The way to one board: opens its services, notices when it dies meanwhile, and says why it failed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from bringup.board.server import adb_command
from bringup.board.shell import Exit, Stdout, converse
from bringup.board.states import refusal
from bringup.board.watch import Heartbeat, WatchedStream
from bringup.board.wire import (
    Broken,
    Garbled,
    Refused,
    Silent,
    Stream,
    Target,
    TimedOut,
    Transport,
    WireError,
    open_service,
    query,
    receive_exactly,
    request,
)
from bringup.deadline import Deadline
from bringup.errors import (
    AdbServerError,
    BoardError,
    BoardLost,
    BoardNotReady,
    BoardRebooted,
    BringupError,
    DeadlineExceeded,
)
from bringup.text import from_board, parse_number, visible

__all__ = ["SHELL", "SYNC", "Link"]

T = TypeVar("T")

SHELL = "shell,v2,raw:"
# adbd starts no process for it, and does no work before it is told what to do
SYNC = "sync:"
# builtins only: it has to answer on a board that is out of memory or has no toybox
BOOT_ID_SCRIPT = "read -r b </proc/sys/kernel/random/boot_id && { read -r u r </proc/uptime; echo $b $u; }"
# Android's own; nothing where there is none. The last line, as it may be of any length.
SERIALNO_SCRIPT = "getprop ro.serialno 2>/dev/null"
# The effective uid. Fields of Uid: real, effective, saved, file system (proc_pid_status(5)).
UID_SCRIPT = 'while read -r k r e x; do [ "$k" != Uid: ] || echo "$e"; done </proc/self/status'
ASK_ADB_SECONDS = 3.0
# A wait ends in time. One that ended so much later was not waited for: this process did not run (Ctrl-Z, a busy host).
PAUSED_SECONDS = 0.5
# Of the clocks of two machines over one run.
CLOCK_SLACK_SECONDS = 10.0


class Link:
    """What is needed to reach one board, and what is known of it.

    :param boot_id: as seen first; another one later means that the board rebooted. ``None``: not seen yet.
    :ivar serialno: what Android says of itself; empty where it says nothing.
    :ivar uid: as whom adbd ran when the board introduced itself; taken by whoever asks for root first.
    :ivar round_trips: how often something was asked of the board itself.
    :ivar answered_in: seconds that its introduction took; ``None``: it has not introduced itself.
    :ivar is_silent: its adbd answered nothing when it was asked last.
    :ivar interrupted: set, from any thread, to have whoever waits for the board give up.
    """

    def __init__(
        self,
        transport: Transport,
        target: Target,
        *,
        heartbeat: Heartbeat | None = None,
        boot_id: str | None = None,
        interrupted: threading.Event | None = None,
    ) -> None:
        self.transport = transport
        self.target = target
        self.heartbeat = heartbeat or Heartbeat()
        self.boot_id = boot_id
        self.uid: str | None = None
        self.serialno = ""
        self._met_at: float | None = None
        self._uptime: int | None = None
        self.round_trips = 0
        self.answered_in: float | None = None
        self.is_silent = False
        self.interrupted = interrupted or threading.Event()
        self._answered = boot_id is not None

    @property
    def serial(self) -> str:
        """The board's serial."""
        return self.target.serial

    def open(self, service: str, action: str, deadline: Deadline) -> WatchedStream:
        """A connection to one of adbd's services, watched for the board's death.

        :raises WireError: it could not be had.
        :raises BoardLost: the board stopped answering.
        """
        self.round_trips += 1
        inner = self.transport.connect(deadline)
        stream = WatchedStream(
            inner, lambda limit: self._check_pulse(action, limit), self.heartbeat.quiet, self.interrupted.is_set
        )
        try:
            open_service(stream, self.target, service, deadline)
        except BaseException:
            stream.close()
            raise
        self._answered, self.is_silent = True, False
        return stream

    def ask_shell(
        self, script: str, deadline: Deadline, interrupted: Callable[[], bool] = lambda: False
    ) -> tuple[int, bytes]:
        """Exit code and stdout of a short script.

        :param interrupted: whether to give up; by default it never does, so that it works after an interrupt, too.
        :raises Silent: the board's adbd does not answer either.
        :raises WireError: it did not run to its end.
        """
        self.round_trips += 1
        stream = WatchedStream(self._connected(deadline), self._check_adbd, self.heartbeat.quiet, interrupted)
        try:
            open_service(stream, self.target, SHELL + script, deadline)
            output = b""
            for chunk in converse(stream, b"", deadline):
                if isinstance(chunk, Stdout):
                    output += chunk.data
                elif isinstance(chunk, Exit):
                    self._answered, self.is_silent = True, False
                    return chunk.code, output
        finally:
            stream.close()
        raise AssertionError("converse() ends with Exit or raises")

    def _connected(self, deadline: Deadline) -> Stream:
        """A connection to the adb server, which is waited for no longer than a board: of that nothing is asked yet."""
        return self.transport.connect(deadline.within(self.heartbeat.quiet + self.heartbeat.answer))

    def introduce(self, deadline: Deadline) -> None:
        """Learn boot_id, uid and serialno in one round trip.

        :raises WireError: the board did not answer.
        """
        began = time.monotonic()
        _, output = self.ask_shell(f"{BOOT_ID_SCRIPT} || echo; {UID_SCRIPT}; {SERIALNO_SCRIPT}", deadline)
        self.answered_in, self._met_at = time.monotonic() - began, _now()
        boot, uid, serialno = [*from_board(output).splitlines(), "", "", ""][:3]
        self.uid = uid.strip() or None
        self.boot_id = self._boot_id_in(boot)
        self.serialno = serialno.strip()

    def sign_of_life(self, ask: Callable[[Deadline], T], action: str, deadline: Deadline) -> T:
        """What the board answers to a question that it can answer at once.

        :param ask: :meth:`introduce` or :meth:`read_boot_id`.
        :raises WireError: it did not answer.
        :raises BoardLost: nor did it for as long as a silent board is waited for, though the deadline is later.
        :raises BoardNotReady: the same of a board that has not answered before.
        :raises AdbServerError: it is the adb server that does not answer.
        """
        try:
            return _asked(ask, self.heartbeat.most, deadline)
        except TimedOut as error:
            if deadline.expired:
                raise
            raise self._silent(action, error, self.heartbeat.quiet, deadline) from error

    def read_boot_id(self, deadline: Deadline) -> str | None:
        """The board's boot_id now; ``None`` where it answers, but may not be read.

        :raises WireError: the board did not answer.
        """
        code, output = self.ask_shell(BOOT_ID_SCRIPT, deadline, self.interrupted.is_set)
        return self._boot_id_in(from_board(output)) if code == 0 else None

    def _boot_id_in(self, line: str) -> str | None:
        """The boot_id of an answer; how long that boot lasts is kept."""
        boot_id, uptime = [*line.split(), "", ""][:2]
        self._uptime = parse_number(uptime.partition(".")[0])
        return boot_id or None

    @property
    def is_another(self) -> bool:
        """Of a boot_id that is not the one from before: whether that boot began before this board was met."""
        if self._met_at is None or self._uptime is None:
            return False
        return self._uptime > _now() - self._met_at + CLOCK_SLACK_SECONDS

    def another(self, action: str) -> BoardLost:
        """The error for a serial that is another board's now."""
        up = f"{self._uptime or 0} s"
        seen = f"another board answers under this serial: it is up for {up}, longer than the one before was away"
        hint = "give each board a serial or an address of its own, then run again"
        return BoardLost(action, seen, hint=hint, board=self.serial)

    def adb_state(self, deadline: Deadline) -> str:
        """What adb says of the board: a state as it lists it, or that it does not find the board.

        :raises TimedOut: the deadline has passed.
        :raises AdbServerError: the adb server does not answer though the deadline is later, or there is none.
        """
        try:
            return query(self.transport, self.target.ask("get-state"), deadline.within(ASK_ADB_SECONDS))
        except TimedOut as error:
            if deadline.expired:
                raise
            # adb knows the state without the board: it is adb that hangs
            seen = f"the adb server does not answer within {ASK_ADB_SECONDS:g} s in which state the board is"
            hint = f"end the adb server if this does not answer: {adb_command('devices')}"
            raise AdbServerError("ask for the board's state", seen, hint=hint, board=self.serial) from error
        except Refused as refused:
            # "device offline", "device still authorizing", "device 'x' not found"
            text = str(refused).partition("\n")[0]
            return text if "not found" in text else text.removeprefix("device ").removeprefix("still ").rstrip(".")

    def await_ready(self, seconds: float, deadline: Deadline) -> bool:
        """Wait until adb calls the board ``device``; ``False`` when adb did not say so within the seconds.

        A board that adb does not know yet is waited for as well. Connecting to the adb server, which may be far away,
        does not count.

        :raises WireError: the adb server broke.
        :raises AdbServerError: there is none.
        """
        stream = self._connected(deadline)
        limit = deadline.within(seconds)
        try:
            request(stream, self.target.ask("wait-for-any-device"), limit)
            receive_exactly(stream, 4, limit)  # a second OKAY, once it is
        except TimedOut:
            return False
        finally:
            stream.close()
        return True

    @contextlib.contextmanager
    def failing(self, action: str, deadline: Deadline) -> Iterator[None]:
        """Turn what goes wrong on the wire into what it means for the board.

        :raises BoardError: see :mod:`bringup.errors`.
        """
        try:
            yield
        except Silent as error:
            raise self._silent(action, error, self.heartbeat.quiet, deadline) from error
        except TimedOut as error:
            seen = f"no answer within {deadline.budget:g} s"
            raise DeadlineExceeded(action, seen, board=self.serial) from error
        except Refused as error:
            raise self._refused(action, str(error), deadline) from error
        except Garbled as error:
            seen = f"the board breaks adb's protocol: {visible(str(error))}"
            raise BoardError(action, seen, board=self.serial) from error
        except Broken as error:
            raise self._why_broken(action, deadline) from error

    def _refused(self, action: str, text: str, deadline: Deadline) -> BoardError | AdbServerError:
        error = refusal(action, self.serial, text)
        if type(error) is not BoardError:
            return BoardLost(action, error.seen, hint=error.hint, board=self.serial) if self._answered else error
        # "closed" is said for a service that adbd refuses, and for a connection that broke just then
        return self._why_broken(action, deadline) if text == "closed" and not self._answers(deadline) else error

    def _answers(self, deadline: Deadline) -> bool:
        try:
            self.read_boot_id(deadline.within(self.heartbeat.most))
        except (WireError, BringupError):
            return False
        return True

    def _lost(self, action: str, seen: str) -> BoardLost | BoardNotReady:
        hint = f"look at its console or power; then see: {adb_command('devices')}"
        kind = BoardLost if self._answered else BoardNotReady
        return kind(action, seen, hint=hint, board=self.serial)

    def _rebooted(self, action: str, boot_id: str) -> BoardLost:
        if self.is_another:
            return self.another(action)
        seen = f"the board rebooted: boot_id was {self.boot_id}, is {visible(boot_id)}"
        hint = "look for the reason in /sys/fs/pstore or on its console"
        return BoardRebooted(action, seen, hint=hint, board=self.serial)

    def _check_pulse(self, action: str, deadline: Deadline) -> None:
        try:
            boot_id = _asked(self.read_boot_id, self.heartbeat.most, deadline)
        except TimedOut as error:
            if deadline.expired:
                return  # the caller's own deadline, not the board's
            raise self._silent(action, error, 2 * self.heartbeat.quiet, deadline) from error
        except Refused as error:
            raise self._lost(action, f"adb says: {visible(str(error))}") from error
        except Garbled as error:
            raise self._lost(action, f"the board breaks adb's protocol: {visible(str(error))}") from error
        except Broken as error:
            raise self._why_broken(action, deadline) from error
        if boot_id is not None:
            if self.boot_id not in (None, boot_id):
                raise self._rebooted(action, boot_id)
            self.boot_id = boot_id

    def _check_adbd(self, deadline: Deadline) -> None:
        """:raises Silent: the board's adbd does not answer, and the deadline is later."""
        try:
            _asked(self._ask_adbd, self.heartbeat.answer, deadline)
        except TimedOut as error:
            if deadline.expired:
                raise
            self.is_silent = True
            raise Silent from error
        except Refused as refused:
            if str(refused) != "closed":  # what adbd refuses, it has answered
                raise

    def _ask_adbd(self, deadline: Deadline) -> None:
        self.round_trips += 1
        with contextlib.closing(self.transport.connect(deadline)) as stream:
            open_service(stream, self.target, SYNC, deadline)

    def _silent(
        self, action: str, error: TimedOut, asked: float, deadline: Deadline
    ) -> BoardLost | BoardNotReady | AdbServerError:
        """:param asked: seconds without an answer after which adbd itself was asked."""
        if not isinstance(error, Silent):
            return self._lost(action, f"adbd answers, but no command ends within {self.heartbeat.most:g} s")
        seen = f"the board answers nothing for {asked + self.heartbeat.answer:g} s"
        try:
            seen += f", while adb lists it as '{visible(self.adb_state(deadline))}'"
        except AdbServerError as fault:
            if not deadline.expired:
                return AdbServerError(action, fault.seen, hint=fault.hint, board=self.serial)
        except WireError:
            pass
        return self._lost(action, seen)

    def _why_broken(self, action: str, deadline: Deadline) -> BoardError | AdbServerError:
        """The connection ended early: was it the server, adbd, or the board?"""
        closed = "the connection was closed"
        try:
            state = self.adb_state(deadline)
            if state != "device":
                return self._lost(action, f"{closed}; adb says: {visible(state)}")
            boot_id = self.read_boot_id(deadline.within(self.heartbeat.most))
        except AdbServerError as fault:
            return AdbServerError(action, f"{closed}, and {fault.seen}", hint=fault.hint, board=self.serial)
        except Broken as error:
            seen = f"{closed}, and the adb server is gone: {error}"
            hint = f"see who ended it; then: {adb_command('devices')}"
            return AdbServerError(action, seen, hint=hint, board=self.serial)
        except (WireError, DeadlineExceeded):
            return self._lost(action, f"{closed}, and the board does not answer")
        if boot_id is not None and self.boot_id not in (None, boot_id):
            return self._rebooted(action, boot_id)
        return self._lost(action, f"{closed} by the board, which still runs: its adbd was restarted")


def _asked(ask: Callable[[Deadline], T], seconds: float, deadline: Deadline) -> T:
    """What is answered within so many seconds in which this process ran: else the board was not waited for.

    :raises TimedOut: no answer came.
    """
    while True:
        limit = deadline.within(seconds)
        try:
            return ask(limit)
        except TimedOut:
            if deadline.expired or time.monotonic() - limit.at < PAUSED_SECONDS:
                raise


def _now() -> float:
    """Seconds, those in which this host was suspended, too: a board's uptime has them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
