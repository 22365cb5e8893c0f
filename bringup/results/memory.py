"""Where memory lies and what of it is set aside, by physical address: as a report shows it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["SET_ASIDE", "MemoryFacts", "MemoryRegion", "RegionKind", "Unplaced"]


class RegionKind(enum.StrEnum):
    """What the kernel may do with a region."""

    CMA = "cma"  # movable pages live there until somebody allocates
    POOL = "pool"  # set aside for its users, mapped
    NO_MAP = "no-map"  # set aside, and the kernel does not map it
    KERNEL = "kernel"  # the kernel itself
    BOOT = "boot"  # reserved while booting: initrd, device tree, memory map, and every region above, too


#: What a person or a driver sets aside. The kernel's own place, and what it reserves while booting, may move at each
#: boot.
SET_ASIDE = (RegionKind.CMA, RegionKind.POOL, RegionKind.NO_MAP)


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """Physical addresses from ``begin`` up to, not including, ``end``.

    :param name: as the device tree or the kernel names it.
    :param source: where it is told: a file of the board, or its log.
    :param used: bytes allocated of a CMA area when it was looked at; ``None``: not told.
    """

    name: str
    kind: RegionKind
    begin: int
    end: int
    source: str
    used: int | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields; addresses are numbers."""
        return {name: getattr(self, name) for name in self.__slots__} | {"kind": self.kind.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MemoryRegion:
        """The reverse of :meth:`to_json`."""
        place = int(data["begin"]), int(data["end"])
        used = None if data.get("used") is None else int(data["used"])
        return cls(str(data["name"]), RegionKind(data["kind"]), *place, str(data["source"]), used)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A region that is asked for, and nothing tells where it lies, or that it does.

    :param size: bytes; ``None``: not told.
    """

    name: str
    size: int | None
    source: str

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Unplaced:
        """The reverse of :meth:`to_json`."""
        size = data.get("size")
        return cls(str(data["name"]), None if size is None else int(size), str(data["source"]))


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """A board's memory.

    :param ram: (begin, end) of each bank, ascending; empty where that is not known.
    :param regions: ascending by address.
    """

    ram: tuple[tuple[int, int], ...]
    regions: tuple[MemoryRegion, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All fields; a bank is a list of two."""
        return {
            "ram": [list(bank) for bank in self.ram],
            "regions": [one.to_json() for one in self.regions],
            "unplaced": [one.to_json() for one in self.unplaced],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MemoryFacts:
        """The reverse of :meth:`to_json`."""
        return cls(
            tuple((int(begin), int(end)) for begin, end in data["ram"]),
            tuple(MemoryRegion.from_json(one) for one in data.get("regions", ())),
            tuple(Unplaced.from_json(one) for one in data.get("unplaced", ())),
        )
