"""The rules: why a use no longer works, what replaces it in user space and in the kernel, and by which source.

Which words a rule finds is data: ``knowledge/``. Where a fact differs by kernel or Android release, ``since`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from bringup.errors import UsageError
from bringup.scan.advice import CMA_NAME
from bringup.scan.rule import Rule
from bringup.text import did_you_mean

__all__ = ["RULES", "chosen_rules", "rule_by_id"]

_LIBION = "libion, include/ion/ion.h; libdmabufheap, BufferAllocator/BufferAllocator.h and BufferAllocatorWrapper.h"
_UAPI = "Linux 5.10, drivers/staging/android/uapi/ion.h; libion, linux/ion.h before 4.12; include/uapi/linux/dma-heap.h"
_STAGING = "Linux 5.10, drivers/staging/android/ion; drivers/dma-buf/dma-heap.c of 7.2"
_DRIVER = "include/linux/dma-heap.h of Android Common Kernels and of Linux 7.3; include/linux/dma-buf.h"
_GONE = "Linux 5.11 and later have no ION"
_LIBRARY = "Android 12 and later have libdmabufheap; newer versions of it have no ION fallback"
_NODE_WHY = "Linux 5.11 and later have no node /dev/ion"
_NODE = "/dev/dma_heap/NAME, opened read-only: each heap has its own node"
_FIND = (
    "dma_heap_find(NAME), later dma_heap_put() (Android Common Kernels; in mainline no driver allocates from a heap)"
)
_ALLOC = "allocate: dma_heap_buffer_alloc(heap, length, O_RDWR | O_CLOEXEC, 0); free: dma_heap_buffer_free()"
_MAP = "map for the CPU: dma_buf_vmap(), dma_buf_vunmap(); for the device: dma_buf_attach(), dma_buf_map_attachment()"
_ALLOC_AND_MAP = (
    "allocate: BufferAllocator::Alloc(name, length) or AllocSystem(cpu_access, length); in C DmabufHeapAlloc()",
    "map: mmap() of the descriptor; share and import: pass the descriptor on; free: close() it",
)
_BETTER = "better: user space allocates and hands the descriptor over; the driver imports it with dma_buf_get()"

RULES: tuple[Rule, ...] = (
    Rule(
        "ion.device",
        "The node /dev/ion",
        why=_NODE_WHY,
        replacement=(_NODE, "better: libdmabufheap, BufferAllocator::Alloc(name, length)"),
        since=_GONE,
        source=_UAPI,
    ),
    Rule(
        "ion.header",
        "Headers of ION",
        why="Linux 5.11 and later have no linux/ion.h; libion's headers are for /dev/ion only",
        replacement=(
            "C++: <BufferAllocator/BufferAllocator.h>; C: <BufferAllocator/BufferAllocatorWrapper.h>",
            "without a library: <linux/dma-heap.h> and <linux/dma-buf.h>",
        ),
        kernel=("<linux/dma-heap.h> and <linux/dma-buf.h>",),
        since=_GONE,
        source=_LIBION,
    ),
    Rule(
        "ion.open",
        "libion: open and close",
        why=_NODE_WHY,
        replacement=("C++: a BufferAllocator", "C: CreateDmabufHeapBufferAllocator(), FreeDmabufHeapBufferAllocator()"),
        kernel=(_FIND,),
        since=_LIBRARY,
        source=_LIBION,
    ),
    Rule(
        "ion.alloc",
        "Allocate, map, share and free",
        why="buffers have no handles any more: a heap returns the file descriptor of a DMA-BUF directly",
        replacement=_ALLOC_AND_MAP,
        kernel=(_FIND, _ALLOC, _MAP, _BETTER),
        since=_LIBRARY,
        source=f"{_LIBION}; {_DRIVER}",
    ),
    Rule(
        "ion.sync",
        "Cache maintenance",
        why="it is an ioctl of ION before 4.12",
        replacement=(
            "CpuSyncStart() before the CPU touches the buffer, CpuSyncEnd() after it, with the same SyncType",
            "without a library: DMA_BUF_IOCTL_SYNC with DMA_BUF_SYNC_START, then with DMA_BUF_SYNC_END",
        ),
        kernel=("dma_buf_begin_cpu_access() before the CPU touches the buffer, dma_buf_end_cpu_access() after it",),
        since=_LIBRARY,
        source=f"{_LIBION}; include/uapi/linux/dma-buf.h; include/linux/dma-buf.h",
    ),
    Rule(
        "ion.query",
        "Asking which heaps exist",
        why="each heap is a node: there is nothing to query",
        replacement=("BufferAllocator::GetDmabufHeapList(), or the names in /dev/dma_heap",),
        kernel=(_FIND,),
        since=_LIBRARY,
        source=_LIBION,
    ),
    Rule(
        "ion.version",
        "Asking which ION this is",
        why="ION has several interfaces; DMA-BUF heaps have one",
        replacement=("nothing: remove the call and the branch for ION",),
        since=_LIBRARY,
        source=_LIBION,
    ),
    Rule(
        "ion.ioctl",
        "ION's ioctls and their structures",
        why=_NODE_WHY,
        replacement=(
            "allocate: DMA_HEAP_IOCTL_ALLOC, with fd and heap_flags 0 and fd_flags O_RDWR | O_CLOEXEC",
            "free: close(); share, import: pass the descriptor on; sync: DMA_BUF_IOCTL_SYNC; query: list /dev/dma_heap",
        ),
        kernel=(_FIND, _ALLOC, _MAP),
        since=_GONE,
        source=_UAPI,
    ),
    Rule(
        "ion.heap",
        "A heap chosen by ION's mask or id",
        why="a DMA-BUF heap is chosen by its name, not by a mask or an id",
        replacement=("the name of the heap that replaces it",),
        since=_GONE,
        source=f"{_UAPI}; Documentation/userspace-api/dma-buf-heaps.rst",
    ),
    Rule(
        "ion.flag",
        "ION's flags",
        why="DMA-BUF heaps have no flags: heap_flags other than 0 gives EINVAL",
        replacement=("the name of the heap that replaces it",),
        since=_GONE,
        source=f"{_UAPI}; libdmabufheap, dmabufheap-defs.h",
    ),
    Rule(
        "ion.heap-name",
        "A heap chosen by its name in ION",
        why="no DMA-BUF heap has this name",
        replacement=("the name of the heap that replaces it",),
        since=_GONE,
        source="Linux 5.10, drivers/staging/android/ion/ion_system_heap.c",
    ),
    Rule(
        "ion.fallback",
        "libdmabufheap's fallback to ION",
        why="it is for kernels that still have ION; newer versions of libdmabufheap map nothing and return false",
        replacement=("nothing: remove the call once no kernel that this is built for has ION",),
        since=_LIBRARY,
        source="libdmabufheap, BufferAllocator.cpp (2021, and later without ION)",
    ),
    Rule(
        "ion.library",
        "Linked against libion, or a vendor's library on top of it",
        why="libion can use /dev/ion only",
        replacement=("libdmabufheap, under shared_libs or LOCAL_SHARED_LIBRARIES",),
        since=_LIBRARY,
        source="libion and libdmabufheap, Android.bp",
    ),
    Rule(
        "ion.source",
        "ION's source folder, or libion's repository",
        why="Linux 5.11 and later have no drivers/staging/android/ion; Android 12 and later have libdmabufheap",
        replacement=("system/memory/libdmabufheap (platform/system/memory/libdmabufheap)",),
        kernel=("drivers/dma-buf/heaps: nothing pulls it in but CONFIG_DMABUF_HEAPS",),
        since=_GONE,
        source="Android manifests; Linux 5.10, drivers/staging/android/Makefile and Kconfig",
    ),
    Rule(
        "ion.client",
        "A kernel driver that allocates from ION",
        why="these functions were removed with ION; a few vendors' libraries have some of them, too",
        replacement=_ALLOC_AND_MAP,
        kernel=(_FIND, _ALLOC, _MAP, _BETTER),
        since=_GONE,
        source=_DRIVER,
    ),
    Rule(
        "ion.provider",
        "A kernel driver that gives ION a heap",
        why="these functions were removed with ION",
        replacement=(
            "dma_heap_add(), with struct dma_heap_export_info and dma_heap_ops; its allocate calls dma_buf_export()",
        ),
        since=_GONE,
        source=_STAGING,
    ),
    Rule(
        "ion.kconfig",
        "ION in the kernel's configuration",
        why="the symbol does not exist any more; Kconfig drops it without a message",
        replacement=("CONFIG_DMABUF_HEAPS=y, CONFIG_DMABUF_HEAPS_SYSTEM=y; with a CMA heap CONFIG_DMABUF_HEAPS_CMA=y",),
        since=_GONE,
        source="Linux 5.10, drivers/staging/android/ion/Kconfig; drivers/dma-buf/heaps/Kconfig",
    ),
    Rule(
        "ion.module",
        "Kernel modules of ION",
        why="the modules do not exist any more; a list that names them stops init's first stage",
        replacement=(
            "the framework: nothing, it is built in (CONFIG_DMABUF_HEAPS=y)",
            "the heaps: system_heap.ko, cma_heap.ko (drivers/dma-buf/heaps), or a module of the vendor",
        ),
        since=_GONE,
        source="android-imx device/fsl ce8723bd, a02cf61f; Linux 7.2, drivers/dma-buf/heaps/Makefile",
    ),
    Rule(
        "ion.switch",
        "A switch of the build that turns code for ION on",
        why="the code behind it needs /dev/ion or libion",
        replacement=("change the code behind it, then remove the switch",),
        since=_GONE,
        source="makefiles of the trees in docs/scan.md",
    ),
    Rule(
        "ion.devicetree",
        "ION heaps in the device tree",
        why="nothing binds to these nodes without ION",
        replacement=(
            "a CMA heap needs only a reserved-memory node: compatible shared-dma-pool, and reusable",
            "up to 6.18 mainline makes a heap of the default CMA area only (linux,cma-default), from 6.19 on of each",
        ),
        since=_GONE,
        source="msm-ion device trees; Linux 7.2, drivers/dma-buf/heaps/cma_heap.c",
    ),
    Rule(
        "ion.sysfs",
        "Where ION shows its state: sysfs, debugfs, tracefs, Android's Debug",
        why="the files do not exist without ION",
        replacement=(
            "buffers: /sys/kernel/dmabuf/buffers (5.15 to 6.18) or the BPF iterator, /sys/kernel/debug/dma_buf/bufinfo",
            "pools: /sys/kernel/dma_heap/total_pools_kb (Android Common Kernels)",
            "libmeminfo: ReadDmabufHeapTotalExportedKb(), ReadDmabufHeapPoolsSizeKb(); Java: Debug.getDmabuf…Kb()",
        ),
        since=_GONE,
        source="Android libmeminfo 554a569, libdmabufinfo; Linux 7.2, drivers/dma-buf/dma-buf.c",
    ),
    Rule(
        "ion.sepolicy",
        "SELinux: ion_device",
        why="processes that allocate now open nodes in /dev/dma_heap, which have their own types",
        replacement=(
            "the heaps system and system-uncached: allow DOMAIN dmabuf_system_heap_device:chr_file r_file_perms;",
            "a vendor heap: its own type (dev_type, dmabuf_heap_device_type), and a line in file_contexts",
        ),
        since="types from Android 12 (sepolicy 31.0) on",
        source="AOSP sepolicy, api/31.0 to 202404: public/device.te, private/file_contexts, public/domain.te",
    ),
    Rule(
        "ion.ueventd",
        "init, ueventd: /dev/ion",
        why="the node does not exist any more; a heap without a line stays 0600 root root",
        replacement=(
            "/dev/dma_heap/system 0444 system system is in Android's own ueventd.rc",
            "/dev/dma_heap/NAME 0444 system system for each vendor heap",
        ),
        since=_GONE,
        source="AOSP rootdir/ueventd.rc; vendors' ueventd files",
    ),
    Rule(
        "ion.codec2",
        "Codec2 allocates from ION",
        why="Codec2's allocator for ION needs /dev/ion",
        replacement=("C2PlatformAllocatorStore::DMABUFHEAP (the same id), C2DmaBufAllocator",),
        since=_GONE,
        source="AOSP frameworks/av, media/codec2/vndk: C2Store.cpp, C2DmaBufAllocator.cpp",
    ),
    Rule(
        "ion.codec2-property",
        "Codec2 is set not to use DMA-BUF heaps",
        why="where /dev/ion exists, Codec2 allocates from ION unless this is 1; elsewhere it has no effect",
        replacement=("debug.c2.use_dmabufheaps=1; or remove the line where no kernel of the board has ION",),
        since="while the kernel has /dev/ion (before 5.11)",
        source="AOSP frameworks/av, media/codec2/vndk/C2Store.cpp: using_ion()",
    ),
    Rule(
        "heap.cma-name",
        "The CMA heap, by a name that only some kernels use",
        why="the name of the heap differs between kernels, so this finds the heap on some of them only",
        replacement=(CMA_NAME, "a kernel may have several of these names: use the first that exists"),
        since="6.17",
        source="Documentation/userspace-api/dma-buf-heaps.rst; drivers/dma-buf/heaps/cma_heap.c of 6.12 and 7.2",
        ion=False,
    ),
    Rule(
        "heap.protected-name",
        "A protected heap, by a name that only some kernels use",
        why="mainline calls it protected,NAME; restricted,NAME and sdp are its names in trees from before that",
        replacement=("protected,NAME, such as protected,secure-video; or both names: use the first that exists",),
        since="6.18",
        source="drivers/tee/tee_heap.c of Linux 7.2; OP-TEE/optee_test pull request 811 and 88c93e8",
        ion=False,
    ),
)  # fmt: skip


@cache
def rule_by_id() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for rule in RULES}


def chosen_rules(ids: Sequence[str]) -> tuple[Rule, ...]:
    """The rules with these ids, in the order of the table; all where no id is given.

    :raises UsageError: no rule has one of the ids.
    """
    known = [rule.id for rule in RULES]
    for name in ids:
        if name not in known:
            hint = did_you_mean(name, known, "bringup scan --list prints them all")
            raise UsageError("scan", f"no rule '{name}'", hint=hint)
    return tuple(rule for rule in RULES if not ids or rule.id in ids)
