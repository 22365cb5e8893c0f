"""Wait until a board answers, and connect and disconnect boards on the network.

What adb calls ``device`` is not waited for alone: a board that rebooted, froze or lost its network is still called so.
Only a command that ran on it counts.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import threading
from collections.abc import Sequence

from bringup.board.link import SHELL, Link
from bringup.board.states import READY, not_ready
from bringup.board.wire import Refused, Target, TimedOut, Transport, WireError, answering, query, receive
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardError, BoardLost, DeadlineExceeded
from bringup.text import visible

__all__ = ["connect_tcp", "disconnect_tcp", "reboot", "server_hangs", "wait_until_it_answers"]

# between attempts; the pause doubles
FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 2.0
ANSWER_SECONDS = 3.0
# of a board whose adbd answers, and which is still busy with its boot
LONGEST_ANSWER_SECONDS = 60.0
CONNECT_SECONDS = 5.0
ANSWER_AT_MOST = 4096

_NETWORK_SERIAL = re.compile(r".+:\d+")


def connect_tcp(
    transport: Transport, address: str, deadline: Deadline, interrupted: threading.Event | None = None
) -> str:
    """Connect a board on the network and wait until a command runs on it.

    :param address: ``host`` or ``host:port``.
    :param interrupted: set, from any thread, to give up.
    :returns: the serial under which adb lists it.
    :raises BoardNotReady: it wants this host's key confirmed.
    :raises DeadlineExceeded: it did not answer.
    :raises AdbServerError: the adb server does not answer.
    """
    serial = address if _NETWORK_SERIAL.fullmatch(address) else f"{address}:5555"
    action = f"connect to {visible(serial)}"
    # adb 36 itself tries for 10 s; what it answers then is not needed
    with answering(action, deadline, serial), contextlib.suppress(Refused, TimedOut):
        query(transport, f"host:connect:{serial}", deadline.within(CONNECT_SECONDS))
    wait_until_it_answers(Link(transport, Target(serial), interrupted=interrupted), deadline, action)
    return serial


def disconnect_tcp(transport: Transport, serial: str, deadline: Deadline) -> None:
    """Disconnect a board on the network; one that is not connected is no error.

    :raises AdbServerError: the adb server does not answer.
    """
    with answering(f"disconnect {visible(serial)}", deadline, serial), contextlib.suppress(Refused):
        query(transport, f"host:disconnect:{serial}", deadline)


def wait_until_it_answers(link: Link, deadline: Deadline, action: str) -> str | None:
    """Wait until a command runs on the board, and return its boot_id, ``None`` where that may not be read.

    Between attempts adb is asked to connect again: a board on the network is not looked for again by itself, and
    one that was connected while it booted stays ``offline``.

    :raises BoardNotReady: it wants this host's key confirmed; waiting would not help.
    :raises DeadlineExceeded: it did not answer.
    :raises AdbServerError: there is no adb server, or it hangs (:func:`server_hangs`) and did so to the end.
    :raises KeyboardInterrupt: the wait was interrupted.
    """
    pause = FIRST_PAUSE_SECONDS
    seen = "adb did not get through to it"
    fault: AdbServerError | None = None
    while not deadline.expired:
        if link.interrupted.is_set():
            raise KeyboardInterrupt
        try:
            # An adb server that is busy or far away answers the first late: what it lists is asked, not disconnected.
            state = READY if link.await_ready(pause, deadline) else link.adb_state(deadline)
            if state == READY:
                seen, fault = f"adb lists it as '{READY}', and it answers nothing", None
                return link.read_boot_id(deadline.within(LONGEST_ANSWER_SECONDS))
            seen, fault = f"adb says: {visible(state)}", None
            if "unauthorized" in state:
                raise not_ready(action, link.serial, "unauthorized")
        except TimedOut:
            pass  # what was seen before holds
        except AdbServerError as error:
            if not server_hangs(error):
                raise
            fault = error  # a busy one may answer the next time
        except WireError as error:
            seen, fault = visible(str(error)), None
            link.interrupted.wait(min(pause, deadline.remaining))
        _reconnect(link, pause, deadline)
        pause = min(2 * pause, LAST_PAUSE_SECONDS)
    if fault is not None:
        raise AdbServerError(action, fault.seen, hint=fault.hint, board=link.serial) from fault.__cause__
    hint = "see whether it is up and its adbd runs"
    raise DeadlineExceeded(action, f"{seen}, for {deadline.budget:g} s", hint=hint, board=link.serial)


def server_hangs(error: AdbServerError) -> bool:
    """Whether an adb server listens, and does not answer."""
    return isinstance(error.__cause__, TimedOut)


def _reconnect(link: Link, pause: float, deadline: Deadline) -> None:
    questions = [link.target.ask("reconnect")] if pause == LAST_PAUSE_SECONDS else []
    if _NETWORK_SERIAL.fullmatch(link.serial):
        questions = [f"host:disconnect:{link.serial}", f"host:connect:{link.serial}"]
    # A connection to a board that is not up yet may be accepted on its way and lead nowhere: first try often.
    limit = deadline.within(min(1 + 2 * pause, CONNECT_SECONDS))
    for question in questions:
        with contextlib.suppress(WireError):
            query(link.transport, question, limit)


def reboot(link: Link, deadline: Deadline, su: Sequence[str] = ()) -> str:
    """Reboot the board and wait until it answers with another boot_id, which is returned.

    :raises BoardError: it will not, or its boot_id may not be read, so that a reboot could not be noticed.
    :raises DeadlineExceeded: it did not come back.
    """
    action = "reboot"
    with link.failing(action, deadline):
        before = link.sign_of_life(link.read_boot_id, action, deadline)
    if before is None:
        raise BoardError(action, "its boot_id cannot be read, so a reboot could not be noticed", board=link.serial)
    _start_reboot(link, action, su, deadline)
    pause = threading.Event()
    while True:
        after = wait_until_it_answers(link, deadline, action)
        if after not in (None, before):
            link.boot_id = after
            return str(after)
        pause.wait(min(FIRST_PAUSE_SECONDS, deadline.require(action, link.serial)))


def _start_reboot(link: Link, action: str, su: Sequence[str], deadline: Deadline) -> None:
    """By adbd's service; where it has none, as Debian's, by the command."""
    script = shlex.join([*su, "reboot"] if su else ["reboot"])
    refused = ""
    for service in ("reboot:", f"{SHELL}{script}"):
        try:
            with link.failing(action, deadline):
                stream = link.open(service, action, deadline)
        except (BoardLost, DeadlineExceeded):
            return  # it went before it could say so, or the caller is about to see
        except BoardError as error:
            refused = error.seen
            continue
        # the board goes down with or without a word, and closes or does not
        with contextlib.closing(stream), contextlib.suppress(WireError, BoardLost):
            receive(stream, ANSWER_AT_MOST, deadline.within(ANSWER_SECONDS))
        return
    raise BoardError(action, refused, board=link.serial)
