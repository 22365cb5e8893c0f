"""Wait until boards have booted: until Android says so, or where there is no Android, until a command runs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from bringup.board.connecting import of_board, reach
from bringup.board.link import Link
from bringup.board.listing import list_boards
from bringup.board.network import server_hangs, wait_until_it_answers
from bringup.board.select import Selection, choose
from bringup.board.wire import Target, Transport, WireError
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardError, BoardNotFound, DeadlineExceeded
from bringup.futures import results_of
from bringup.text import from_board, visible

__all__ = ["await_boot", "wait_until_booted"]

_PAUSE_SECONDS = 0.5
_ANSWER_SECONDS = 5.0
_ACTION = "wait until the board has booted"
# Android's system server sets it (AOSP frameworks/base, ActivityManagerService). Debian has no getprop.
_BOOTED_SCRIPT = "if type getprop >/dev/null 2>&1; then getprop sys.boot_completed; else echo 1; fi"


def await_boot(
    selection: Selection, deadline: Deadline, interrupted: threading.Event | None = None
) -> list[BoardError]:
    """Wait for the boards that the selection names, all at once; where it names none, for those that adb lists.

    A board that is named need not be listed yet; where none is named, one that adb lists is waited for.

    :param interrupted: set, from any thread, to give up.
    :returns: why some of them have not booted; each error has the board's serial.
    :raises AdbServerError: there is no adb server to talk to.
    """
    transport = reach(selection.server, deadline)
    interrupted = interrupted or threading.Event()
    links = [Link(transport, target, interrupted=interrupted) for target in _targets(selection, transport, deadline)]
    with ThreadPoolExecutor(max_workers=max(1, len(links))) as pool:
        try:
            waits = [pool.submit(_why_not, link, deadline) for link in links]
            return [error for error in results_of(waits) if error is not None]
        except BaseException:
            interrupted.set()
            raise


def _targets(selection: Selection, transport: Transport, deadline: Deadline) -> list[Target]:
    if selection.serials:
        return [Target(serial) for serial in selection.serials]
    while True:
        try:
            chosen = choose(selection, list_boards(transport, Deadline.after(_ANSWER_SECONDS)))
        except BoardNotFound:
            if deadline.expired:
                raise
            threading.Event().wait(min(_PAUSE_SECONDS, deadline.remaining))
            continue
        return [Target(board.serial, board.transport_id) for board in chosen]


def _why_not(link: Link, deadline: Deadline) -> BoardError | None:
    try:
        wait_until_booted(link, deadline)
    except BoardError as error:
        return error
    except AdbServerError as error:
        if not server_hangs(error):
            raise
        return of_board(error, link.serial)
    return None


def wait_until_booted(link: Link, deadline: Deadline) -> None:
    """Wait for ``sys.boot_completed``; a board without Android's properties has booted when a command runs.

    :raises BoardNotReady: it wants this host's key confirmed.
    :raises DeadlineExceeded: it has not booted in time.
    :raises AdbServerError: the adb server does not answer.
    :raises KeyboardInterrupt: the wait was interrupted.
    """
    while True:
        wait_until_it_answers(link, deadline, _ACTION)
        try:
            _, output = link.ask_shell(_BOOTED_SCRIPT, deadline.within(_ANSWER_SECONDS))
        except WireError:
            continue  # it went down again meanwhile
        answer = from_board(output).strip()
        if answer == "1":
            return
        if link.interrupted.wait(min(_PAUSE_SECONDS, deadline.remaining)):
            raise KeyboardInterrupt
        if deadline.expired:
            seen = f"commands run on it, but sys.boot_completed is '{visible(answer[:40])}' after {deadline.budget:g} s"
            hint = "see what Android waits for: adb logcat; without Android's framework, leave --wait-for-boot out"
            raise DeadlineExceeded(_ACTION, seen, hint=hint, board=link.serial)
