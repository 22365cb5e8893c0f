"""From a selection to boards that answer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bringup.board.board import Board
from bringup.board.link import Link
from bringup.board.listing import ListedBoard, list_boards
from bringup.board.select import CHOOSE, Selection, choose, summary, without_twins
from bringup.board.server import OLDEST_VERSION, ServerAddress, start_server
from bringup.board.states import READY, not_ready
from bringup.board.wire import Refused, ServerTransport, Target, Transport, answering, query
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardError, UsageError
from bringup.text import parse_number, shell_word, visible

__all__ = ["Chosen", "connect", "connect_all", "reach"]

# how long a board may stay in a state that passes by itself
SETTLE_SECONDS = 3.0
OPEN_SECONDS = 10.0
PASSING_STATES = ("offline", "authorizing", "connecting")


def reach(server: ServerAddress, deadline: Deadline, *, environ: Mapping[str, str] = os.environ) -> ServerTransport:
    """The way to the adb server, which is started where none listens on this machine.

    :raises AdbServerError: none is to be had, or it is too old, or it is something else.
    """
    transport = ServerTransport(server)
    action = f"talk to the adb server at {server}"
    try:
        answer = _version(transport, action, deadline)
    except AdbServerError as error:
        if not isinstance(error.__cause__, (ConnectionRefusedError, FileNotFoundError)) or not server.is_local:
            raise
        start_server(server, deadline, environ=environ)
        answer = _version(transport, action, deadline)
    version = parse_number(answer, 16)
    if version is None:
        raise AdbServerError(action, f"'{visible(answer[:80])}' is not a version number")
    if version < OLDEST_VERSION:
        hint = "end it with the adb that started it (its kill-server), and use platform-tools of 2016 or later"
        raise AdbServerError(action, f"version {version} is too old; need {OLDEST_VERSION} or newer", hint=hint)
    return transport


def _version(transport: Transport, action: str, deadline: Deadline) -> str:
    with answering(action, deadline):
        try:
            return query(transport, "host:version", deadline)
        except Refused as refused:
            raise AdbServerError(action, f"it does not say its version: {visible(str(refused))}") from refused


def connect(selection: Selection, deadline: Deadline, *, environ: Mapping[str, str] = os.environ) -> Board:
    """The one board that the selection means, ready for commands.

    :raises UsageError: there are several, and none is named.
    :raises BoardNotFound: there is none.
    :raises BoardNotReady: it is offline, unauthorized, …; the hint is the next step.
    :raises AdbServerError: there is no adb server to talk to.
    """
    transport = reach(selection.server, deadline, environ=environ)
    listed = list_boards(transport, deadline)
    wanted = without_twins(choose(selection, listed))
    if len(wanted) > 1:
        usable = next((one for one in wanted if one.state == READY), wanted[0])
        hint = f"choose one: -s {shell_word(usable.serial)}"
        raise UsageError(CHOOSE, f"there are {len(wanted)}: {summary(wanted)}", hint=hint)
    return _open(transport, wanted[0], listed, deadline)


def _open(transport: Transport, chosen: ListedBoard, listed: Sequence[ListedBoard], deadline: Deadline) -> Board:
    alone = sum(board.serial == chosen.serial for board in listed) == 1
    target = Target(chosen.serial, None if alone else chosen.transport_id)
    state = chosen.state
    if state in PASSING_STATES:
        link = Link(transport, target)
        action = "wait until the board is ready"
        with link.failing(action, deadline):
            state = READY if link.await_ready(deadline.within(SETTLE_SECONDS)) else link.adb_state(deadline)
    if state != READY:
        raise not_ready("use the board", chosen.serial, state)
    return Board.open(transport, target, deadline)


@dataclass(frozen=True, slots=True)
class Chosen:
    """All boards of a selection.

    :param boards: those that answer, each once.
    :param also: other serials of the same board, by the serial that was taken.
    :param unusable: why the others cannot be used; each error has the board's serial and the state adb lists it in.
    """

    boards: tuple[Board, ...]
    also: Mapping[str, tuple[str, ...]]
    unusable: tuple[BoardError, ...]


def connect_all(selection: Selection, deadline: Deadline, *, environ: Mapping[str, str] = os.environ) -> Chosen:
    """Every board that the selection names; where it names none, every board there is.

    A board that adb lists under several serials is taken once: its boot_id shows that.

    :raises BoardNotFound: there is none, or one that is named is not there.
    :raises AdbServerError: there is no adb server to talk to.
    """
    transport = reach(selection.server, deadline, environ=environ)
    listed = list_boards(transport, deadline)
    wanted = choose(selection, listed)
    with ThreadPoolExecutor(max_workers=min(8, len(wanted))) as pool:
        opened = list(
            pool.map(lambda board: _try_open(transport, board, listed, deadline.within(OPEN_SECONDS)), wanted)
        )
    boards: dict[str, Board] = {}
    also: dict[str, tuple[str, ...]] = {}
    for board, _ in sorted(
        ((result, entry) for result, entry in zip(opened, wanted, strict=True) if isinstance(result, Board)),
        key=lambda pair: _preference(pair[1]),
    ):
        identity = board.known_boot_id or board.serial
        if identity in boards:
            kept = boards[identity].serial
            also[kept] = (*also.get(kept, ()), board.serial)
        else:
            boards[identity] = board
    unusable = tuple(result for result in opened if isinstance(result, BoardError))
    return Chosen(tuple(boards.values()), also, unusable)


def _preference(board: ListedBoard) -> int:
    if board.usb is not None:
        return 0
    return 2 if board.serial.startswith("emulator-") else 1


def _try_open(
    transport: Transport, board: ListedBoard, listed: Sequence[ListedBoard], deadline: Deadline
) -> Board | BoardError:
    try:
        return _open(transport, board, listed, deadline)
    except BoardError as error:
        error.board = error.board or board.serial
        error.state = error.state or board.state
        return error
