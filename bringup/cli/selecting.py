"""From the options of adb to boards: chosen, connected, or booted for the occasion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from bringup.deadline import Deadline
from bringup.errors import BringupError, UsageError

if TYPE_CHECKING:
    from bringup.board import Board, RootPolicy, Selection
    from bringup.errors import BoardError
    from bringup.virtual import VirtualBoard

__all__ = [
    "all_boards",
    "connect_virtual",
    "forget_virtual",
    "listed_serials",
    "make_selection",
    "one_board",
    "root_policy",
    "selected_boards",
]

_CONNECT_SECONDS = 30.0
_BOOT_SECONDS = 300.0


def make_selection(
    serial: list[str] | None = None,
    transport_id: int | None = None,
    usb: bool = False,
    tcp: bool = False,
    host: str | None = None,
    port: int | None = None,
    socket: str | None = None,
) -> Selection:
    """Options and environment, put together as adb does.

    :raises UsageError: they contradict each other.
    """
    from bringup.board import Selection

    return Selection.from_options(
        serials=serial or (),
        transport_id=transport_id,
        usb_only=usb,
        network_only=tcp,
        host=host,
        port=port,
        socket=socket,
    )


def root_policy(text: str) -> RootPolicy:
    """What ``--root`` says.

    :raises UsageError: it says something else.
    """
    from bringup.board import RootPolicy

    try:
        return RootPolicy(text)
    except ValueError as error:
        known = ", ".join(RootPolicy)
        raise UsageError("read --root", f"{text!r} is none of {known}", hint="auto is the default") from error


def selected_boards(selection: Selection) -> list[Board]:
    """The boards that are meant; several only where several were named.

    :raises BringupError: none, too many, or one that cannot be used.
    """
    if len(selection.serials) > 1:
        return all_boards(selection)[0]
    from bringup.board import connect

    return [connect(selection, Deadline.after(_CONNECT_SECONDS))]


def all_boards(selection: Selection) -> tuple[list[Board], list[BoardError]]:
    """Every board that is named, or that adb lists where none is; and why some of them cannot be used.

    :raises BringupError: there is none, or one that is named cannot be used.
    """
    from bringup.board import connect_all
    from bringup.cli.console import print_error, say

    chosen = connect_all(selection, Deadline.after(_CONNECT_SECONDS))
    for serial, others in chosen.also.items():
        say(f"{serial}: also seen as {', '.join(others)}")
    if chosen.unusable and (selection.serials or not chosen.boards):
        raise chosen.unusable[0]
    for error in chosen.unusable:
        print_error(error)
    return list(chosen.boards), list(chosen.unusable)


def one_board(selection: Selection, action: str) -> Board:
    """The one board that is meant, for a command that takes no more.

    :raises BringupError: none, more than one, or one that cannot be used.
    """
    if len(selection.serials) > 1:
        raise UsageError(action, f"{len(selection.serials)} boards are named", hint="give one -s SERIAL")
    (board,) = selected_boards(selection)
    return board


def connect_virtual(board: VirtualBoard, selection: Selection) -> Board:
    """Connect the adb server to a virtual board."""
    from bringup.board import Selection, connect, connect_tcp, reach

    deadline = Deadline.after(_CONNECT_SECONDS)
    serial = connect_tcp(reach(selection.server, deadline), board.serial, deadline)
    return connect(Selection(server=selection.server, serials=(serial,)), deadline)


def forget_virtual(board: VirtualBoard, selection: Selection | None = None) -> None:
    """Take a virtual board off the adb server's list, where a server runs; that none does is no error."""
    from bringup.board import ServerTransport, disconnect_tcp

    server = (selection or make_selection()).server
    with suppress(BringupError):
        disconnect_tcp(ServerTransport(server), board.serial, Deadline.after(5))


@contextmanager
def virtual_board(profile: str, selection: Selection) -> Iterator[Board]:
    """A virtual board for as long as the block runs; one that runs already is used and left running."""
    from bringup.cli.progress import Steps
    from bringup.virtual import find_profile, running, running_board

    found = find_profile(profile)
    already = next((board for board in running() if board.name == found.name), None)
    if already is not None:
        yield connect_virtual(already, selection)
        return
    with running_board(found, Deadline.after(_BOOT_SECONDS), progress=Steps()) as board:
        try:
            yield connect_virtual(board, selection)
        finally:
            forget_virtual(board, selection)


def listed_serials() -> list[str]:
    """Serials that adb lists, for the shell's completion: quick, and silent when there is no server."""
    from bringup.board import ServerTransport, list_boards

    with suppress(BringupError):
        deadline = Deadline.after(0.5)
        return [board.serial for board in list_boards(ServerTransport(make_selection().server), deadline)]
    return []
