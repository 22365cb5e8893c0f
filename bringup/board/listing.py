"""What boards an adb server has."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bringup.board.wire import Refused, Transport, answering, query
from bringup.deadline import Deadline
from bringup.errors import AdbServerError
from bringup.text import parse_number, visible

__all__ = ["ListedBoard", "list_boards", "parse_listing"]

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


def parse_listing(text: str) -> list[ListedBoard]:
    """Read the answer to ``host:devices-l``."""
    boards = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        attributes = dict(part.split(":", 1) for part in match["attributes"].split())
        boards.append(
            ListedBoard(
                serial=match["serial"],
                state=match["state"].strip(),
                product=attributes.get("product", ""),
                model=attributes.get("model", ""),
                device=attributes.get("device", ""),
                usb=attributes.get("usb"),
                transport_id=parse_number(attributes.get("transport_id", "")),
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
            raise AdbServerError("list boards", visible(str(refused))) from refused
