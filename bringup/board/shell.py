"""Shell protocol v2: one command on a board, its output streamed, stdout and stderr apart, with its exit code.

A packet is one byte of kind, four bytes of length (little endian), and so many bytes (AOSP packages/modules/adb,
``shell_protocol.h``). adbd gives each command a session of its own, so the shell's process id is also the id of its
process group; ``announce`` lets the shell print it, and :class:`PidLines` takes it out of stderr again.
"""

from __future__ import annotations

import enum
import shlex
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bringup.board.wire import RECEIVE_AT_MOST, Broken, Garbled, Stream
from bringup.deadline import Deadline
from bringup.text import from_board, parse_number

__all__ = [
    "Chunk",
    "Completed",
    "Exit",
    "Packet",
    "PidLines",
    "ShellPackets",
    "Stderr",
    "Stdout",
    "announce",
    "converse",
    "kill_script",
    "packed",
    "script_of",
]

HEADER = struct.Struct("<BI")
# adbd reads a packet into a buffer of its own size; 64 KiB has fitted since shell v2 exists
STDIN_AT_MOST = 64 * 1024
# adbd sends at most 1 MiB (MAX_PAYLOAD). Anything far above is no length but a lost place in the stream.
PACKET_AT_MOST = 16 * 1024 * 1024
# a hundredth of a second each: how long killed processes are waited for
KILL_ROUNDS = 50
# of output while the shell has not printed its id
HELD_AT_MOST = 1024 * 1024


class Packet(enum.IntEnum):
    """Kinds of packets (``ShellProtocol::Id``)."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    EXIT = 3
    CLOSE_STDIN = 4
    WINDOW_SIZE = 5


@dataclass(frozen=True, slots=True)
class Stdout:
    """Bytes that the command wrote to stdout."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Stderr:
    """Bytes that the command wrote to stderr."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Exit:
    """The command's end. A command that a signal ended has 128 + the signal's number."""

    code: int


Chunk = Stdout | Stderr | Exit


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ran to its end.

    :param truncated: stdout or stderr was longer than the limit; what is held is the beginning.
    :param seconds: from the request to the exit code, on the host's clock.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    seconds: float


def script_of(command: Sequence[str] | str) -> str:
    """The text for the board's ``sh``: a list of arguments is quoted, a string is a script already.

    :raises ValueError: it holds a NUL, which no argument can.
    """
    script = command if isinstance(command, str) else shlex.join(command)
    if "\0" in script:
        raise ValueError("a command cannot hold a NUL")
    return script


def packed(kind: int, data: bytes | memoryview) -> bytes:
    """One packet."""
    return HEADER.pack(kind, len(data)) + data


class ShellPackets:
    """Takes a byte stream apart into packets, whatever pieces it comes in.

    Data is passed on as it arrives and not collected until its packet is complete, so that the memory needed does
    not depend on a length that the other side claims.
    """

    def __init__(self) -> None:
        self._header = b""
        self._kind = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield ``(kind, bytes)`` for what ``data`` adds; one packet may come in several such pieces.

        :raises Garbled: a length that no adbd sends.
        """
        at = 0
        while at < len(data):
            if self._left == 0:
                more = data[at : at + HEADER.size - len(self._header)]
                at += len(more)
                self._header += more
                if len(self._header) < HEADER.size:
                    return
                self._kind, self._left = HEADER.unpack(self._header)
                self._header = b""
                if self._left > PACKET_AT_MOST:
                    raise Garbled(f"a shell packet of {self._left} bytes")
                continue
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            yield self._kind, piece


def converse(
    stream: Stream, stdin: bytes | Iterable[bytes], deadline: Deadline, packets: ShellPackets | None = None
) -> Iterator[Chunk]:
    """Feed ``stdin`` to a command while yielding what it writes; the last one is its :class:`Exit`.

    :param packets: the place in the stream, for who wants to go on reading after this was given up.
    :raises Broken: the stream ended without an exit code.
    :raises Garbled: what came is not shell protocol v2.
    """
    packets = packets or ShellPackets()
    feed = _stdin_packets(stdin)
    out = memoryview(next(feed))
    while True:
        sent, received = stream.exchange(out, RECEIVE_AT_MOST, deadline)
        out = out[sent:] or memoryview(next(feed, b""))
        if received is None:
            continue
        if not received:
            raise Broken("the connection was closed before the command's exit code came")
        for kind, data in packets.feed(received):
            match kind:
                case Packet.STDOUT:
                    yield Stdout(data)
                case Packet.STDERR:
                    yield Stderr(data)
                case Packet.EXIT:
                    yield Exit(data[0])
                    return
                case _:
                    raise Garbled(f"a shell packet of kind {kind}")


def _stdin_packets(stdin: bytes | Iterable[bytes]) -> Iterator[bytes]:
    for piece in (stdin,) if isinstance(stdin, bytes) else stdin:
        for at in range(0, len(piece), STDIN_AT_MOST):
            yield packed(Packet.STDIN, piece[at : at + STDIN_AT_MOST])
    yield packed(Packet.CLOSE_STDIN, b"")


def announce(script: str, token: str) -> str:
    """``script``, preceded by the shell telling its process id on stderr behind ``token``.

    That is a builtin and a line of output: it costs no round trip.
    """
    return f"echo {token}$$>&2\n{script}"


class PidLines:
    """Takes the lines that :func:`announce` adds out of stderr.

    Everything is held back until they are there: stdout may come first, and whoever sees output may rely on the
    shell's id being known. It is the first thing that the shell writes, so that is not for long.

    :param expected: how many shells print their id (two where ``su`` starts a second one).
    """

    def __init__(self, token: str, expected: int) -> None:
        self._token = token.encode()
        self._expected = expected
        self._stdout = b""
        self._stderr = b""
        self._line = b""
        self._holding = True
        self.pids: list[int] = []

    def strip(self, chunk: Chunk) -> Iterator[Chunk]:
        """What may be passed on now that ``chunk`` came."""
        complete = len(self.pids) == self._expected
        if complete and not self._holding:
            yield chunk
            return
        match chunk:
            case Stdout(data):
                self._stdout += data
            case Stderr(data):
                self._take(data)
        complete = len(self.pids) == self._expected
        ended = isinstance(chunk, Exit)
        if complete or ended:
            self._stderr, self._line = self._stderr + self._line, b""
        if complete or ended or len(self._stdout) + len(self._stderr) > HELD_AT_MOST:
            self._holding = False
        if not self._holding:
            yield from self._release()
        if ended:
            yield chunk

    def _release(self) -> Iterator[Chunk]:
        stdout, self._stdout = self._stdout, b""
        stderr, self._stderr = self._stderr, b""
        if stdout:
            yield Stdout(stdout)
        if stderr:
            yield Stderr(stderr)

    def _take(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            pid = parse_number(from_board(line.removeprefix(self._token))) if line.startswith(self._token) else None
            if pid is not None and len(self.pids) < self._expected:
                self.pids.append(pid)
            else:
                self._stderr += line + b"\n"


def kill_script(pids: Iterable[int]) -> str:
    """Kill these shells and every process of their groups; exit code 1 when one is still there after half a second.

    Any of them may lead the group: a shell that su started is in the group of the one that started su.
    A process that waits for a device (state D) stays until the device answers.
    """
    shells = " ".join(map(str, pids))
    return f"""for p in {shells}; do kill -9 -$p; kill -9 $p; done 2>/dev/null
i=0
for p in {shells}; do
while kill -0 -$p 2>/dev/null; do i=$((i+1)); [ $i -lt {KILL_ROUNDS} ] || exit 1; sleep 0.01; done
done
"""
