"""Which adb server, and which of its boards: adb's own conventions.

Options are ``-s -t -d -e -H -P -L``; the environment is ``ANDROID_SERIAL``, ``ADB_SERVER_SOCKET``,
``ANDROID_ADB_SERVER_ADDRESS`` and ``ANDROID_ADB_SERVER_PORT``. An option beats the environment.
Source: adb(1), AOSP packages/modules/adb ``docs/user/adb.1.md``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bringup.board.listing import ListedBoard
from bringup.board.server import ServerAddress, TcpAddress, UnixAddress, adb_command
from bringup.errors import BoardNotFound, UsageError
from bringup.text import parse_number, visible

__all__ = ["CHOOSE", "Selection", "choose", "parse_server", "summary", "without_twins"]

CHOOSE = "choose a board"
_SOCKET = re.compile(r"tcp:(?:(?P<host>[^:\[\]]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>\d+)")


def parse_server(spec: str) -> ServerAddress:
    """Read what ``-L`` and ``ADB_SERVER_SOCKET`` hold.

    :raises UsageError: it is neither ``tcp:[HOST:]PORT`` nor ``localfilesystem:PATH``.
    """
    if spec.startswith("localfilesystem:/"):
        return UnixAddress(spec.removeprefix("localfilesystem:"))
    match = _SOCKET.fullmatch(spec)
    if match is None:
        hint = "write tcp:HOST:PORT, tcp:PORT or localfilesystem:/PATH"
        raise UsageError("find the adb server", f"'{visible(spec)}' is not an adb server address", hint=hint)
    return TcpAddress(match["host"] and match["host"].strip("[]"), _port(match["port"]))


def _port(text: str) -> int:
    port = parse_number(text)
    if port is None or not 1 <= port <= 65535:
        raise UsageError(
            "find the adb server", f"'{visible(text)}' is not a port", hint="a port is a number up to 65535"
        )
    return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the command line and the environment say about server and boards.

    :param named_by: where the serials came from, for messages: ``-s`` or ``ANDROID_SERIAL``.
    """

    server: ServerAddress = field(default_factory=TcpAddress)
    serials: tuple[str, ...] = ()
    transport_id: int | None = None
    usb_only: bool = False
    network_only: bool = False
    named_by: str = "-s"

    @classmethod
    def from_options(
        cls,
        *,
        serials: Iterable[str] = (),
        transport_id: int | None = None,
        usb_only: bool = False,
        network_only: bool = False,
        host: str | None = None,
        port: int | None = None,
        socket: str | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Selection:
        """Put options (``-s -t -d -e -H -P -L``) and environment together.

        :raises UsageError: they contradict each other, or an address is none.
        """
        named = tuple(dict.fromkeys(serials))
        given = [bool(named), transport_id is not None, usb_only, network_only]
        if sum(given) > 1:
            raise UsageError(CHOOSE, "more than one of -s, -t, -d and -e is given", hint="give one of them")
        named_by = "-s"
        if not any(given) and environ.get("ANDROID_SERIAL"):
            named, named_by = (environ["ANDROID_SERIAL"],), "ANDROID_SERIAL"
        return cls(
            server=_server(host, port, socket, environ),
            serials=named,
            transport_id=transport_id,
            usb_only=usb_only,
            network_only=network_only,
            named_by=named_by,
        )

    @property
    def option(self) -> str:
        """The option that selects a board; empty where none does: ``ANDROID_SERIAL`` is not an option."""
        given = {
            "-s": bool(self.serials) and self.named_by == "-s",
            "-t": self.transport_id is not None,
            "-d": self.usb_only,
            "-e": self.network_only,
        }
        return next((option for option, is_given in given.items() if is_given), "")


def _server(host: str | None, port: int | None, socket: str | None, environ: Mapping[str, str]) -> ServerAddress:
    if socket is not None:
        if host is not None or port is not None:
            raise UsageError("find the adb server", "-L is given together with -H or -P", hint="give either")
        return parse_server(socket)
    if host is None and port is None and environ.get("ADB_SERVER_SOCKET"):
        return parse_server(environ["ADB_SERVER_SOCKET"])
    return TcpAddress(
        host or environ.get("ANDROID_ADB_SERVER_ADDRESS") or None,
        _port(str(port) if port is not None else environ.get("ANDROID_ADB_SERVER_PORT") or str(TcpAddress().port)),
    )


def choose(selection: Selection, listed: Sequence[ListedBoard]) -> list[ListedBoard]:
    """The boards that the selection names; all where it names none. In adb's order, or that of the serials.

    :raises BoardNotFound: one that is named, or any at all, is not there.
    """
    if selection.serials:
        return [_named(serial, selection.named_by, listed) for serial in selection.serials]
    if selection.transport_id is not None:
        wanted = [board for board in listed if board.transport_id == selection.transport_id]
        missing = f"adb has no transport id {selection.transport_id}"
    elif selection.usb_only:
        wanted = [board for board in listed if board.usb is not None]
        missing = "adb lists no board on USB"
    elif selection.network_only:
        wanted = [board for board in listed if board.usb is None]
        missing = "adb lists no board on the network"
    else:
        wanted, missing = list(listed), "adb lists no board"
    if not wanted:
        raise _not_found(missing, listed)
    return wanted


def _named(serial: str, named_by: str, listed: Sequence[ListedBoard]) -> ListedBoard:
    # adb takes the USB port and product:, model: or device: as well
    found = [b for b in listed if b.serial == serial] or [
        b
        for b in listed
        if serial in (f"usb:{b.usb}", f"product:{b.product}", f"model:{b.model}", f"device:{b.device}")
    ]
    if not found:
        raise _not_found(f"{named_by} names '{visible(serial)}', which adb does not list", listed)
    if len(found) > 1:
        ids = ", ".join(str(board.transport_id) for board in found)
        seen = f"{named_by} '{visible(serial)}' is {len(found)} boards, with transport ids {ids}"
        raise UsageError(CHOOSE, seen, hint=f"choose with -t {found[0].transport_id}")
    return found[0]


def _not_found(missing: str, listed: Sequence[ListedBoard]) -> BoardNotFound:
    if listed:
        return BoardNotFound(CHOOSE, f"{missing}; it lists {summary(listed)}", hint="name one of these with -s")
    network = adb_command("connect HOST:5555")
    hint = f"plug it in and see bringup boards; over the network: {network}; none at hand: --virtual amd64"
    return BoardNotFound(CHOOSE, missing if "no board" in missing else f"{missing}; it lists no board", hint=hint)


def summary(listed: Iterable[ListedBoard]) -> str:
    """Boards for a message: serial, state and model of each."""
    return ", ".join(
        f"{visible(board.serial)} ({visible(', '.join(filter(None, (board.state, board.model))))})" for board in listed
    )


def without_twins(wanted: Sequence[ListedBoard]) -> list[ListedBoard]:
    """An adb server adds a board that listens on port 5555 of this machine a second time, as emulator-5554."""
    serials = {board.serial for board in wanted}
    twins = {
        f"emulator-{int(serial.rpartition(':')[2]) - 1}"
        for serial in serials
        if re.fullmatch(r"(127\.0\.0\.1|localhost):[0-9]{1,5}", serial)
    }
    return [board for board in wanted if board.serial not in twins]
