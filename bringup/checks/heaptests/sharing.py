"""Buffers shared with other processes, with other drivers, and between threads at the same time."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, HEAP, INTERFACE_NOTES, HeapTestNotes

_WORKERS = (
    "1, 2, 4 and (with more than 4 CPUs) 8 {workers} begin together. Each makes 12 buffers of 1 to 64 pages, "
    "holds 3 at a time, fills them with its own words and checks these before it closes the buffers. Afterwards "
    "the number of open descriptors has to be the same as before, and none of the last 128 buffers may still be "
    "in the statistics, if these can be read."
)
_AGAIN = "The evidence has the seed: bringup heap test --test '{id}' --seed N --stress 10000 runs it for ten seconds."

TESTS = (
    HeapTestNotes(
        id="share.socket",
        does="A child allocates, fills the page, sends the descriptor over a socket pair (SCM_RIGHTS) and "
        "ends; the parent maps the buffer that it received and reads it.",
        why="That is how Android shares buffers: a descriptor goes from gralloc's process to the app and to "
        "SurfaceFlinger. The buffer has to live as long as any process holds a descriptor, even if the process "
        "that allocated it has crashed.",
        source=f"{BUFFER}: the buffer is an open file, released with its last reference",
        look="A heap's driver that frees buffers when the process that opened the node ends.",
    ),
    HeapTestNotes(
        id="share.processes",
        does=_WORKERS.format(workers="processes"),
        why="gralloc, codecs and camera allocate at the same time from their own processes. If a heap "
        "hands out a page twice, one app's picture appears in another's. This happens under load only.",
        source=f"{HEAP}; AOSP libdmabufheap: dmabuf_heap_test.cpp, ConcurrentAllocTest",
        look=_AGAIN.format(id="share.processes"),
    ),
    HeapTestNotes(
        id="share.threads",
        does=_WORKERS.format(workers="threads with one table of descriptors"),
        why="libdmabufheap keeps one descriptor per heap for all threads of a process. A driver that is not safe "
        "for threads, or that returns a descriptor before it is ready, breaks a thread at random.",
        source=f"{HEAP}; AOSP libdmabufheap: dmabuf_heap_test.cpp, ConcurrentAllocTest (100 threads)",
        look=_AGAIN.format(id="share.threads"),
    ),
    HeapTestNotes(
        id="share.drm",
        does="Tries /dev/dri/renderD128 to 143 until a driver imports the buffer (PRIME_FD_TO_HANDLE). While it is "
        "imported, calls SYNC RW START and END. Exports it again (PRIME_HANDLE_TO_FD), which has to give the "
        "same inode, and releases it.",
        why="GPU and display get their buffers this way. With a device attached, SYNC does its real work, cache "
        "maintenance for that device. Without one it does nothing, so sync.rw cannot test that.",
        source="include/uapi/drm/drm.h; drivers/gpu/drm/drm_prime.c: drm_gem_prime_fd_to_handle; "
        "tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c: test_alloc_and_import (with vgem)",
        since="5.6 and later; a DRM render node (CONFIG_DRM_VGEM is one without hardware)",
        skips=(
            "no render node can be opened: there is no GPU driver, or this user may not open it",
            (
                "no driver imports the buffer; each refusal is listed. A driver may need contiguous memory, or "
                "memory below 4 GiB. vgem has no such limits: there a refusal is a failure"
            ),
        ),
        look="The evidence names the driver. Try the same with another heap: if the driver refuses both, it is the "
        "cause.",
    ),
    HeapTestNotes(
        id="share.udmabuf",
        does="Makes a udmabuf from one page of a sealed memfd and maps it and the heap's buffer. Writes both in "
        "turns, word by word, then reads both and the memfd.",
        why="udmabuf is the other exporter of plain memory (virtual machines, camera software); if contents "
        "of one appear in the other, a page has two owners.",
        source="drivers/dma-buf/udmabuf.c of Linux 5.10, 6.12 and 7.3; include/uapi/linux/udmabuf.h",
        since="5.6 and later, with CONFIG_UDMABUF",
        skips=("/dev/udmabuf is not there (CONFIG_UDMABUF), or this user may not open it",),
        look="The memory itself, or the CPU's caches: run the test again, run it on another heap, and run a memory "
        "test of the board.",
    ),
    HeapTestNotes(
        id="poll.idle",
        does="Polls a new buffer for POLLIN and POLLOUT, without waiting.",
        why="With poll a program waits until the GPU or the camera has finished with a buffer. If a new buffer is "
        "never ready, its first user hangs.",
        source=f"{INTERFACE_NOTES}; {BUFFER}: dma_buf_poll",
        look="A fence that was left on the new buffer: debugfs dma_buf/bufinfo lists the fences below each buffer.",
    ),
)
