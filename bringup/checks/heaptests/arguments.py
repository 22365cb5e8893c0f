"""The argument of ALLOC: its structure, and the access mode and O_CLOEXEC in fd_flags."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import HEAP, HEAP_UAPI, INTERFACE_NOTES, HeapTestNotes

_SELFTEST = "tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c"
_RIGHTS = "mm/mmap.c of Linux 5.10 and 7.3 (EACCES, as for any file)"

TESTS = (
    HeapTestNotes(
        id="abi.older_struct",
        does="Calls 0xc0104800: ALLOC with a structure that ends after fd_flags, and garbage where heap_flags "
        "would be. The call has to succeed and to write nothing after the 16 bytes.",
        why="The ioctl number contains the structure's size, so that programs and kernels of different years work "
        "together. A vendor's heap or a filter (seccomp, a hypervisor) breaks that if it compares the whole "
        "number.",
        source=f"{HEAP}: dma_heap_ioctl fills missing bytes with 0; {_SELFTEST}",
        look="A filter that compares the whole number (seccomp, an emulator). Not SELinux: it looks at the "
        "lower 16 bits, which are those of ALLOC.",
    ),
    HeapTestNotes(
        id="abi.newer_struct",
        does="Calls 0xc0304800: ALLOC with a structure of 48 bytes, with garbage after the 24 known bytes. The "
        "call has to succeed and to leave the garbage as it was.",
        why="A program that was built with a later kernel's header sends a longer structure: this happens as soon "
        "as Android's libraries are newer than the board's kernel.",
        source=f"{HEAP}: dma_heap_ioctl ignores the bytes that it does not know; {_SELFTEST}",
        look="A filter that compares the whole number (seccomp, an emulator). Not SELinux: it looks at the "
        "lower 16 bits, which are those of ALLOC.",
    ),
    HeapTestNotes(
        id="abi.other_magic",
        does="Calls 0xc0184900, ALLOC with the magic 'I' (ION's) in place of 'H', with a good structure.",
        why="No program depends on it. It shows that the kernel's own dispatcher answers. It also shows why an ION "
        "call on a heap, made by mistake, returns EINVAL (from its arguments) and not ENOTTY.",
        source=f"{HEAP}: dma_heap_ioctl looks at _IOC_NR alone",
        look="EACCES: an ioctl rule of SELinux, which sees 0x4900 instead of 0x4800. Otherwise the vendor's "
        "framework is stricter than mainline. No Android program needs a fix.",
    ),
    HeapTestNotes(
        id="access.rdonly",
        does="Allocates a page with fd_flags O_RDONLY and maps it, shared, for reading, for writing and for both.",
        why="A program that shares a buffer for reading only (a camera frame for an app) relies on the receiver "
        "being unable to write. A program that forgot O_RDWR gets exactly this EACCES.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_RIGHTS}",
        look="If PROT_WRITE maps: the heap passes other flags than fd_flags to dma_buf_export. If PROT_READ does "
        "not map: avc: denied { map } in the kernel's log.",
    ),
    HeapTestNotes(
        id="access.wronly",
        does="Allocates a page with fd_flags O_WRONLY and tries to map it, shared, for reading, writing and both.",
        why="A shared mapping needs a descriptor that can be read. If such a buffer can be mapped, the heap's own "
        "mmap bypasses the kernel's access check.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_RIGHTS}",
        look="The heap passes other flags than fd_flags to dma_buf_export.",
    ),
    HeapTestNotes(
        id="access.rdwr",
        does="Allocates a page with O_RDWR, as libdmabufheap does, and maps it, shared, for reading, writing, both.",
        why="Programs that fill a buffer with the CPU do this: software codecs, screenshots, camera post-processing.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_RIGHTS}; AOSP system/memory/libdmabufheap: "
        "BufferAllocator.cpp",
        look="EACCES: SELinux may allow opening and forbid mapping (avc: denied { map } in the kernel's log).",
    ),
    HeapTestNotes(
        id="fd.cloexec",
        does="Allocates with and without O_CLOEXEC (ION: always with), looks at FD_CLOEXEC, and executes "
        "itself again to see whether the descriptor is still open there.",
        why="A service that starts another program would pass it every frame that it holds: memory that is "
        "never freed, and contents that the other program must not see. In a program with threads it is too "
        "late to set the flag afterwards.",
        source=f"{INTERFACE_NOTES}; {HEAP}",
        look="The heap's driver makes the descriptor itself and forgets fd_flags (dma_buf_fd, or its own).",
    ),
)
