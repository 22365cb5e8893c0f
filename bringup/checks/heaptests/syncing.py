"""Cache maintenance around CPU access, and fences."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, HeapTestNotes

_UAPI = "include/uapi/linux/dma-buf.h"
_CPU_ACCESS = "https://docs.kernel.org/driver-api/dma-buf.html, “CPU Access to DMA Buffer Objects”"
_SYNC_FILES = "6.1 and later (5.10 does not have it), with CONFIG_SYNC_FILE"
_NO_SYNC_FILES = "the kernel has no EXPORT_SYNC_FILE: 5.10 has none, 6.1 has it with CONFIG_SYNC_FILE"

TESTS = (
    HeapTestNotes(
        id="sync.rw",
        does="Calls SYNC START and END with READ, WRITE and RW on a new buffer.",
        why="Programs make these two calls before and after each CPU access to a mapped buffer (libdmabufheap: "
        "CpuSyncStart, CpuSyncEnd). If they fail, a program gives up, or goes on with stale cache lines: "
        "stripes in the picture. On a buffer without an attached device they do no cache maintenance; "
        "share.drm tests them with a device.",
        source=f"{_CPU_ACCESS}; {BUFFER}: dma_buf_ioctl; {_UAPI}",
        since="4.6, so every kernel with heaps",
        look="begin_cpu_access and end_cpu_access of the heap's driver. EAGAIN and EINTR are not failures: a "
        "program has to call again.",
    ),
    HeapTestNotes(
        id="sync.bad_flags",
        does="Calls SYNC with flags 0, END alone, RW with bit 3, RW with bit 32, and all bits.",
        why="A program that mixes up flags would sync nothing and get no error. The refusal also "
        "keeps the bits free for later kernels.",
        source=f"{BUFFER}: dma_buf_ioctl; {_UAPI}: DMA_BUF_SYNC_VALID_FLAGS_MASK",
        since="4.6, so every kernel with heaps",
        look="This comes from drivers/dma-buf/dma-buf.c, not from the heap. The kernel may have flags of its "
        "own there.",
    ),
    HeapTestNotes(
        id="sync.bad_pointer",
        does="Calls SYNC with the address of a page that cannot be read.",
        why="A wrong pointer from a program has to give an errno, not a kernel oops.",
        source=f"{BUFFER}: dma_buf_ioctl",
        since="4.6, so every kernel with heaps",
        look="A filter of ioctls or an emulator in between: mainline copies the argument first.",
    ),
    HeapTestNotes(
        id="sync_file.rw",
        does="For READ, WRITE and RW: exports the buffer's fences as a sync file and imports it again.",
        why="Vulkan and Android's composer wait for explicit fences; many GPU, camera and video drivers put "
        "implicit fences on the buffer. These two calls convert between the two; without them a frame may be "
        "shown before it is drawn.",
        source=f"{_UAPI}: struct dma_buf_export_sync_file; drivers/dma-buf/dma-buf.c of Linux 6.12 and 7.3",
        since=_SYNC_FILES,
        skips=(_NO_SYNC_FILES,),
        look="EMFILE or ENOMEM: the process, not the heap. EINVAL: the kernel has another structure "
        "in include/uapi/linux/dma-buf.h.",
    ),
    HeapTestNotes(
        id="sync_file.bad",
        does="Exports with flags 0, RW with bit 2, and all bits; imports descriptor -1.",
        why="If such a call succeeds, a program waits for a fence that is not there, or does not wait at all.",
        source=f"{_UAPI}; drivers/dma-buf/dma-buf.c of Linux 6.12 and 7.3: dma_buf_export_sync_file, _import_",
        since=_SYNC_FILES,
        skips=(_NO_SYNC_FILES,),
        look="This comes from drivers/dma-buf/dma-buf.c, not from the heap. Look for patches there.",
    ),
    HeapTestNotes(
        id="poll.fence",
        does="Puts a fence of a software timeline on the buffer, once as a reader's and once as a writer's, "
        "and polls: POLLIN only while a reader has it, nothing while a writer has it, both when the fence "
        "has signalled.",
        why="Programs poll before they read or draw. If poll does not wait, they read or draw while a GPU or "
        "a camera still works on the frame, and it tears. If poll never ends, they hang.",
        source=f"{BUFFER}: “implicit fence polling”, dma_buf_poll; {_UAPI}: struct dma_buf_import_sync_file; "
        "drivers/dma-buf/sw_sync.c",
        since=f"{_SYNC_FILES} and CONFIG_SW_SYNC",
        skips=(
            "/sys/kernel/debug/sync/sw_sync is not there (CONFIG_SW_SYNC, debugfs) or may not be opened",
            _NO_SYNC_FILES,
        ),
        look="If it never becomes ready: see the fence in debugfs dma_buf/bufinfo, below the buffer.",
    ),
)
