"""From places of labgrid to boards that answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bringup.board import (
    CONNECT_SECONDS,
    Board,
    Selection,
    ServerAddress,
    ServerTransport,
    TcpAddress,
    await_boot,
    connect,
    connect_tcp,
    disconnect_tcp,
    reach,
)
from bringup.deadline import Deadline
from bringup.errors import BoardError, BoardLost, BoardNotFound, BringupError
from bringup.futures import results_of
from bringup.lab.places.holding import held_places, place_in_use
from bringup.lab.places.messages import HeldBoard, Lost, PlaceRequest
from bringup.text import visible

__all__ = ["Connected", "connect_held", "connected_places", "disconnect_held"]

_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Connected:
    """The boards of places that are held.

    :param places: where each board is.
    :param unusable: why others cannot be used; each error has its place.
    """

    places: Mapping[Board, str]
    unusable: tuple[BoardError, ...]

    @property
    def boards(self) -> tuple[Board, ...]:
        """The boards, in the order of their places."""
        return tuple(self.places)


@contextmanager
def connected_places(
    request: PlaceRequest,
    server: ServerAddress,
    say: Callable[[str], None],
    boot_seconds: float | None = None,
    *,
    may_lack: bool = False,
) -> Iterator[Connected]:
    """Hold places and connect their boards, for as long as the block runs.

    :param server: the adb server for boards whose own adbd is on the network.
    :param boot_seconds: wait so long until a board has booted.
    :param may_lack: a place that somebody else holds ends nothing, and there may be no board at all.
    :raises HostError: labgrid cannot be used, or somebody else holds a place that was named, or all that have the tags.
    :raises BoardError: no board can be used.
    :raises UsageError: there is no such place.
    """
    with held_places(request, say) as held:
        if held.busy and not may_lack and (request.names or not (held.boards or held.lost)):
            raise place_in_use(held.busy[0])
        unusable: list[BoardError] = [_lost(lost) for lost in held.lost]
        for busy in held.busy:
            error = place_in_use(busy)
            unusable.append(_named(BoardError(error.action, error.seen, hint=error.hint), "", busy.place, "held"))
        try:
            tried = _connect_all(held.boards, server, boot_seconds)
            unusable += [error for error in tried if isinstance(error, BoardError)]
            pairs = zip(held.boards, tried, strict=True)
            places = {board: held_board.place for held_board, board in pairs if isinstance(board, Board)}
            if not places and not may_lack:
                raise unusable[0] if unusable else BoardNotFound("use places of labgrid", "they have no boards")
            for board, place in places.items():
                say(f"{place}: {board.serial}")
            yield Connected(places, tuple(unusable))
        finally:
            for held_board in held.boards:
                disconnect_held(held_board, server)


def _connect_all(
    boards: Sequence[HeldBoard], server: ServerAddress, boot_seconds: float | None
) -> list[Board | BoardError]:
    interrupted = threading.Event()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        try:
            waits = [pool.submit(connect_held, board, server, boot_seconds, interrupted) for board in boards]
            return results_of(waits)
        except BaseException:  # else the pool would wait until each has ended by itself
            interrupted.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def connect_held(
    board: HeldBoard,
    server: ServerAddress,
    boot_seconds: float | None = None,
    interrupted: threading.Event | None = None,
) -> Board | BoardError:
    """The board, or why it cannot be used. See :func:`connected_places`."""
    deadline = Deadline.after(CONNECT_SECONDS if boot_seconds is None else boot_seconds)
    try:
        if board.serial:
            server, serial = TcpAddress(board.host, board.port), board.serial
        else:
            serial = connect_tcp(reach(server, deadline), f"{board.host}:{board.port}", deadline, interrupted)
        selection = Selection(server=server, serials=(serial,), named_by=board.place)
        if boot_seconds is not None and (late := await_boot(selection, deadline, interrupted)):
            raise late[0]
        return connect(selection, Deadline.after(CONNECT_SECONDS))
    except BoardError as error:
        return _named(error, error.board or board.serial, board.place, error.state or "lost")
    except BringupError as error:  # the adb server beside the board: what is there cannot be known
        lost = BoardLost(f"use the place {board.place}", str(error), hint=error.hint)
        return _named(lost, board.serial, board.place, "lost")


def disconnect_held(board: HeldBoard, server: ServerAddress) -> None:
    """Let a board go whose own adbd is on the network; of others there is nothing to be done."""
    if not board.serial:
        with suppress(BringupError):
            disconnect_tcp(ServerTransport(server), f"{board.host}:{board.port}", Deadline.after(5))


def _lost(lost: Lost) -> BoardError:
    error = BoardLost(f"use the place {visible(lost.place)}", visible(lost.seen), hint=visible(lost.hint))
    return _named(error, "", lost.place, "lost")


def _named(error: BoardError, board: str, place: str, state: str) -> BoardError:
    """The error, with what a run's document needs of a board that could not be used.

    :param board: its serial; empty: nobody knows it, and the place stands for it.
    """
    error.board, error.place, error.state = error.board or board or place, place, state
    return error
