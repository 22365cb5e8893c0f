"""What bringup and the process that holds its places say to each other: one JSON object per line."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["Busy", "Held", "HeldBoard", "KeeperMessage", "Lost", "Note", "PlaceRequest", "Released", "Trouble"]


class PlaceRequest(msgspec.Struct, frozen=True):
    """Which places, and of which coordinator.

    :param names: names or aliases.
    :param tags: every place that has all of these; with ``reserve`` one of them.
    :param coordinator: ``HOST[:PORT]``; empty: as labgrid finds it (``LG_COORDINATOR``, or this host).
    :param reserve: wait in the coordinator's queue for so many seconds; ``None``: do not wait.
    """

    names: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}
    coordinator: str = ""
    reserve: float | None = None


class HeldBoard(msgspec.Struct, frozen=True):
    """A board of a place that is held.

    :param host: of the adb server, or with an empty ``serial`` of the board itself.
    :param serial: as that adb server lists it; empty: the board's own adbd is at ``host:port``.
    """

    place: str
    host: str
    port: int
    serial: str


class Busy(msgspec.Struct, frozen=True):
    """A place that somebody else holds.

    :param owner: ``HOST/USER``, as labgrid writes it.
    :param is_own: it is this user on this host, in another process.
    :param since: seconds since it last changed hands.
    """

    place: str
    owner: str
    is_own: bool
    since: float


class Lost(msgspec.Struct, frozen=True):
    """A place that has no board at present: its exporter is gone, or it exports no board."""

    place: str
    seen: str
    hint: str


class Note(msgspec.Struct, frozen=True, tag="note"):
    """Something that the person who watches should know."""

    text: str


class Held(msgspec.Struct, frozen=True, tag="held"):
    """All places that could be had are held until standard input is closed."""

    boards: tuple[HeldBoard, ...]
    busy: tuple[Busy, ...] = ()
    lost: tuple[Lost, ...] = ()


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """Nothing is held, and why.

    :param is_usage: what was asked for cannot be, now or later.
    """

    seen: str
    hint: str = ""
    is_usage: bool = False


class Released(msgspec.Struct, frozen=True, tag="released"):
    """The end; ``left`` are places that could not be released: name and why."""

    left: Mapping[str, str] = {}


KeeperMessage = Note | Held | Trouble | Released
