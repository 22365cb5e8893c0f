"""Where the pages of a heap's buffers lie, and how much a heap can give: as a report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ExhaustionFacts", "PageFacts", "RegionFacts"]

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """A reserved-memory region or CMA area: physical addresses from ``begin`` up to, not including, ``end``.

    :param name: as the kernel names it.
    :param source: where it is told: a file of the board, or its log.
    """

    name: str
    begin: int
    end: int
    source: str

    def to_json(self) -> dict[str, Any]:
        """All fields; addresses are numbers."""
        return {"name": self.name, "begin": self.begin, "end": self.end, "source": self.source}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RegionFacts:
        """The reverse of :meth:`to_json`."""
        return cls(str(data["name"]), int(data["begin"]), int(data["end"]), str(data["source"]))


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Where the pages of one buffer lay in physical memory, as the kernel's tracepoints told.

    :param size: bytes of the buffer; ``page_size``: bytes a page.
    :param runs: (pages, count), pages ascending: so many runs of so many physically contiguous pages. What an IOMMU
        sees; one run is a contiguous buffer. The products add up to the buffer's pages.
    :param orders: (order, count), ascending: the blocks as the page allocator gave them; empty for CMA.
    :param lowest: its lowest physical address; ``highest``: the first one behind its last page.
    :param extents: (address, bytes) of its runs, ascending, the first 256: for a map of memory.
    :param region: the region it should lie in; ``None``: any memory will do, or the region is not known.
    """

    size: int
    page_size: int
    runs: Pairs
    orders: Pairs
    lowest: int
    highest: int
    extents: Pairs = ()
    region: RegionFacts | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields; pairs are lists of two."""
        return {
            "size": self.size,
            "page_size": self.page_size,
            "runs": [list(pair) for pair in self.runs],
            "orders": [list(pair) for pair in self.orders],
            "lowest": self.lowest,
            "highest": self.highest,
            "extents": [list(pair) for pair in self.extents],
            "region": None if self.region is None else self.region.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PageFacts:
        """The reverse of :meth:`to_json`."""
        region = data.get("region")
        return cls(
            size=int(data["size"]),
            page_size=int(data["page_size"]),
            runs=_pairs(data["runs"]),
            orders=_pairs(data["orders"]),
            lowest=int(data["lowest"]),
            highest=int(data["highest"]),
            extents=_pairs(data.get("extents", ())),
            region=None if region is None else RegionFacts.from_json(region),
        )


def _pairs(data: Any) -> Pairs:
    return tuple((int(first), int(second)) for first, second in data)


@dataclass(frozen=True, slots=True)
class ExhaustionFacts:
    """How much a heap gave when it was asked for all that could be had. Bytes.

    :param free: what was free for it before; ``limit``: what was allowed to be held.
    :param held: most that was held at one time; ``stopped``: what ended it (``ENOMEM``, ``budget``, …).
    :param largest: the largest single buffer before; ``largest_fragmented``: with every second of the small buffers
        that filled it given back, and ``fragmented_free``, the bytes free then; ``largest_after``: when all had
        been given back. 0: none, or not tried.
    """

    free: int
    limit: int
    held: int
    stopped: str
    largest: int = 0
    largest_fragmented: int = 0
    fragmented_free: int = 0
    largest_after: int = 0

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ExhaustionFacts:
        """The reverse of :meth:`to_json`."""
        numbers = {name: int(data[name]) for name in cls.__slots__ if name != "stopped"}
        return cls(stopped=str(data["stopped"]), **numbers)
