"""ALLOC's argument: its structure, and the access mode and O_CLOEXEC in fd_flags."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import HEAP, HEAP_UAPI, INTERFACE_NOTES, HeapTestNotes

_SELFTEST = "tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c"
_RIGHTS = "mm/mmap.c of Linux 5.10 and 7.3 (EACCES, as for any file)"

TESTS = (
    HeapTestNotes(
        id="abi.older_struct",
        does="Calls 0xc0104800: ALLOC whose structure ends behind fd_flags, with rubbish where heap_flags "
        "would be. The buffer has to come, and nothing may be written behind the 16 bytes.",
        why="The number carries the structure's size so that programs and kernels of different years work "
        "together. A vendor's heap or a filter (seccomp, a hypervisor) that compares the whole number breaks "
        "that.",
        source=f"{HEAP}: dma_heap_ioctl fills what is missing with 0; {_SELFTEST}",
        look="A filter that compares the whole number (seccomp, an emulator). Not SELinux: it looks at the "
        "lower 16 bits, which are those of ALLOC.",
    ),
    HeapTestNotes(
        id="abi.newer_struct",
        does="Calls 0xc0304800: ALLOC with a structure of 48 bytes, rubbish behind the 24 that are known. The "
        "buffer has to come, and the rubbish has to stay as it was.",
        why="A program that is built with a later kernel's header sends a longer structure to this kernel, on "
        "the day that Android's libraries are newer than the board's kernel.",
        source=f"{HEAP}: dma_heap_ioctl passes over what it does not know; {_SELFTEST}",
        look="A filter that compares the whole number (seccomp, an emulator). Not SELinux: it looks at the "
        "lower 16 bits, which are those of ALLOC.",
    ),
    HeapTestNotes(
        id="abi.other_magic",
        does="Calls 0xc0184900, ALLOC with the magic 'I' (ION's) in place of 'H', with a good structure.",
        why="Nobody depends on it. It shows that the kernel's own dispatcher answers, and it shows why an ION "
        "call that went to a heap by mistake comes back with EINVAL (from its arguments) and not with ENOTTY.",
        source=f"{HEAP}: dma_heap_ioctl looks at _IOC_NR alone",
        look="EACCES: an ioctl rule of SELinux, which sees 0x4900 in place of 0x4800. Else a vendor's "
        "framework that is stricter than mainline. No program of Android's needs it fixed.",
    ),
    HeapTestNotes(
        id="access.rdonly",
        does="Allocates a page with fd_flags O_RDONLY and maps it, shared, for reading, for writing and for both.",
        why="A program that hands out a buffer to be read only (a camera frame to an app) relies on the receiver not "
        "being able to write. And a program that forgot O_RDWR meets exactly this EACCES.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_RIGHTS}",
        look="That PROT_WRITE maps: the heap passes other flags to dma_buf_export than fd_flags. That "
        "PROT_READ does not: avc: denied { map } in the kernel's log.",
    ),
    HeapTestNotes(
        id="access.wronly",
        does="Allocates a page with fd_flags O_WRONLY and tries to map it, shared, for reading, writing and both.",
        why="A shared mapping needs a descriptor that can be read. A heap that maps such a buffer has an mmap "
        "of its own that goes past the kernel's rights.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_RIGHTS}",
        look="The heap passes other flags to dma_buf_export than fd_flags.",
    ),
    HeapTestNotes(
        id="access.rdwr",
        does="Allocates a page with O_RDWR, as libdmabufheap does, and maps it, shared, in the three ways.",
        why="Every program that fills a buffer by CPU does this: software codecs, screenshots, camera post-processing.",
        source=f"{HEAP_UAPI}: DMA_HEAP_VALID_FD_FLAGS; {_RIGHTS}; AOSP system/memory/libdmabufheap: "
        "BufferAllocator.cpp",
        look="EACCES: SELinux may forbid to map what may be opened (avc: denied { map } in the kernel's log).",
    ),
    HeapTestNotes(
        id="fd.cloexec",
        does="Allocates with and without O_CLOEXEC (ION: always with), looks at FD_CLOEXEC, and runs itself "
        "anew to see whether the descriptor is still open there.",
        why="A service that starts another program would give it every frame that it holds: memory that is "
        "never freed, and contents that the other may not see. Setting the flag afterwards leaves a gap in a "
        "program with threads.",
        source=f"{INTERFACE_NOTES}; {HEAP}",
        look="The heap's driver makes the descriptor itself and forgets fd_flags (dma_buf_fd, or its own).",
    ),
)
