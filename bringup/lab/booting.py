"""Virtual boards that an adb server knows: connected, or booted for as long as a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bringup.board import (
    CONNECT_SECONDS,
    Board,
    Selection,
    ServerAddress,
    ServerTransport,
    connect,
    connect_tcp,
    disconnect_tcp,
    reach,
)
from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.virtual import Progress, VirtualBoard, find_profile, running, running_board

__all__ = ["booted_board", "connect_virtual", "forget_virtual"]

_BOOT_SECONDS = 300.0


def connect_virtual(board: VirtualBoard, server: ServerAddress) -> Board:
    """Connect the adb server to a virtual board.

    :raises BringupError: there is no adb server, or the board does not answer.
    """
    deadline = Deadline.after(CONNECT_SECONDS)
    serial = connect_tcp(reach(server, deadline), board.serial, deadline)
    return connect(Selection(server=server, serials=(serial,)), deadline)


def forget_virtual(board: VirtualBoard, server: ServerAddress) -> None:
    """Remove a virtual board from the adb server's list. It is not an error when no server runs."""
    with suppress(BringupError):
        disconnect_tcp(ServerTransport(server), board.serial, Deadline.after(5))


@contextmanager
def booted_board(profile: str, server: ServerAddress, progress: Progress | None = None) -> Iterator[Board]:
    """A virtual board for as long as the block runs; one that runs already is used and left running.

    :raises BringupError: it cannot be set up, or does not boot.
    """
    wanted = find_profile(profile)
    already = next((board for board in running() if board.name == wanted.name), None)
    if already is not None:
        yield connect_virtual(already, server)
        return
    with running_board(wanted, Deadline.after(_BOOT_SECONDS), progress=progress) as board:
        try:
            yield connect_virtual(board, server)
        finally:
            forget_virtual(board, server)
