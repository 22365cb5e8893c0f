"""Calls that the kernel has to refuse, each with its errno and without leaking a descriptor."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, HEAP, HEAP_UAPI, HeapTestNotes

_SELFTEST = "tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c"
_LEAK = (
    "Every descriptor that leaks keeps its buffer. A long-lived service (the allocator service, the camera "
    "provider) reaches its limit of descriptors, and the memory is gone until it is restarted."
)

TESTS = (
    HeapTestNotes(
        id="bad.len_zero",
        does="Asks for 0 bytes.",
        why="A size that was computed as 0 (a width of 0, an overflow) has to fail at the allocation, and not at "
        "the first access to a buffer without pages.",
        source=f"{HEAP}: len is checked after PAGE_ALIGN",
        look="The heap's own allocate was called with 0: a vendor's framework instead of dma-heap.c. See "
        "what it returns as a buffer.",
    ),
    HeapTestNotes(
        id="bad.len_max",
        does="Asks for 2^64-1 bytes, which rounds up to 0. The test never asks for a size between that and its "
        "memory limit: mainline does not check such sizes and would allocate until no memory is left.",
        why="A negative size from a program looks like this. The user of a buffer that is too small overwrites "
        "other memory.",
        source=f"{HEAP}: len is checked after PAGE_ALIGN",
        look="As for bad.len_zero. If it took long, see how much memory is left: the kernel tried to allocate it.",
    ),
    HeapTestNotes(
        id="bad.fd",
        does="Calls ALLOC with fd 1 and with fd 2^32-1 in the structure.",
        why="The kernel returns the descriptor in fd. A program that sends a value there confused two calls or did "
        "not clear its structure, and would not notice until a kernel gives the input a meaning.",
        source=f"{HEAP}: dma_heap_ioctl_allocate",
        look="A vendor's framework instead of dma-heap.c. Android's programs send 0 and are not affected.",
    ),
    HeapTestNotes(
        id="bad.fd_flags",
        does="Calls ALLOC with O_NONBLOCK, and with every bit but O_RDWR and O_CLOEXEC.",
        why="Only O_CLOEXEC and the access mode have a meaning. If a heap accepts other bits, later kernels cannot "
        "use them, and a program that puts its usage bits into the wrong field gets no error.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_SELFTEST}",
        look="A vendor's framework instead of dma-heap.c: see which bits it uses.",
    ),
    HeapTestNotes(
        id="bad.heap_flags",
        does="Calls ALLOC with bit 0, and with bit 63, in heap_flags.",
        why="No heap flag is defined. Programs that use a vendor's own flags (uncached, secure) fail on every "
        "other kernel: such properties belong in the heap's name.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_HEAP_FLAGS is 0; {_SELFTEST}; "
        "https://docs.kernel.org/userspace-api/dma-buf-heaps.html, on names",
        look="include/uapi/linux/dma-heap.h of the vendor's kernel: what it has added.",
    ),
    HeapTestNotes(
        id="bad.ioctl_number",
        does="Calls ioctl number 1 (0xc0184801) on the heap with a good structure.",
        why="Programs find out by this errno whether a heap knows a newer call. It is EINVAL here, not the usual "
        "ENOTTY: a program that expects ENOTTY believes that the heap knows the call.",
        source=f"{HEAP}: dma_heap_ioctl checks the number first",
        look="If the call succeeds, it is a vendor's extension. Most drivers return ENOTTY; mainline's heaps do not.",
    ),
    HeapTestNotes(
        id="bad.pointer",
        does="Calls ALLOC with the address of a page that cannot be read.",
        why="A wrong pointer from a program has to give an errno, not a kernel oops.",
        source=f"{HEAP}: dma_heap_ioctl, copy_from_user",
        look="An oops in the kernel's log: the driver reads the argument without copy_from_user.",
    ),
    HeapTestNotes(
        id="bad.not_a_heap",
        does="Calls ALLOC on /dev/null.",
        why="bringup concludes from ENOTTY that a node in /dev/dma_heap is not a heap; this test shows that "
        "the conclusion holds. The heap itself is not involved.",
        source="fs/ioctl.c of Linux 5.10 and 7.3: vfs_ioctl, ENOTTY where a driver has no ioctl; drivers/char/mem.c",
        look="Something between programs and the kernel: an emulator, a filter of ioctls, a sandbox.",
    ),
    HeapTestNotes(
        id="bad.buffer_ioctl",
        does="Calls ioctl number 127 with the magic 'b' on a buffer.",
        why="By ENOTTY programs find out that a kernel lacks a call, such as EXPORT_SYNC_FILE on 5.10. Another "
        "errno looks as if the call had failed.",
        source=f"{BUFFER}: dma_buf_ioctl",
        look="A kernel with calls of its own on dma-bufs: include/uapi/linux/dma-buf.h of the vendor's kernel.",
    ),
    HeapTestNotes(
        id="fd.after_failures",
        does="Makes every call of the tests bad.* except the last, and counts open descriptors before and after each.",
        why=_LEAK,
        source=f"{HEAP}: the descriptor is taken last",
        look="The call that the evidence names: the driver makes the descriptor before it has checked everything.",
    ),
    HeapTestNotes(
        id="fd.after_refusals",
        does="Calls SYNC, SET_NAME, EXPORT_SYNC_FILE and IMPORT_SYNC_FILE with wrong flags and with arguments "
        "that cannot be read or written, and counts open descriptors before and after each refused call.",
        why=f"{_LEAK} A leaked sync file keeps its fences, too.",
        source=f"{BUFFER}: dma_buf_ioctl; dma_buf_export_sync_file of 6.12 and 7.3",
        look="The evidence names the call. For the sync file calls: drivers/dma-buf/dma-buf.c, "
        "get_unused_fd_flags without put_unused_fd.",
    ),
    HeapTestNotes(
        id="fd.after_efault",
        does="Puts ALLOC's structure into a page that can be read but not written, calls ALLOC, and counts "
        "open descriptors before and after.",
        why="The kernel finds out only after it made the buffer that it cannot return the descriptor. So a program "
        "can leak any number of buffers, by mistake or on purpose, and nobody can close them.",
        source=f"{HEAP}: dma_heap_ioctl, copy_to_user; {_SELFTEST} of 7.3",
        look="Update to a kernel that has the commit, or backport it.",
    ),
)
