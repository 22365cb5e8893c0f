"""What an adb server and an adbd say: answers, shell packets, sync, the list of boards."""

from __future__ import annotations

from contextlib import suppress

from bringup.board.listing import parse_listing
from bringup.board.shell import PidLines, Stdout, converse
from bringup.board.sync import pull_chunks, push_chunks, stat_v1, stat_v2
from bringup.board.wire import Target, WireError, open_service, request
from bringup.deadline import Deadline
from bringup.errors import BringupError

_DEADLINE = Deadline.after(1e9)


class Said:
    """A stream on which all of this has come, in pieces of a few bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def exchange(self, out: bytes | memoryview, limit: int, _: Deadline) -> tuple[int, bytes | None]:
        size = min(limit, 7)
        piece, self._data = self._data[:size], self._data[size:]
        return len(out), piece

    def close(self) -> None:
        pass


def one(data: bytes) -> None:
    which, said = data[:1], Said(data[1:])
    with suppress(WireError, BringupError):
        match which:
            case b"a":
                request(said, "host:version", _DEADLINE)
            case b"b":
                open_service(said, Target("s"), "shell:", _DEADLINE)
            case b"c":
                pids = PidLines("token", expected=1)
                for chunk in converse(said, b"in", _DEADLINE):
                    assert all(isinstance(part, Stdout) or part for part in pids.strip(chunk))
            case b"d":
                stat_v1(said, "/", _DEADLINE)
            case b"e":
                stat_v2(said, "/", _DEADLINE)
            case b"f":
                assert sum(map(len, pull_chunks(said, "/", _DEADLINE))) <= len(data)
            case b"g":
                push_chunks(said, [b"x"], "/", 0o644, 0, _DEADLINE)
            case _:
                parse_listing(data.decode("utf-8", "replace"))
