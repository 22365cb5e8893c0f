"""The alignment of CMA regions, by kernel release, page size and configuration."""

from __future__ import annotations

from bringup.kernel.history.version import KernelVersion

__all__ = ["USUAL_LARGEST_ORDER", "cma_alignment", "counts_transparent_huge_pages"]

#: The largest order of the page allocator by page size (arch/arm64/Kconfig: ARCH_FORCE_MAX_ORDER; elsewhere 4 KiB, 10).
USUAL_LARGEST_ORDER = {4 << 10: 10, 16 << 10: 11, 64 << 10: 13}
_ONE_PAGE_BLOCK_SINCE = (5, 19)
_TRANSPARENT_COUNT_SINCE = (6, 12)


def counts_transparent_huge_pages(kernel: KernelVersion | None) -> bool:
    """Whether transparent huge pages alone, without hugetlbfs, make a page block smaller than the largest order.

    They do in 6.12 and later, and not in 5.10 and 6.1 (include/linux/pageblock-flags.h); 6.2 to 6.11 were not read, and
    the larger alignment is safe there.
    """
    return kernel is None or kernel.series >= _TRANSPARENT_COUNT_SINCE


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
    order (include/linux/cma.h and pageblock-flags.h of 6.1, 6.12, 7.2 and 7.3). Before, it is the larger of page block
    and largest order (kernel/dma/contiguous.c of 5.10: rmem_cma_setup). 5.11 to 6.0 were not read: in which of them it
    changed rests on the commit, of May 2022.

    :param kernel: ``None``: 6.12 or later.
    :param has_huge_pages: hugetlbfs, or transparent huge pages where they count
        (:func:`counts_transparent_huge_pages`).
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
