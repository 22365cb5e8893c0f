"""Calls that have to be refused, each with its errno, and that no refusal leaves a descriptor behind."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, HEAP, HEAP_UAPI, HeapTestNotes

_SELFTEST = "tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c"
_LEAK = (
    "Every descriptor that leaks keeps its buffer. A long-lived service (the allocator service, the camera "
    "provider) runs into its limit of descriptors, and the memory is gone until it is restarted."
)

TESTS = (
    HeapTestNotes(
        id="bad.len_zero",
        does="Asks for 0 bytes.",
        why="A size that came out as 0 (a width of 0, an overflow) has to stop at the allocation, and not at "
        "the first access to a buffer without pages.",
        source=f"{HEAP}: len is checked after PAGE_ALIGN",
        look="The heap's own allocate was reached with 0: a vendor's framework in place of dma-heap.c. See "
        "what it returns as a buffer.",
    ),
    HeapTestNotes(
        id="bad.len_max",
        does="Asks for 2^64-1 bytes, which rounds up to 0. Nothing between that and the budget is ever asked "
        "for: mainline has no guard there, and would take memory until none is left.",
        why="A negative size from a program looks like this. A buffer that is smaller than its user believes "
        "is somebody else's memory overwritten.",
        source=f"{HEAP}: len is checked after PAGE_ALIGN",
        look="As for bad.len_zero. If it took long, see what is left of memory: the length was tried.",
    ),
    HeapTestNotes(
        id="bad.fd",
        does="Calls ALLOC with fd 1 and with fd 2^32-1 in the structure.",
        why="fd is the answer. A program that sends something there took the call for another, or did not clear its "
        "structure, and would not notice until a kernel gives the field a meaning.",
        source=f"{HEAP}: dma_heap_ioctl_allocate",
        look="A vendor's framework in place of dma-heap.c. Programs of Android's send 0 and are not touched.",
    ),
    HeapTestNotes(
        id="bad.fd_flags",
        does="Calls ALLOC with O_NONBLOCK, and with every bit but O_RDWR and O_CLOEXEC.",
        why="Only O_CLOEXEC and the access mode mean something. A heap that takes others leaves room for none, "
        "and hides a program that put its usage bits into the wrong field.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_SELFTEST}",
        look="A vendor's framework in place of dma-heap.c: see which bits it has given a meaning.",
    ),
    HeapTestNotes(
        id="bad.heap_flags",
        does="Calls ALLOC with bit 0, and with bit 63, in heap_flags.",
        why="No heap flag is defined. A vendor's framework that takes some (uncached, secure) makes programs "
        "that fail on every other kernel: properties belong into the heap's name.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_HEAP_FLAGS is 0; {_SELFTEST}; "
        "https://docs.kernel.org/userspace-api/dma-buf-heaps.html, on names",
        look="include/uapi/linux/dma-heap.h of the vendor's kernel: what it has added.",
    ),
    HeapTestNotes(
        id="bad.ioctl_number",
        does="Calls ioctl number 1 (0xc0184801) on the heap with a good structure.",
        why="Programs that ask whether a heap knows a newer call look at this errno. It is EINVAL here, and "
        "not the usual ENOTTY: a program that waits for ENOTTY takes the call for known.",
        source=f"{HEAP}: dma_heap_ioctl checks the number first",
        look="A call that succeeds is an extension of the vendor's. ENOTTY is what most drivers say, and not mainline.",
    ),
    HeapTestNotes(
        id="bad.pointer",
        does="Calls ALLOC with the address of a page that may not be read.",
        why="A wrong pointer from a program has to be an errno, not an oops of the kernel.",
        source=f"{HEAP}: dma_heap_ioctl, copy_from_user",
        look="An oops in the kernel's log: the driver reads the argument without copy_from_user.",
    ),
    HeapTestNotes(
        id="bad.not_a_heap",
        does="Calls ALLOC on /dev/null.",
        why="It shows that ENOTTY from a node of /dev/dma_heap means “no heap answers here”, which bringup "
        "concludes from it. The heap itself has no part in it.",
        source="fs/ioctl.c of Linux 5.10 and 7.3: vfs_ioctl, ENOTTY where a driver has no ioctl; drivers/char/mem.c",
        look="Something stands between programs and the kernel: an emulator, a filter of ioctls, a sandbox.",
    ),
    HeapTestNotes(
        id="bad.buffer_ioctl",
        does="Calls ioctl number 127 with the magic 'b' on a buffer.",
        why="ENOTTY is how programs find out that a kernel lacks a call, EXPORT_SYNC_FILE on 5.10 for one. "
        "Another errno looks like a failure of that call.",
        source=f"{BUFFER}: dma_buf_ioctl",
        look="A kernel with calls of its own on dma-bufs: include/uapi/linux/dma-buf.h of the vendor's kernel.",
    ),
    HeapTestNotes(
        id="fd.after_failures",
        does="Makes every call of the tests bad.* but the last, and counts open descriptors before and after each.",
        why=_LEAK,
        source=f"{HEAP}: the descriptor is taken last",
        look="The evidence names the call. The driver makes the descriptor before it has checked everything.",
    ),
    HeapTestNotes(
        id="fd.after_refusals",
        does="Calls SYNC, SET_NAME, EXPORT_SYNC_FILE and IMPORT_SYNC_FILE with wrong flags and with arguments "
        "that cannot be read or written, and counts open descriptors before and after each that is refused.",
        why=f"{_LEAK} Those of sync files keep fences as well.",
        source=f"{BUFFER}: dma_buf_ioctl; dma_buf_export_sync_file of 6.12 and 7.3",
        look="The evidence names the call; of the sync file calls: drivers/dma-buf/dma-buf.c, "
        "get_unused_fd_flags without put_unused_fd.",
    ),
    HeapTestNotes(
        id="fd.after_efault",
        does="Puts ALLOC's structure into a page that may be read and not written, calls, and counts open "
        "descriptors before and after.",
        why="The kernel has made the buffer when it finds that it cannot return its number: a program can leak "
        "as many as it likes, by mistake or on purpose, and nobody has a number to close.",
        source=f"{HEAP}: dma_heap_ioctl, copy_to_user; {_SELFTEST} of 7.3",
        look="Update to a kernel with the commit, or take it over.",
    ),
)
