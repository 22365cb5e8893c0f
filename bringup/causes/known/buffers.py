"""What is wrong with the buffers that a heap hands out, and with what it gives back."""

from __future__ import annotations

from bringup.causes.known.known_cause import Cost, KnownCause

_TRACED = "trace events kmem and cma, while the test allocator allocates"

HEAP_NOT_CONTIGUOUS = KnownCause(
    id="heap.not-contiguous",
    text="A heap of contiguous memory hands out buffers that are not contiguous or not aligned.",
    why="A device without an IOMMU gets one address only: it cannot reach a second block that lies elsewhere.",
    shows=_TRACED,
    since="any",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: cma_heap_allocate, one cma_alloc per buffer",
)
HEAP_OUTSIDE_REGION = KnownCause(
    id="heap.outside-region",
    text="Buffers of a heap lie outside of the heap's region.",
    why="A firewall, or a device with an address window, gives access to the region only.",
    shows=f"{_TRACED}, against the region in the device tree or the kernel's log",
    since="any",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: a heap allocates from one area",
)
HEAP_WRONG_ERRNO = KnownCause(
    id="heap.wrong-errno",
    text="A heap that is used up does not return ENOMEM.",
    why="Programs try again, or somewhere else, on ENOMEM only.",
    shows="the errno of the allocation that failed when the test allocator used the heap up",
    since="5.6",
    source="drivers/dma-buf/heaps/system_heap.c and cma_heap.c of Linux 5.10, 6.12 and 7.3: -ENOMEM",
)
HEAP_LEAK = KnownCause(
    id="heap.leak",
    text="A heap that was used up keeps memory after all buffers were freed.",
    why="Memory that does not come back is lost until the next boot, and more is lost each time.",
    shows="free memory before and after the test allocator used the heap up",
    since="any",
    source="drivers/dma-buf/dma-buf.c of Linux 5.10, 6.12 and 7.3: dma_buf_release",
    cost=Cost.LATER,
)
CMA_UNUSABLE = KnownCause(
    id="cma.unusable",
    text="A part of a CMA area cannot be allocated.",
    why="The kernel lends unused pages of the area to others; pages that cannot move are lost for buffers.",
    shows="how much of the area the test allocator could get",
    fix=("find out who holds the pages: bufinfo in debugfs dma_buf, page_owner (CONFIG_PAGE_OWNER), alloc_pages_fail",),
    since="any",
    source="mm/cma.c: cma_alloc, mm/page_alloc.c: alloc_contig_range, of Linux 5.10, 6.12 and 7.3",
    cost=Cost.LATER,
)
CMA_COUNTERS = KnownCause(
    id="cma.counters",
    text="Traced CMA allocations and the kernel's CMA counters disagree.",
    why="One of the two sources is wrong, and so are the verdicts that use it.",
    shows="alloc_pages_success and release_pages_success in /sys/kernel/mm/cma against trace events",
    since="5.13 and later, with CONFIG_CMA_SYSFS",
    source="Documentation/ABI/testing/sysfs-kernel-mm-cma of Linux 6.12 and 7.3",
    cost=Cost.UNSEEN,
)
BUFFERS_LEFT_BEHIND = KnownCause(
    id="buffers.left-behind",
    text="Buffers of the heap tests are still there after the tests.",
    why="All are closed by then. A kernel that keeps one, or a process that does not end, loses memory at each run.",
    shows="who held buffers before and after the tests, and the kernel's own lists of buffers",
    since="any",
    source="drivers/dma-buf/dma-buf.c of Linux 5.10, 6.12 and 7.3: dma_buf_release removes a buffer from the list",
)
