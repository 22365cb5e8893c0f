"""From adb's options to connected boards."""

from __future__ import annotations

from collections.abc import Sequence

from bringup.board import CONNECT_SECONDS, Board, Selection, connect, connect_all, list_boards, reach
from bringup.cli.console import print_error, say
from bringup.deadline import Deadline
from bringup.errors import BoardError, BoardNotFound, UsageError

__all__ = ["all_boards", "named_boards", "one_board", "selected_boards"]


def selected_boards(selection: Selection) -> list[Board]:
    """The boards that were selected; several only where several were named.

    :raises BringupError: there is none, there are too many, or one cannot be used.
    """
    if len(selection.serials) > 1:
        return all_boards(selection)[0]
    return [connect(selection, Deadline.after(CONNECT_SECONDS))]


def all_boards(selection: Selection) -> tuple[list[Board], list[BoardError]]:
    """Every board that is named, or that adb lists where none is named; and why some of them cannot be used.

    :raises BringupError: there is none, or one that is named cannot be used.
    """
    chosen = connect_all(selection, Deadline.after(CONNECT_SECONDS))
    for serial, others in chosen.also.items():
        say(f"{serial}: also listed as {', '.join(others)}")
    if chosen.unusable and (selection.serials or not chosen.boards):
        raise chosen.unusable[0]
    for error in chosen.unusable:
        print_error(error)
    return list(chosen.boards), list(chosen.unusable)


def named_boards(selection: Selection, serials: Sequence[str]) -> tuple[list[Board], list[BoardError]]:
    """These boards of the selection's adb server; and why some of them cannot be used.

    :raises AdbServerError: there is no adb server to talk to.
    """
    if not serials:
        return [], []
    deadline = Deadline.after(CONNECT_SECONDS)
    listed = {board.serial for board in list_boards(reach(selection.server, deadline), deadline)}
    there = tuple(serial for serial in serials if serial in listed)
    gone = [
        BoardNotFound("resume the run", "adb does not list it", board=serial)
        for serial in serials
        if serial not in listed
    ]
    if not there:
        return [], list(gone)
    chosen = connect_all(Selection(server=selection.server, serials=there), deadline)
    return list(chosen.boards), [*gone, *chosen.unusable]


def one_board(selection: Selection, action: str) -> Board:
    """The one board that was selected, for a command that takes no more.

    :raises BringupError: there is none, there are several, or it cannot be used.
    """
    if len(selection.serials) > 1:
        raise UsageError(action, f"{len(selection.serials)} boards are named", hint="give one -s SERIAL")
    (board,) = selected_boards(selection)
    return board
