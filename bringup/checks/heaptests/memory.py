"""What is in a buffer's memory, and how it is mapped."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, CMA_HEAP, SYSTEM_HEAP, HeapTestNotes

_ZEROES = f"{SYSTEM_HEAP}: __GFP_ZERO; cma_heap.c of the same: memset, later clear_pages"
_NOT_ZEROED = (
    "A heap with a pool of freed pages has to clear them when it takes or returns them. On a vendor's heap look for an "
    "“uncached” or “no zero” flag of its driver. init_on_alloc does not help: pages of a pool do not go through "
    "the page allocator."
)

TESTS = (
    HeapTestNotes(
        id="zero.fresh",
        does="For a page, 64 KiB, 1 MiB and 4 MiB: allocates, maps, and reads every byte.",
        why="The pages belonged to another program and may hold its pictures or its keys. Android relies on zeroes: "
        "its own test of the heap system expects them, and the parts of a frame that a program does not write "
        "(padding, the border) are shown.",
        source=f"{_ZEROES}; AOSP libdmabufheap: dmabufheap-vts-unit-tests, TestDmabufSystemHeapCompliance",
        look=_NOT_ZEROED,
    ),
    HeapTestNotes(
        id="zero.reuse",
        does="Fills buffers with 0xa5, frees them, allocates as many and reads every byte, so that freed pages "
        "come back: 2 rounds of up to 32 pages and of 4 times 1 MiB; on CMA one round of 4 pages and 2 times "
        "1 MiB.",
        why="One app could read the camera frame of another. This test finds a heap that hands out freed pages "
        "without clearing them; such a heap may pass zero.fresh after boot.",
        source=f"{_ZEROES}; tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c: test_alloc_zeroed",
        look=_NOT_ZEROED,
    ),
    HeapTestNotes(
        id="mmap.rw",
        does="For a page, 64 KiB, 1 MiB and 4 MiB: writes words that contain their own offset, reads them, unmaps, "
        "maps again and reads them again.",
        why="A page that is mapped twice or at the wrong place tears the picture, but only at sizes that take "
        "several blocks of memory. Software codecs and screenshots write through one mapping and are read "
        "through another.",
        source=f"{SYSTEM_HEAP}: system_heap_mmap (5.10: heap-helpers.c); {CMA_HEAP}: cma_heap_mmap",
        look="The heap's mmap: the offset into the first block, and the length of each block. A difference "
        "that changes from run to run points to the memory itself: two users of one region (bringup explain "
        "cma.region-overlap).",
    ),
    HeapTestNotes(
        id="mmap.two",
        does="Maps a buffer of one page twice at the same time; writes through each mapping and reads through the "
        "other, without SYNC between.",
        why="gralloc and the program that draws map the same buffer in two processes. Mappings of one buffer with "
        "different cacheability would not see each other's writes.",
        source=f"{SYSTEM_HEAP} and cma_heap.c: one vm_page_prot for every mapping of a buffer",
        look="A heap whose vm_page_prot depends on the buffer's state instead of the heap's kind. On CPUs with a "
        "cache that is indexed by virtual address: the address of the mapping.",
    ),
    HeapTestNotes(
        id="mmap.partial_unmap",
        does="Maps four pages and unmaps the second. The other three have to keep their contents, and nothing may "
        "be mapped in place of the second.",
        why="Programs that map a region for many small buffers unmap parts of it. That splits the heap's mapping in "
        "two, and its driver's open and close handlers have to count correctly.",
        source="split_vma in mm/mmap.c of Linux 5.10, mm/vma.c of 6.12 and 7.3; drivers/dma-buf/heaps of Linux "
        "5.10, 6.12 and 7.3 count nothing in a mapping",
        look="vm_operations_struct of the heap's driver: what its open and close do.",
    ),
    HeapTestNotes(
        id="mmap.beyond",
        does="Tries to map two pages of a one-page buffer, and one page beginning at the buffer's end.",
        why="The memory after a buffer belongs to others. If a program's size is wrong (a stride instead of a "
        "width), it has to get an error, not another program's pixels.",
        source=f"{BUFFER}: dma_buf_mmap_internal",
        look="Patches to drivers/dma-buf/dma-buf.c: the kernel checks before it calls the heap's own mmap.",
    ),
    HeapTestNotes(
        id="mmap.private",
        does="Tries to map a CMA heap's buffer with MAP_PRIVATE.",
        why="A private mapping is a copy as soon as it is written: the device would never see what the program "
        "writes. EINVAL shows it to the programmer at once.",
        source=f"{CMA_HEAP}: cma_heap_mmap (5.10: heap-helpers.c)",
        skips=("a heap without CMA: MAP_PRIVATE is not defined there",),
        look="The heap's mmap does not check for VM_SHARED. Programs should use MAP_SHARED; those that do are not "
        "affected.",
    ),
    HeapTestNotes(
        id="protected.mmap",
        does="On a heap whose name begins with “protected,” or “restricted,”: allocates a page, and tries to map it "
        "for reading, writing and both.",
        why="Such memory holds decrypted video, or what a trusted application shows. If a CPU can map it, "
        "content protection is broken; if the firewall stops the access instead, the board dies with an abort.",
        source=f"drivers/tee/tee_heap.c of Linux 7.3: its dma_buf_ops have no mmap; {BUFFER}: "
        "dma_buf_mmap_internal; https://docs.kernel.org/userspace-api/dma-buf-heaps.html, on names",
        since="6.18 and later in mainline (TEE_DMABUF_HEAPS); earlier a vendor's heap of such a name",
        skips=("the heap's name begins with neither “protected,” nor “restricted,”",),
        look="Success: find out which driver provides the heap (a vendor's heap, a carve-out without a firewall). "
        "EACCES: SELinux. Any other errno: a vendor's mmap that refuses in its own way.",
    ),
)
