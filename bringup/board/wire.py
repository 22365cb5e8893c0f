"""The adb host protocol: connect, ask, be answered or refused, all within a deadline.

A request is four hex digits of length and the service's name; the reply is ``OKAY``, or ``FAIL`` and a text of
four hex digits of length (AOSP packages/modules/adb, ``OVERVIEW.TXT`` and ``SERVICES.TXT``).

What goes wrong on the wire is raised as a :class:`WireError`; :func:`answering` and
:class:`~bringup.board.board.Board`, who know what was being done, turn it into the errors of :mod:`bringup.errors`.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bringup.board.server import ServerAddress, adb_command, how_to_start
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, DeadlineExceeded, os_reason
from bringup.text import from_board, parse_number, visible

__all__ = [
    "RECEIVE_AT_MOST",
    "Broken",
    "Garbled",
    "Refused",
    "ServerTransport",
    "Silent",
    "Stream",
    "Target",
    "TimedOut",
    "Transport",
    "WireError",
    "answering",
    "open_service",
    "query",
    "receive",
    "receive_exactly",
    "request",
    "send",
]

# bytes in one call
RECEIVE_AT_MOST = 256 * 1024
# On this machine the kernel accepts or refuses at once; a host that is cut off does neither.
OTHER_HOST_SECONDS = 3.0


class WireError(Exception):
    """What can go wrong on the wire. ``str()`` says what was seen."""


class TimedOut(WireError):
    """Nothing moved before the deadline."""


class Silent(TimedOut):
    """Nor does the board's adbd answer what it can answer at once."""


class Broken(WireError):
    """The connection was closed, or broke, before all had come."""


class Refused(WireError):
    """The adb server, or adbd through it, answered ``FAIL``. ``str()`` is its own text."""


class Garbled(WireError):
    """The other side does not speak the protocol. ``str()`` says what came instead."""


class Stream(Protocol):
    """A connected byte stream in both directions."""

    def exchange(self, out: bytes | memoryview, limit: int, deadline: Deadline) -> tuple[int, bytes | None]:
        """Send some of ``out``, or receive at most ``limit`` bytes, or both: whichever is possible first.

        Waits until something moved. With ``out`` empty it only receives, with ``limit`` 0 it only sends. When the
        other side takes no more, ``out`` counts as sent: what it answered can still be received and says why.

        :returns: bytes sent, and bytes received: ``None`` when nothing was there, ``b""`` at the end of the stream.
        :raises TimedOut: nothing moved before the deadline.
        :raises Broken: the connection broke.
        """
        ...

    def close(self) -> None:
        """Close both directions. May be called again."""
        ...


class Transport(Protocol):
    """The way to an adb server. Tests put a scripted one here."""

    def connect(self, deadline: Deadline) -> Stream:
        """Open one connection.

        :raises AdbServerError: nothing answers there.
        :raises TimedOut: the deadline has passed already.
        """
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One board in the adb server's own words: a serial, or where two boards share one, a transport id."""

    serial: str
    transport_id: int | None = None

    @property
    def switch(self) -> str:
        """The request that makes the connection one to this board."""
        return (
            f"host:transport:{self.serial}" if self.transport_id is None else f"host:transport-id:{self.transport_id}"
        )

    def ask(self, question: str) -> str:
        """A question about this board that the server answers itself, e.g. ``features``."""
        if self.transport_id is None:
            return f"host-serial:{self.serial}:{question}"
        return f"host-transport-id:{self.transport_id}:{question}"


class SocketStream:
    """A :class:`Stream` over a connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def exchange(self, out: bytes | memoryview, limit: int, deadline: Deadline) -> tuple[int, bytes | None]:
        """See :meth:`Stream.exchange`."""
        left = deadline.remaining
        if left <= 0:
            raise TimedOut
        try:
            if out:
                return self._both(out, limit, left)
            self._socket.settimeout(left)
            return 0, self._socket.recv(limit)
        except TimeoutError as error:
            raise TimedOut from error
        except OSError as error:
            raise Broken(os_reason(error)) from error

    def _both(self, out: bytes | memoryview, limit: int, left: float) -> tuple[int, bytes | None]:
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT | (select.POLLIN if limit else 0))
        # poll() counts whole milliseconds: round up, so that it does not spin in the last one
        ready = poll.poll(int(left * 1000) + 1)
        if not ready:
            raise TimeoutError
        events = ready[0][1]
        received = None
        if limit and events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            received = self._socket.recv(limit, socket.MSG_DONTWAIT)
        return self._send(out) if events & (select.POLLOUT | select.POLLERR) else 0, received

    def _send(self, out: bytes | memoryview) -> int:
        try:
            return self._socket.send(out, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            return len(out)

    def close(self) -> None:
        """See :meth:`Stream.close`."""
        self._socket.close()


@dataclass(frozen=True, slots=True)
class ServerTransport:
    """Connections to the adb server at an address."""

    address: ServerAddress

    def connect(self, deadline: Deadline) -> SocketStream:
        """See :meth:`Transport.connect`."""
        left = deadline.remaining
        if left <= 0:
            raise TimedOut
        if not self.address.is_local:
            left = min(left, OTHER_HOST_SECONDS)
        try:
            return SocketStream(self.address.connected(left))
        except OSError as error:
            raise AdbServerError(
                "connect to the adb server",
                f"nothing answers at {self.address}: {os_reason(error)}",
                hint=how_to_start(self.address),
            ) from error


def send(stream: Stream, data: bytes | memoryview, deadline: Deadline) -> None:
    """Send all of ``data``."""
    left = memoryview(data)
    while left:
        sent, _ = stream.exchange(left, 0, deadline)
        left = left[sent:]


def receive(stream: Stream, limit: int, deadline: Deadline) -> bytes:
    """Receive at least one byte and at most ``limit``.

    :raises Broken: the stream ended.
    """
    _, received = stream.exchange(b"", limit, deadline)
    if not received:
        raise Broken("the connection was closed")
    return received


def receive_exactly(stream: Stream, size: int, deadline: Deadline) -> bytes:
    """Receive ``size`` bytes.

    :raises Broken: the stream ended before.
    """
    received = b""
    while len(received) < size:
        received += receive(stream, size - len(received), deadline)
    return received


def _receive_text(stream: Stream, deadline: Deadline) -> str:
    digits = receive_exactly(stream, 4, deadline)
    size = parse_number(from_board(digits), 16)
    if size is None:
        raise Garbled(f"a length of {digits!r}")
    return from_board(receive_exactly(stream, size, deadline))


def request(stream: Stream, service: str, deadline: Deadline) -> None:
    """Ask for a service and wait until it is granted.

    :raises Refused: it is not.
    :raises ValueError: the service's name does not fit into a request.
    """
    name = service.encode("utf-8", "surrogateescape")
    if len(name) > 0xFFFF:
        raise ValueError(f"a request of {len(name)} bytes; adb takes 65535")
    send(stream, b"%04x%s" % (len(name), name), deadline)
    _granted(stream, deadline)


def _granted(stream: Stream, deadline: Deadline) -> None:
    status = receive_exactly(stream, 4, deadline)
    if status == b"FAIL":
        raise Refused(_receive_text(stream, deadline).strip())
    if status != b"OKAY":
        raise Garbled(f"{status!r} instead of OKAY or FAIL")


def query(transport: Transport, question: str, deadline: Deadline) -> str:
    """Ask the adb server one question and return its answer."""
    stream = transport.connect(deadline)
    try:
        request(stream, question, deadline)
        return _receive_text(stream, deadline)
    finally:
        stream.close()


def open_service(stream: Stream, target: Target, service: str, deadline: Deadline) -> None:
    """Make ``stream`` a connection to ``service`` on a board."""
    request(stream, target.switch, deadline)
    request(stream, service, deadline)


@contextlib.contextmanager
def answering(action: str, deadline: Deadline, board: str | None = None) -> Iterator[None]:
    """Name what was being asked of the adb server when it fails.

    :raises DeadlineExceeded: it did not answer in time.
    :raises AdbServerError: it closed the connection, or is no adb server.
    """
    try:
        yield
    except TimedOut as error:
        seen = f"the adb server did not answer within {deadline.budget:g} s"
        raise DeadlineExceeded(action, seen, board=board) from error
    except Broken as error:
        seen = f"the adb server closed the connection ({error})"
        hint = f"see whether it still runs: {adb_command('devices')}"
        raise AdbServerError(action, seen, board=board, hint=hint) from error
    except Garbled as error:
        seen = f"what answers is not an adb server: {visible(str(error))}"
        hint = "see what listens there, or name another server with -L, or -H and -P"
        raise AdbServerError(action, seen, board=board, hint=hint) from error
