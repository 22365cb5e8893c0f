"""Where memory lies and what of it is set aside, by physical address: as a report shows it."""

from __future__ import annotations

import enum

import msgspec

__all__ = ["SET_ASIDE", "MemoryFacts", "MemoryRegion", "RegionKind", "Unplaced"]


class RegionKind(enum.StrEnum):
    """What the kernel may do with a region.

    cma: movable pages live there until somebody allocates. pool: set aside, mapped. no-map: set aside, not mapped.
    kernel: the kernel itself. boot: reserved while booting (initrd, device tree, …), which includes the others.
    """

    CMA = "cma"
    POOL = "pool"
    NO_MAP = "no-map"
    KERNEL = "kernel"
    BOOT = "boot"


#: What a person or a driver sets aside. The kernel's own place, and what it reserves while booting, may move at each
#: boot.
SET_ASIDE = (RegionKind.CMA, RegionKind.POOL, RegionKind.NO_MAP)


class MemoryRegion(msgspec.Struct, frozen=True):
    """Physical addresses from begin up to, not including, end.

    :param name: As the device tree or the kernel names it.
    :param source: Where that was read: a file of the board, or its log.
    :param used: Bytes allocated of a CMA area when it was looked at; null: unknown.
    """

    name: str
    kind: RegionKind
    begin: int
    end: int
    source: str
    used: int | None = None


class Unplaced(msgspec.Struct, frozen=True):
    """A region that is asked for, and nothing shows where it lies, or that it exists.

    :param size: Bytes; null: unknown.
    """

    name: str
    size: int | None
    source: str


class MemoryFacts(msgspec.Struct, frozen=True):
    """A board's memory. Physical addresses are numbers; a range goes from begin up to, not including, end.

    :param ram: [begin, end] of each bank, ascending; empty where that is unknown.
    :param regions: Ascending by address.
    :param unplaced: Regions that are asked for, and nothing shows where they lie, or that they exist.
    """

    ram: tuple[tuple[int, int], ...]
    regions: tuple[MemoryRegion, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
