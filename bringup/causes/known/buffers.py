"""What is wrong with the buffers that a heap hands out, and with what it gives back."""

from __future__ import annotations

from bringup.causes.known.known_cause import Cost, KnownCause

_TRACED = "trace events kmem and cma, while the test allocator allocates"

HEAP_NOT_CONTIGUOUS = KnownCause(
    id="heap.not-contiguous",
    text="A heap of contiguous memory hands out buffers in pieces, or not aligned.",
    why="A device without an IOMMU is given one address; a second piece of the buffer is not where it reads.",
    shows=_TRACED,
    since="any",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: cma_heap_allocate, one cma_alloc a buffer",
)
HEAP_OUTSIDE_REGION = KnownCause(
    id="heap.outside-region",
    text="Buffers of a heap lie outside of the heap's region.",
    why="A firewall, or a device with a window, reaches the region and nothing beside it.",
    shows=f"{_TRACED}, against the region in the device tree or the kernel's log",
    since="any",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: a heap allocates from one area",
)
HEAP_WRONG_ERRNO = KnownCause(
    id="heap.wrong-errno",
    text="A heap that is used up does not say ENOMEM.",
    why="Programs try again, or somewhere else, on ENOMEM only.",
    shows="the errno of an allocation when a heap was asked for all it has",
    since="5.6",
    source="drivers/dma-buf/heaps/system_heap.c and cma_heap.c of Linux 5.10, 6.12 and 7.3: -ENOMEM",
)
HEAP_LEAK = KnownCause(
    id="heap.leak",
    text="A heap that was used up keeps memory after everything was given back.",
    why="What is not given back is lost until the next boot, a little more each time.",
    shows="free memory before and after a heap was asked for all it has",
    since="any",
    source="drivers/dma-buf/dma-buf.c of Linux 5.10, 6.12 and 7.3: dma_buf_release",
    cost=Cost.LATER,
)
CMA_UNUSABLE = KnownCause(
    id="cma.unusable",
    text="A part of a CMA area cannot be had.",
    why="The kernel lends the area's pages to others meanwhile; pages that cannot move are lost for buffers.",
    shows="how much of the area the test allocator could get",
    fix=("see who holds them: bufinfo in debugfs dma_buf, page_owner (CONFIG_PAGE_OWNER), alloc_pages_fail",),
    since="any",
    source="mm/cma.c: cma_alloc, mm/page_alloc.c: alloc_contig_range, of Linux 5.10, 6.12 and 7.3",
    cost=Cost.LATER,
)
CMA_COUNTERS = KnownCause(
    id="cma.counters",
    text="Traced CMA allocations and the kernel's CMA counters disagree.",
    why="One of the two witnesses, and what is judged by it, is wrong.",
    shows="alloc_pages_success and release_pages_success in /sys/kernel/mm/cma against trace events",
    since="5.13 and later, with CONFIG_CMA_SYSFS",
    source="Documentation/ABI/testing/sysfs-kernel-mm-cma of Linux 6.12 and 7.3",
    cost=Cost.UNSEEN,
)
