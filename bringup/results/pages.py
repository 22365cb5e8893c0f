"""Where the pages of a heap's buffers lie, and how much a heap can give: as a report shows them."""

from __future__ import annotations

import msgspec

__all__ = ["ExhaustionFacts", "PageFacts", "RegionFacts"]

Pairs = tuple[tuple[int, int], ...]


class RegionFacts(msgspec.Struct, frozen=True):
    """A reserved-memory region or CMA area: physical addresses from begin up to, not including, end.

    :param name: As the kernel names it.
    :param source: Where that was read: a file of the board, or its log.
    """

    name: str
    begin: int
    end: int
    source: str


class PageFacts(msgspec.Struct, frozen=True):
    """Where the pages of one buffer lay in physical memory, as the kernel's tracepoints show it.

    :param size: Bytes of the buffer.
    :param page_size: Bytes per page.
    :param runs: [pages, count], pages ascending: count runs of so many physically contiguous pages. What an IOMMU sees;
        one run is a contiguous buffer. The products add up to the buffer's pages.
    :param orders: [order, count], ascending: the blocks as the page allocator gave them; empty for CMA.
    :param lowest: Its lowest physical address.
    :param highest: The first physical address behind its last page.
    :param extents: [address, bytes] of its runs, ascending, the first 256.
    :param region: The region it should lie in; null: any memory will do, or the region is unknown.
    """

    size: int
    page_size: int
    runs: Pairs
    orders: Pairs
    lowest: int
    highest: int
    extents: Pairs = ()
    region: RegionFacts | None = None


class ExhaustionFacts(msgspec.Struct, frozen=True):
    """How much a heap gave when it was asked for as much as it has. Bytes; 0: none, or not tried.

    :param free: What was free for it before.
    :param limit: What was allowed to be held.
    :param held: The most that was held at one time.
    :param stopped: What ended it: ENOMEM, budget, or another.
    :param largest: The largest single buffer, before.
    :param largest_fragmented: The same with every second of the small buffers that filled it given back.
    :param fragmented_free: What was free then.
    :param largest_after: The same when all had been given back.
    """

    free: int
    limit: int
    held: int
    stopped: str
    largest: int = 0
    largest_fragmented: int = 0
    fragmented_free: int = 0
    largest_after: int = 0
