"""What boards an adb server has, and boards on the network."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

from bringup.board.states import READY, not_ready
from bringup.board.wire import (
    Refused,
    Target,
    TimedOut,
    Transport,
    answering,
    query,
    receive_exactly,
    request,
)
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, DeadlineExceeded
from bringup.text import visible

__all__ = ["ListedBoard", "await_ready", "connect_tcp", "disconnect_tcp", "list_boards", "parse_listing"]

# between attempts to connect; the pause doubles
FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 2.0

# "no permissions (…); see [http://…]" holds spaces and a colon, so the state ends where the attributes begin
_LINE = re.compile(r"(?P<serial>\(no serial number\)|\S+)\s+(?P<state>.*?)(?P<attributes>(?:\s[a-z_]+:\S*)*)\s*")


@dataclass(frozen=True, slots=True)
class ListedBoard:
    """One line of ``adb devices -l``.

    :param state: ``device`` when the board can be used; adb's own words otherwise, e.g. ``offline`` or
        ``no permissions (user in plugdev group; …)``.
    :param usb: the USB port, ``None`` for a board on the network.
    """

    serial: str
    state: str
    product: str = ""
    model: str = ""
    device: str = ""
    usb: str | None = None
    transport_id: int | None = None
    attributes: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_ready(self) -> bool:
        """Whether commands can be run on it."""
        return self.state == READY


def parse_listing(text: str) -> list[ListedBoard]:
    """Read the answer to ``host:devices-l``."""
    boards = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        attributes = dict(part.split(":", 1) for part in match["attributes"].split())
        number = attributes.get("transport_id", "")
        boards.append(
            ListedBoard(
                serial=match["serial"],
                state=match["state"].strip(),
                product=attributes.get("product", ""),
                model=attributes.get("model", ""),
                device=attributes.get("device", ""),
                usb=attributes.get("usb"),
                transport_id=int(number) if number.isdecimal() else None,
                attributes=attributes,
            )
        )
    return boards


def list_boards(transport: Transport, deadline: Deadline) -> list[ListedBoard]:
    """All boards that the adb server knows, ready or not, in its order.

    :raises AdbServerError: it does not answer, or is none.
    """
    with answering("list boards", deadline):
        try:
            return parse_listing(query(transport, "host:devices-l", deadline))
        except Refused as refused:
            raise AdbServerError("list boards", str(refused)) from refused


def await_ready(transport: Transport, target: Target, deadline: Deadline) -> bool:
    """Wait until adb calls a board ``device``; ``False`` when it did not before the deadline.

    A board that adb does not know yet is waited for as well.

    :raises WireError: the adb server broke.
    """
    stream = transport.connect(deadline)
    try:
        request(stream, target.ask("wait-for-any-device"), deadline)
        receive_exactly(stream, 4, deadline)  # a second OKAY, once it is
    except TimedOut:
        return False
    finally:
        stream.close()
    return True


def connect_tcp(transport: Transport, address: str, deadline: Deadline) -> str:
    """Connect a board on the network and wait until it is ready.

    Tried again until the deadline: a board that is booting refuses at first, or stays ``offline`` because its
    network was up before its adbd (then only disconnecting helps).

    :param address: ``host`` or ``host:port``.
    :returns: the serial under which adb lists it.
    :raises BoardNotReady: it wants this host's key confirmed.
    :raises DeadlineExceeded: it did not become ready.
    """
    action = f"connect to {visible(address)}"
    pause = FIRST_PAUSE_SECONDS
    seen = "no answer"
    with answering(action, deadline, address):
        while not deadline.expired:
            seen = query(transport, f"host:connect:{address}", deadline).strip()
            serial = seen.rpartition("connected to ")[2] if "connected to " in seen else address
            if await_ready(transport, Target(serial), deadline.within(pause)):
                return serial
            state = _state(transport, serial, deadline)
            if state == "unauthorized":
                raise not_ready(action, serial, state)
            if state == "offline":
                seen = "it stays offline"
                _ = query(transport, f"host:disconnect:{address}", deadline)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
    hint = "see whether the board listens: adbd must run there with a TCP port"
    raise DeadlineExceeded(action, f"{visible(seen)}, for {deadline.budget:g} s", hint=hint, board=address)


def disconnect_tcp(transport: Transport, serial: str, deadline: Deadline) -> None:
    """Disconnect a board on the network; one that is not connected is no error.

    :raises AdbServerError: the adb server does not answer.
    """
    with answering(f"disconnect {visible(serial)}", deadline, serial), contextlib.suppress(Refused):
        query(transport, f"host:disconnect:{serial}", deadline)


def _state(transport: Transport, serial: str, deadline: Deadline) -> str:
    return next((board.state for board in list_boards(transport, deadline) if board.serial == serial), "")
