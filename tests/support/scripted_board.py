"""Stand-ins for an adb server: connections whose answers were written down beforehand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from bringup.board.shell import Packet, packed
from bringup.board.wire import Broken, Stream, TimedOut
from bringup.deadline import Deadline
from bringup.errors import AdbServerError

__all__ = [
    "BROKEN",
    "CLOSED",
    "NOTHING",
    "OKAY",
    "SILENCE",
    "Paused",
    "ScriptedStream",
    "ScriptedTransport",
    "Step",
    "answer",
    "fail",
    "shell_answer",
]

OKAY = b"OKAY"


class Step:
    """Something other than bytes that a connection can do."""


class Paused(Step):
    """This process does not run for a while, and nothing has come when it does again.

    :param act: moves the clock on.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act


SILENCE = Step()  # nothing moves until the deadline of this one wait has passed; more than a second is not waited out
NOTHING = Step()  # sending goes on, nothing comes back yet
BROKEN = Step()  # reset by the other side
CLOSED = b""  # end of the stream


def fail(text: str) -> bytes:
    return b"FAIL%04x%s" % (len(text.encode()), text.encode())


def answer(text: str) -> bytes:
    """What the server answers to a question of its own."""
    return b"OKAY%04x%s" % (len(text.encode()), text.encode())


def shell_answer(stdout: bytes = b"", code: int = 0, stderr: bytes = b"") -> list[bytes]:
    """Switch to the board, service granted, output, exit code."""
    packets = b"".join(packed(kind, data) for kind, data in ((Packet.STDOUT, stdout), (Packet.STDERR, stderr)) if data)
    return [OKAY, OKAY, packets + packed(Packet.EXIT, bytes([code]))]


class ScriptedStream:
    """Gives out its pieces one by one, whatever is sent; a longer one than asked for is kept for the next time.

    What is written down comes at once: on a busy machine, too, it is never later than the deadline.
    """

    def __init__(self, pieces: Iterable[bytes | Step]) -> None:
        self._pieces = list(pieces)
        self.sent = b""
        self.closed = False

    def exchange(self, out: bytes | memoryview, limit: int, deadline: Deadline) -> tuple[int, bytes | None]:
        self.sent += bytes(out)
        if not limit:
            return len(out), None
        if out and not self._pieces:
            return len(out), None
        assert self._pieces, f"nothing is written down for after {self.sent!r}"
        piece = self._pieces.pop(0)
        if piece is SILENCE:
            while 0 < deadline.remaining < 1:
                threading.Event().wait(deadline.remaining)
            raise TimedOut
        if isinstance(piece, Paused):
            piece.act()
            raise TimedOut
        if piece is NOTHING:
            return len(out), None
        if isinstance(piece, Step):
            raise Broken("Connection reset by peer")
        if len(piece) > limit:
            self._pieces.insert(0, piece[limit:])
        return len(out), piece[:limit]

    def close(self) -> None:
        self.closed = True


class ScriptedTransport:
    """Hands out the connections in order. ``AdbServerError`` in their place: nothing listens."""

    def __init__(self, *connections: Iterable[bytes | Step] | AdbServerError) -> None:
        self._connections = list(connections)
        self.streams: list[ScriptedStream] = []
        self.deadlines: list[Deadline] = []

    def connect(self, deadline: Deadline) -> Stream:
        if deadline.expired:
            raise TimedOut
        assert self._connections, "one connection more than written down"
        self.deadlines.append(deadline)
        connection = self._connections.pop(0)
        if isinstance(connection, AdbServerError):
            raise connection
        stream = ScriptedStream(connection)
        self.streams.append(stream)
        return stream

    @property
    def all_used(self) -> bool:
        return not self._connections
