"""What boards an adb server has."""

from __future__ import annotations

from dataclasses import dataclass, field

from bringup.board.wire import Refused, Transport, answering, query
from bringup.deadline import Deadline
from bringup.errors import AdbServerError
from bringup.text import parse_number, visible

__all__ = ["ListedBoard", "list_boards", "parse_listing"]

_NO_SERIAL = "(no serial number)"
#: Longer lines are cut.
_LINE = 4096


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
    for line in (line[:_LINE] for line in text.splitlines()):
        rest = line.removeprefix(_NO_SERIAL)
        serial, *words = (line.split() or [""]) if rest == line else (_NO_SERIAL, *rest.split())
        if not words:
            continue
        # "no permissions (…); see [http://…]" holds spaces and a colon, so the state ends where the attributes begin
        first = next((at for at in range(len(words), 0, -1) if not _is_attribute(words[at - 1])), 0)
        attributes = dict(word.split(":", 1) for word in words[first:])
        boards.append(
            ListedBoard(
                serial=serial,
                state=" ".join(words[:first]),
                product=attributes.get("product", ""),
                model=attributes.get("model", ""),
                device=attributes.get("device", ""),
                usb=attributes.get("usb"),
                transport_id=parse_number(attributes.get("transport_id", "")),
                attributes=attributes,
            )
        )
    return boards


def _is_attribute(word: str) -> bool:
    name, colon, _ = word.partition(":")
    return bool(colon) and name.isascii() and name.replace("_", "a").isalpha() and name == name.lower()


def list_boards(transport: Transport, deadline: Deadline) -> list[ListedBoard]:
    """All boards that the adb server knows, ready or not, in its order.

    :raises AdbServerError: it does not answer, or is none.
    """
    with answering("list boards", deadline):
        try:
            return parse_listing(query(transport, "host:devices-l", deadline))
        except Refused as refused:
            raise AdbServerError("list boards", visible(str(refused))) from refused
