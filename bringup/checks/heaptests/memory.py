"""What is in a buffer's memory, and how it is mapped."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, CMA_HEAP, SYSTEM_HEAP, HeapTestNotes

_ZEROES = f"{SYSTEM_HEAP}: __GFP_ZERO; cma_heap.c of the same: memset, later clear_pages"
_NOT_ZEROED = (
    "A heap with a pool of freed pages has to clear them on the way in or out. On a vendor's heap look for an "
    "“uncached” or “no zero” flag of its driver. Not a matter of init_on_alloc: pages of a pool do not pass "
    "the page allocator."
)

TESTS = (
    HeapTestNotes(
        id="zero.fresh",
        does="For a page, 64 KiB, 1 MiB and 4 MiB: allocates, maps, and reads every byte.",
        why="The pages were another program's: its pictures, its keys. Android counts on zeroes: its own test "
        "of the heap system asks for them, and what a program does not write (padding, the border of a frame) "
        "is shown.",
        source=f"{_ZEROES}; AOSP libdmabufheap: dmabufheap-vts-unit-tests, TestDmabufSystemHeapCompliance",
        look=_NOT_ZEROED,
    ),
    HeapTestNotes(
        id="zero.reuse",
        does="Fills buffers with 0xa5, frees them, allocates as many and reads every byte: 2 rounds of up to "
        "32 pages and of 4 times 1 MiB, of CMA one round of 4 pages and 2 times 1 MiB, so that freed pages "
        "come back.",
        why="One app reads the camera frame of another: a heap that hands out freed pages uncleared shows "
        "here, and may pass zero.fresh after boot.",
        source=f"{_ZEROES}; tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c: test_alloc_zeroed",
        look=_NOT_ZEROED,
    ),
    HeapTestNotes(
        id="mmap.rw",
        does="For a page, 64 KiB, 1 MiB and 4 MiB: writes words that contain their own offset, reads them, unmaps, "
        "maps again and reads them again.",
        why="A page that is mapped twice or at the wrong place is a torn picture, and only at sizes with "
        "several blocks of memory. Software codecs and screenshots write in one mapping and are read in "
        "another.",
        source=f"{SYSTEM_HEAP}: system_heap_mmap (5.10: heap-helpers.c); {CMA_HEAP}: cma_heap_mmap",
        look="The heap's mmap: the offset into the first block, and the length of each block. A difference "
        "that changes from run to run points at memory itself: two users of one region (bringup explain "
        "cma.region-overlap).",
    ),
    HeapTestNotes(
        id="mmap.two",
        does="Maps a page's buffer twice at the same time; writes through each and reads through the other, no "
        "SYNC between.",
        why="gralloc and the program that draws map one buffer in two processes. Mappings of one buffer with "
        "different cacheability would not see each other's writes.",
        source=f"{SYSTEM_HEAP} and cma_heap.c: one vm_page_prot for every mapping of a buffer",
        look="A heap that changes vm_page_prot by state and not by kind; on CPUs with a cache that is looked "
        "up by virtual address, the address at which it is mapped.",
    ),
    HeapTestNotes(
        id="mmap.partial_unmap",
        does="Maps four pages, unmaps the second: the other three have to hold what was written, and nothing "
        "may be mapped in its place.",
        why="Programs that map a region for many small buffers cut it in pieces. A heap's mapping is split in "
        "two then, and its driver's open and close handlers have to count that right.",
        source="split_vma in mm/mmap.c of Linux 5.10, mm/vma.c of 6.12 and 7.3; drivers/dma-buf/heaps of Linux "
        "5.10, 6.12 and 7.3 count nothing in a mapping",
        look="vm_operations_struct of the heap's driver: what its open and close do.",
    ),
    HeapTestNotes(
        id="mmap.beyond",
        does="Tries to map two pages of a buffer of one, and a page from its end on.",
        why="What lies behind a buffer is somebody else's memory. A mistaken size from a program (a stride in "
        "place of a width) has to be an error and not another program's pixels.",
        source=f"{BUFFER}: dma_buf_mmap_internal",
        look="Patches to drivers/dma-buf/dma-buf.c: the check stands before the heap's own mmap.",
    ),
    HeapTestNotes(
        id="mmap.private",
        does="Tries to map a CMA heap's buffer with MAP_PRIVATE.",
        why="A private mapping is a copy as soon as it is written: the device would never see what the program "
        "writes. EINVAL shows it to the programmer at once.",
        source=f"{CMA_HEAP}: cma_heap_mmap (5.10: heap-helpers.c)",
        skips=("a heap without CMA: MAP_PRIVATE is not defined there",),
        look="The heap's mmap does not ask for VM_SHARED. Programs should use MAP_SHARED; those that do are "
        "not touched by it.",
    ),
    HeapTestNotes(
        id="protected.mmap",
        does="On a heap whose name begins with “protected,”: allocates a page, and tries to map it to read, to "
        "write and to do both.",
        why="Such memory holds decrypted video, or what a trusted application shows. If a CPU can map it, "
        "content protection is broken; if the firewall stops the access instead, the board dies with an abort.",
        source=f"drivers/tee/tee_heap.c of Linux 7.3: its dma_buf_ops have no mmap; {BUFFER}: "
        "dma_buf_mmap_internal; https://docs.kernel.org/userspace-api/dma-buf-heaps.html, on names",
        since="6.18 and later in mainline (TEE_DMABUF_HEAPS); earlier a vendor's heap of such a name",
        skips=("the heap's name does not begin with “protected,”",),
        look="Success: find out whose driver has the name (a vendor's heap, a carve-out without a firewall). "
        "Another errno: EACCES is SELinux, any other a vendor's mmap that refuses in its own way.",
    ),
)
