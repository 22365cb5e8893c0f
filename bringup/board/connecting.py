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
from bringup.board.watch import Heartbeat
from bringup.board.wire import Refused, ServerTransport, Target, Transport, answering, query
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardError, UsageError
from bringup.futures import results_of
from bringup.text import parse_number, shell_word, visible

__all__ = ["CONNECT_SECONDS", "Chosen", "connect", "connect_all", "of_board", "reach"]

#: Where nobody says how long: enough for a board that can be used at all, and to see that no command of one ends whose
#: adbd answers.
CONNECT_SECONDS = Heartbeat().most + 5
# how long a board may stay in a state that passes by itself
SETTLE_SECONDS = 3.0
MOST_AT_ONCE = 64
PASSING_STATES = ("offline", "authorizing", "connecting")


def reach(server: ServerAddress, deadline: Deadline, *, environ: Mapping[str, str] = os.environ) -> ServerTransport:
    """The way to the adb server, which is started where none listens and adb itself would start one.

    :raises AdbServerError: none is to be had, or it is too old, or it is something else.
    """
    transport = ServerTransport(server)
    action = f"talk to the adb server at {server}"
    try:
        answer = _version(transport, action, deadline)
    except AdbServerError as error:
        if not isinstance(error.__cause__, (ConnectionRefusedError, FileNotFoundError)):
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
            state = READY if link.await_ready(SETTLE_SECONDS, deadline) else link.adb_state(deadline)
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

    A board that adb lists under several serials is taken once: its boot_id and serialno show that.

    :raises BoardNotFound: there is none, or one that is named is not there.
    :raises AdbServerError: there is no adb server to talk to, or it stopped answering and no board could be opened.
    """
    transport = reach(selection.server, deadline, environ=environ)
    listed = list_boards(transport, deadline)
    wanted = choose(selection, listed)
    # up to 64 at once: so many wait for none that answers late, or nothing
    with ThreadPoolExecutor(max_workers=min(MOST_AT_ONCE, len(wanted))) as pool:
        opened = results_of([pool.submit(_try_open, transport, board, listed, deadline) for board in wanted])
    boards: dict[tuple[str, str], Board] = {}
    also: dict[str, tuple[str, ...]] = {}
    for board, _ in sorted(
        ((result, entry) for result, entry in zip(opened, wanted, strict=True) if isinstance(result, Board)),
        key=lambda pair: _preference(pair[1]),
    ):
        identity = board.identity
        if identity in boards:
            kept = boards[identity].serial
            also[kept] = (*also.get(kept, ()), board.serial)
        else:
            boards[identity] = board
    if not boards:
        for result in opened:
            if isinstance(result, AdbServerError):
                raise result
    unusable = (
        of_board(result, entry.serial, entry.state) if isinstance(result, AdbServerError) else result
        for result, entry in zip(opened, wanted, strict=True)
        if not isinstance(result, Board)
    )
    return Chosen(tuple(boards.values()), also, tuple(unusable))


def of_board(error: AdbServerError, serial: str, state: str | None = None) -> BoardError:
    """The same fault, still the host's, as why one board of several cannot be used."""
    unusable = BoardError(error.action, error.seen, hint=error.hint, board=serial)
    unusable.blame, unusable.state = error.blame, state
    return unusable


def _preference(board: ListedBoard) -> int:
    if board.usb is not None:
        return 0
    return 2 if board.serial.startswith("emulator-") else 1


def _try_open(
    transport: Transport, board: ListedBoard, listed: Sequence[ListedBoard], deadline: Deadline
) -> Board | BoardError | AdbServerError:
    try:
        return _open(transport, board, listed, deadline)
    except BoardError as error:
        error.board = error.board or board.serial
        error.state = error.state or board.state
        return error
    except AdbServerError as error:
        return error  # it may have been too busy for one board of many
