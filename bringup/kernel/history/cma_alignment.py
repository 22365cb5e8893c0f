"""The alignment of CMA regions, by kernel release, page size and configuration."""

from __future__ import annotations

from bringup.kernel.history.version import KernelVersion

__all__ = ["USUAL_LARGEST_ORDER", "cma_alignment"]

#: The largest order of the page allocator by page size (arch/arm64/Kconfig: ARCH_FORCE_MAX_ORDER; elsewhere 4 KiB, 10).
USUAL_LARGEST_ORDER = {4 << 10: 10, 16 << 10: 11, 64 << 10: 13}
_ONE_PAGE_BLOCK_SINCE = (5, 19)


def cma_alignment(
    page_size: int,
    kernel: KernelVersion | None = None,
    *,
    largest_order: int | None = None,
    largest_block: int | None = None,
    has_huge_pages: bool = True,
) -> int:
    """Bytes on whose multiples a CMA region has to begin and end: the kernel's CMA_MIN_ALIGNMENT_BYTES.

    From 5.19 on it is a page block (commit 11ac3e87ce09, "mm: cma: use pageblock_order as the single alignment"): what
    one PMD maps where the kernel has huge pages, but not more than the largest order; without huge pages the largest
    order (include/linux/cma.h and pageblock-flags.h of 6.12 and 7.3). Before, it is the larger of page block and
    largest order (kernel/dma/contiguous.c of 5.10.223: rmem_cma_setup).

    :param kernel: ``None``: 5.19 or later.
    :param largest_order: of the page allocator (MAX_PAGE_ORDER); ``None``: the usual one of that page size.
    :param largest_block: upper limit of a page block's order, CONFIG_PAGE_BLOCK_MAX_ORDER (6.17 and later; commit
        e13e7922d034 and its renaming, include/linux/pageblock-flags.h of 7.3); ``None``: the largest order.
    """
    largest = USUAL_LARGEST_ORDER.get(page_size, 10) if largest_order is None else largest_order
    # A page table is one page of 8-byte entries, so a PMD maps page_size / 8 pages.
    limit = largest if largest_block is None else min(largest, largest_block)
    block = min((page_size // 8).bit_length() - 1, limit) if has_huge_pages else limit
    if kernel is not None and kernel.series < _ONE_PAGE_BLOCK_SINCE:
        block = max(block, largest)
    return page_size << block
