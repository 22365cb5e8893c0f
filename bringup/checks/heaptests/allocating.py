"""A heap opens, gives buffers of the size asked for, and takes them back."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, CMA_HEAP, HEAP, INTERFACE_NOTES, SYSTEM_HEAP, HeapTestNotes

_CMA = (
    "On a CMA heap: CmaFree, the longest run of free pages (bringup explain cma.fragmented) and “cma_alloc” in "
    "the kernel's log. On the heap system: MemAvailable."
)

TESTS = (
    HeapTestNotes(
        id="open",
        does="Opens /dev/dma_heap/NAME with O_RDONLY|O_CLOEXEC (ION: /dev/ion, and looks for the heap there).",
        why="libdmabufheap opens heaps read-only, and Android's nodes are 0444: a program that cannot do this gets no "
        "buffer at all, and gralloc, Codec2 and the camera HAL end with “Could not open DMA-BUF heap named” (of "
        "Android 12 to 16: “No ion heap of name”).",
        source=f"{HEAP}: dma_heap_open; AOSP system/memory/libdmabufheap: BufferAllocator.cpp",
        look="EACCES: mode, owner and SELinux label of the node (heap.mode, heap.label). ENODEV: a node "
        "without a driver. ENOENT: the heap is not there (heap.expected).",
    ),
    HeapTestNotes(
        id="alloc.page",
        does="Asks for one page of the board's page size (4 to 64 KiB) with O_RDWR|O_CLOEXEC, and closes it.",
        why="The smallest request. If it fails, nothing of Android's graphics and media starts.",
        source=f"{HEAP}: dma_heap_ioctl_allocate",
        look="ENOTTY: the node is not a heap. ENOMEM: the area is used up; on a CMA heap see CmaFree.",
    ),
    HeapTestNotes(
        id="alloc.64k",
        does="Asks for 64 KiB and closes it.",
        why="Icons, cursors and audio buffers have about this size; on a CMA heap it is one contiguous block. It "
        "is also the middle block size of the heap system.",
        source=f"{SYSTEM_HEAP}: orders 8, 4 and 0 (5.10: single pages); {CMA_HEAP}",
        look=_CMA,
    ),
    HeapTestNotes(
        id="alloc.1m",
        does="Asks for 1 MiB and closes it.",
        why="A frame of 640x480 in RGBA takes 1.2 MiB. A CMA heap aligns buffers to their own size up to "
        "CONFIG_CMA_ALIGNMENT, which is 1 MiB by default with pages of 4 KiB: no buffer needs a "
        "larger alignment.",
        source=f"{CMA_HEAP}: cma_heap_allocate; kernel/dma/Kconfig: CMA_ALIGNMENT; {SYSTEM_HEAP}",
        look=_CMA,
    ),
    HeapTestNotes(
        id="alloc.4m",
        does="Asks for 4 MiB and closes it.",
        why="A frame of 1920x1080 takes 3 to 8 MiB: without such a buffer a camera or a display shows nothing.",
        source=f"{HEAP}: dma_heap_ioctl_allocate; {CMA_HEAP}: cma_heap_allocate",
        look=f"{_CMA} bringup explain exhaustion.cma: how much of the area can be allocated.",
    ),
    HeapTestNotes(
        id="size.lseek",
        does="For a page, 64 KiB, 1 MiB and 4 MiB: allocates, and calls lseek(fd, 0, SEEK_END).",
        why="A process that receives a buffer gets a descriptor but no size, and asks lseek for the size. With a "
        "wrong size, an importer maps too little or reads beyond its frame.",
        source=f"{INTERFACE_NOTES}; {BUFFER}: dma_buf_llseek",
        look="The heap's driver: exp_info.size in its call of dma_buf_export.",
    ),
    HeapTestNotes(
        id="size.fstat",
        does="Allocates a page and compares the buffer's st_size with the page size.",
        why="Memory accounting identifies a buffer by its inode and takes its size from there. With size 0, a leak "
        "of gigabytes counts as nothing.",
        source=f"{BUFFER}: dma_buf_getfile sets i_size",
        since="5.3, so every kernel with heaps",
        look="The heap does not set it: look for the kernel's patches to drivers/dma-buf/dma-buf.c.",
    ),
    HeapTestNotes(
        id="size.rounding",
        does="Asks for 1 byte, for one byte less and one byte more than a page; lseek has to return 1, 1 and 2 pages.",
        why="Only whole pages can be mapped. Programs compute sizes from width, height and stride, seldom whole "
        "pages. A program that rounds to 4096 itself is wrong on a kernel with 16 KiB pages.",
        source=f"{HEAP}: PAGE_ALIGN(len)",
        look="The heap's driver rounds itself, with a fixed page size. Compare it with the page size in "
        "the report's head.",
    ),
    HeapTestNotes(
        id="size.bad_lseek",
        does="Tries SEEK_SET 0, SEEK_SET 1, SEEK_END 1, SEEK_END -1, SEEK_CUR 0 and SEEK_DATA 0 on a one-page buffer.",
        why="A buffer has no file position. Programs that ask for the size call SEEK_SET 0 afterwards, so it has to "
        "work. If the other calls returned 0 instead of EINVAL, a program would take a buffer for a file.",
        source=f"{INTERFACE_NOTES}; {BUFFER}: dma_buf_llseek",
        look="This comes from drivers/dma-buf/dma-buf.c, not from the heap. Look for patches there.",
    ),
    HeapTestNotes(
        id="free.memory",
        does="Allocates and closes one buffer at a time, 64 MiB in total (CMA: 16 MiB), and compares MemFree and "
        "MemAvailable (CMA: CmaFree, or the area's own available_pages, while a page is held: that empties the CPUs' "
        "own lists of free pages) before and after. It waits up to 2 s for kernels that free in the background. It "
        "fails only if more than half of the total is missing, from MemFree and from MemAvailable, in three tries in "
        "a row.",
        why="A camera or a codec allocates and frees with every stream. What does not come back is lost until "
        "the next boot, and the low-memory killer kills other programs to make up for it.",
        source=f"{BUFFER}: dma_buf_release; {SYSTEM_HEAP} and cma_heap.c: their release",
        notes=(
            (
                "the heap system_cc_shared (7.1 and later, confidential virtual machines) keeps, on purpose, "
                "pages that cannot be encrypted again (drivers/dma-buf/heaps/system_heap.c of 7.3)"
            ),
        ),
        look="Who still holds buffers: allocator.account.bufinfo, dmabuf_dump. A vendor's heap with a pool of "
        "its own keeps some pages on purpose; a pool without a shrinker keeps them for ever.",
    ),
)
