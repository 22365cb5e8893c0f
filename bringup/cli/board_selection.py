"""From adb's options to boards: chosen, connected, or booted for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bringup.board import (
    Board,
    Selection,
    ServerTransport,
    connect,
    connect_all,
    connect_tcp,
    disconnect_tcp,
    reach,
)
from bringup.cli.console import print_error, say
from bringup.cli.progress import Steps
from bringup.deadline import Deadline
from bringup.errors import BoardError, BringupError, UsageError
from bringup.virtual import VirtualBoard, find_profile, running, running_board

__all__ = [
    "all_boards",
    "connect_virtual",
    "forget_virtual",
    "one_board",
    "selected_boards",
    "virtual_board",
]

_CONNECT_SECONDS = 30.0
_BOOT_SECONDS = 300.0


def selected_boards(selection: Selection) -> list[Board]:
    """The boards that were selected; several only where several were named.

    :raises BringupError: there is none, there are too many, or one cannot be used.
    """
    if len(selection.serials) > 1:
        return all_boards(selection)[0]
    return [connect(selection, Deadline.after(_CONNECT_SECONDS))]


def all_boards(selection: Selection) -> tuple[list[Board], list[BoardError]]:
    """Every board that is named, or that adb lists where none is named; and why some of them cannot be used.

    :raises BringupError: there is none, or one that is named cannot be used.
    """
    chosen = connect_all(selection, Deadline.after(_CONNECT_SECONDS))
    for serial, others in chosen.also.items():
        say(f"{serial}: also listed as {', '.join(others)}")
    if chosen.unusable and (selection.serials or not chosen.boards):
        raise chosen.unusable[0]
    for error in chosen.unusable:
        print_error(error)
    return list(chosen.boards), list(chosen.unusable)


def one_board(selection: Selection, action: str) -> Board:
    """The one board that was selected, for a command that takes no more.

    :raises BringupError: there is none, there are several, or it cannot be used.
    """
    if len(selection.serials) > 1:
        raise UsageError(action, f"{len(selection.serials)} boards are named", hint="give one -s SERIAL")
    (board,) = selected_boards(selection)
    return board


def connect_virtual(board: VirtualBoard, selection: Selection) -> Board:
    """Connect the adb server to a virtual board."""
    deadline = Deadline.after(_CONNECT_SECONDS)
    serial = connect_tcp(reach(selection.server, deadline), board.serial, deadline)
    return connect(Selection(server=selection.server, serials=(serial,)), deadline)


def forget_virtual(board: VirtualBoard, selection: Selection) -> None:
    """Remove a virtual board from the adb server's list. It is not an error when no server runs."""
    with suppress(BringupError):
        disconnect_tcp(ServerTransport(selection.server), board.serial, Deadline.after(5))


@contextmanager
def virtual_board(profile: str, selection: Selection) -> Iterator[Board]:
    """A virtual board for as long as the block runs; one that runs already is used and left running."""
    wanted = find_profile(profile)
    already = next((board for board in running() if board.name == wanted.name), None)
    if already is not None:
        yield connect_virtual(already, selection)
        return
    with running_board(wanted, Deadline.after(_BOOT_SECONDS), progress=Steps()) as board:
        try:
            yield connect_virtual(board, selection)
        finally:
            forget_virtual(board, selection)
