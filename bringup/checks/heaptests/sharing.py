"""A buffer goes to other processes, to other drivers, and is used by many at the same time."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, HEAP, INTERFACE_NOTES, HeapTestNotes

_WORKERS = (
    "1, 2, 4 and (with more than 4 CPUs) 8 {workers} begin together. Each makes 12 buffers of 1 to 64 pages, "
    "holds 3 at a time, fills them with words of its own and checks them before it closes them. Afterwards as "
    "many descriptors have to be open as before, and none of the last 128 buffers may still be in the "
    "statistics, where these can be read."
)
_AGAIN = "The evidence has the seed: bringup heap test --test '{id}' --seed N --stress 10000 runs it for ten seconds."

TESTS = (
    HeapTestNotes(
        id="share.socket",
        does="A child allocates, fills the page, sends the descriptor over a socket pair (SCM_RIGHTS) and "
        "ends; the parent maps what came and reads it.",
        why="That is how Android shares buffers: a descriptor goes from gralloc's process to the app and to "
        "SurfaceFlinger. The buffer has to live as long as anybody holds a descriptor, also when its maker "
        "crashed.",
        source=f"{BUFFER}: the buffer is an open file, released with its last reference",
        look="A heap's driver that ties buffers to the process which opened the node, and frees them when it ends.",
    ),
    HeapTestNotes(
        id="share.processes",
        does=_WORKERS.format(workers="processes"),
        why="gralloc, codecs and camera allocate at the same time from their own processes. Pages that are "
        "given out twice are one app's picture in another's; it shows under load only.",
        source=f"{HEAP}; AOSP libdmabufheap: dmabuf_heap_test.cpp, ConcurrentAllocTest",
        look=_AGAIN.format(id="share.processes"),
    ),
    HeapTestNotes(
        id="share.threads",
        does=_WORKERS.format(workers="threads with one table of descriptors"),
        why="libdmabufheap keeps one descriptor of a heap for all threads of a process. A driver that is not "
        "safe for that, or a descriptor that is given out before it is ready, hits whoever runs at that moment.",
        source=f"{HEAP}; AOSP libdmabufheap: dmabuf_heap_test.cpp, ConcurrentAllocTest (100 threads)",
        look=_AGAIN.format(id="share.threads"),
    ),
    HeapTestNotes(
        id="share.drm",
        does="Goes through /dev/dri/renderD128 to 143; the first that takes the buffer (PRIME_FD_TO_HANDLE) "
        "has it while SYNC RW starts and ends, gives it back by PRIME_HANDLE_TO_FD with the same inode, and "
        "drops it.",
        why="GPU and display get their buffers so. With a device attached, SYNC does its real work, cache "
        "maintenance for that device: without one it does nothing, and sync.rw cannot show it.",
        source="include/uapi/drm/drm.h; drivers/gpu/drm/drm_prime.c: drm_gem_prime_fd_to_handle; "
        "tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c: test_alloc_and_import (with vgem)",
        since="5.6 and later; a DRM render node (CONFIG_DRM_VGEM is one without hardware)",
        skips=(
            "no render node opens: there is no GPU driver, or it may not be opened by this user",
            (
                "no driver takes the buffer; each refusal is named. A driver may want contiguous memory, or "
                "memory below 4 GiB. vgem has no such limits: there a refusal is a failure"
            ),
        ),
        look="The driver is named in what was seen. Try the same on another heap: a driver that refuses both "
        "is the cause.",
    ),
    HeapTestNotes(
        id="share.udmabuf",
        does="Makes a udmabuf of one page of a sealed memfd, maps it beside the heap's buffer, writes both in "
        "turn, word by word, and reads both, and the memfd.",
        why="udmabuf is the other exporter of plain memory (virtual machines, camera software); contents that "
        "cross from one to the other would be pages with two owners.",
        source="drivers/dma-buf/udmabuf.c of Linux 5.10, 6.12 and 7.3; include/uapi/linux/udmabuf.h",
        since="5.6 and later, with CONFIG_UDMABUF",
        skips=("/dev/udmabuf is not there (CONFIG_UDMABUF), or may not be opened by this user",),
        look="Memory itself, or the CPU's caches: run it again, on another heap, and under a memory test of "
        "the board's.",
    ),
    HeapTestNotes(
        id="poll.idle",
        does="Polls a new buffer for POLLIN and POLLOUT, without waiting.",
        why="poll is how a program waits for the GPU or the camera to be done with a buffer. A new buffer that "
        "is never ready hangs its first user.",
        source=f"{INTERFACE_NOTES}; {BUFFER}: dma_buf_poll",
        look="A fence that is left on the new buffer: debugfs dma_buf/bufinfo lists the fences below each buffer.",
    ),
)
