"""The rules. Each says what it finds, why that no longer works, what replaces it, and by which source.

Where a fact differs by kernel or Android release, ``since`` says so. ``tests/support/scan/lines.py`` holds, for each
rule, lines that it finds and lines that it does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from bringup.errors import UsageError
from bringup.kernel.history.heap_names import default_cma_names
from bringup.scan.heaps import CMA_NAME
from bringup.scan.rule import Kind, Rule
from bringup.text import did_you_mean

__all__ = ["RULES", "chosen_rules"]

_LIBION = "libion, include/ion/ion.h; libdmabufheap, BufferAllocator/BufferAllocator.h and BufferAllocatorWrapper.h"
_UAPI = "Linux 5.10, drivers/staging/android/uapi/ion.h; libion, linux/ion.h before 4.12; include/uapi/linux/dma-heap.h"
_STAGING = "Linux 5.10, drivers/staging/android/ion; drivers/dma-buf/dma-heap.c of 7.2"
_GONE = "Linux 5.11 and later have no ION"
_LIBRARY = "Android 12 and later have libdmabufheap; newer versions of it have no ION fallback"
_NODE_WHY = "Linux 5.11 and later have no node /dev/ion"
_NODE = "/dev/dma_heap/NAME, opened read-only: each heap has its own node"
#: A heap name that is also a common word: taken for a heap only where one is opened.
_COMMON_WORD = "reserved"
_IN_C = (Kind.C,)

RULES: tuple[Rule, ...] = (
    Rule(
        "ion.device",
        "The node /dev/ion",
        (Kind.C, Kind.BLUEPRINT, Kind.MAKE, Kind.PROPERTIES),
        r"(?<![\w.-])/dev/ion(?![\w.-])",
        why=_NODE_WHY,
        replacement=(_NODE, "better: libdmabufheap, BufferAllocator::Alloc(name, length)"),
        since=_GONE,
        source=_UAPI,
        literals=True,
    ),
    Rule(
        "ion.header",
        "Headers of ION",
        _IN_C,
        r"^[ \t]*#[ \t]*include[ \t]*[<\"](?:[^>\"\n]*/)?(?:[a-z0-9]+_)?ion"
        r"(?:_(?:[0-9.]+|priv|drv|uapi|kernel|heap|test))?\.h[>\"]",
        why="Linux 5.11 and later have no linux/ion.h; libion's headers are for /dev/ion only",
        replacement=(
            "C++: <BufferAllocator/BufferAllocator.h>; C: <BufferAllocator/BufferAllocatorWrapper.h>",
            "without a library: <linux/dma-heap.h> and <linux/dma-buf.h>",
        ),
        since=_GONE,
        source=_LIBION,
        literals=True,
    ),
    Rule(
        "ion.open",
        "libion: open and close",
        _IN_C,
        r"\bion_(?:open|close)\b",
        why=_NODE_WHY,
        replacement=("C++: a BufferAllocator", "C: CreateDmabufHeapBufferAllocator(), FreeDmabufHeapBufferAllocator()"),
        since=_LIBRARY,
        source=_LIBION,
    ),
    Rule(
        "ion.alloc",
        "libion: allocate, map, share and free",
        _IN_C,
        r"\bion_(?:alloc|alloc_fd|free|map|share|import)\b",
        why="buffers have no handles any more: a heap returns the file descriptor of a DMA-BUF directly",
        replacement=(
            "allocate: BufferAllocator::Alloc(name, length) or AllocSystem(cpu_access, length); in C DmabufHeapAlloc()",
            "map: mmap() of the descriptor; share and import: pass the descriptor on; free: close() it",
            "in a kernel driver: see ion.client",
        ),
        since=_LIBRARY,
        source=_LIBION,
    ),
    Rule(
        "ion.sync",
        "libion: cache maintenance",
        _IN_C,
        r"\bion_sync_fd\b",
        why="it is an ioctl of ION before 4.12",
        replacement=(
            "CpuSyncStart() before the CPU touches the buffer, CpuSyncEnd() after it, with the same SyncType",
            "without a library: DMA_BUF_IOCTL_SYNC with DMA_BUF_SYNC_START, then with DMA_BUF_SYNC_END",
        ),
        since=_LIBRARY,
        source=f"{_LIBION}; include/uapi/linux/dma-buf.h",
    ),
    Rule(
        "ion.query",
        "libion: asking which heaps exist",
        _IN_C,
        r"\bion_query_(?:heap_cnt|get_heaps)\b",
        why="each heap is a node: there is nothing to query",
        replacement=("BufferAllocator::GetDmabufHeapList(), or the names in /dev/dma_heap",),
        since=_LIBRARY,
        source=_LIBION,
    ),
    Rule(
        "ion.version",
        "libion: asking which ION this is",
        _IN_C,
        r"\bion_is_(?:legacy|using_modular_heaps)\b",
        why="ION has several interfaces; DMA-BUF heaps have one",
        replacement=("nothing: remove the call and the branch for ION",),
        since=_LIBRARY,
        source=_LIBION,
    ),
    Rule(
        "ion.ioctl",
        "ION's ioctls and their structures",
        _IN_C,
        r"\bION_IOC_\w+|\bion_(?:allocation_data|fd_data|handle_data|custom_data|user_handle_t|heap_query|heap_data)\b",
        why=_NODE_WHY,
        replacement=(
            "allocate: DMA_HEAP_IOCTL_ALLOC, with fd and heap_flags 0 and fd_flags O_RDWR | O_CLOEXEC",
            "free: close(); share, import: pass the descriptor on; sync: DMA_BUF_IOCTL_SYNC; query: list /dev/dma_heap",
        ),
        since=_GONE,
        source=_UAPI,
    ),
    Rule(
        "ion.heap",
        "A heap chosen by ION's mask or id",
        _IN_C,
        r"(?P<word>\bION_HEAP_\w+|\bION_HEAP\(|\bheap_id_mask\b)",
        why="a DMA-BUF heap is chosen by its name, not by a mask or an id",
        replacement=("the name of the heap that replaces it",),
        since=_GONE,
        source=f"{_UAPI}; Documentation/userspace-api/dma-buf-heaps.rst",
        heaps=True,
    ),
    Rule(
        "ion.flag",
        "ION's flags",
        _IN_C,
        r"\bION_FLAG_\w+",
        why="DMA-BUF heaps have no flags: heap_flags other than 0 gives EINVAL",
        replacement=("the name of the heap that replaces it",),
        since=_GONE,
        source=f"{_UAPI}; libdmabufheap, dmabufheap-defs.h",
        heaps=True,
    ),
    Rule(
        "ion.heap-name",
        "A heap chosen by its name in ION",
        _IN_C,
        r"\"(?P<word>ion_(?:[a-z0-9_]*_)?heap)\"",
        why="no DMA-BUF heap has this name",
        replacement=("the name of the heap that replaces it",),
        since=_GONE,
        source="Linux 5.10, drivers/staging/android/ion/ion_system_heap.c",
        literals=True,
        heaps=True,
    ),
    Rule(
        "ion.fallback",
        "libdmabufheap's fallback to ION",
        _IN_C,
        r"\bMapNameToIonHeap\b|\bMapDmabufHeapNameToIonHeap\b|\bCheckIonSupport\b",
        why="it is for kernels that still have ION; newer versions of libdmabufheap map nothing and return false",
        replacement=("nothing: remove the call once no kernel that this is built for has ION",),
        since=_LIBRARY,
        source="libdmabufheap, BufferAllocator.cpp (2021, and later without ION)",
    ),
    Rule(
        "ion.library",
        "Linked against libion",
        (Kind.BLUEPRINT, Kind.MAKE),
        r"(?<![\w.-])(?:libion(?:_headers)?(?![\w-])|-lion(?![\w-]))",
        why="libion can use /dev/ion only",
        replacement=("libdmabufheap, under shared_libs or LOCAL_SHARED_LIBRARIES",),
        since=_LIBRARY,
        source="libion and libdmabufheap, Android.bp",
    ),
    Rule(
        "ion.client",
        "A kernel driver that allocates from ION",
        _IN_C,
        r"\b(?:msm_)?ion_client_(?:create|destroy)\b|\bion_(?:share|import)_dma_buf(?:_fd)?\b|\bion_(?:un)?map_kernel\b",
        why="these functions were removed with ION",
        replacement=(
            "Android Common Kernels: dma_heap_find(name), dma_heap_buffer_alloc(); mainline has no such function",
            "better: user space allocates and hands the descriptor over; the driver imports it with dma_buf_get()",
        ),
        since=_GONE,
        source="include/linux/dma-heap.h of Android Common Kernels and of Linux 7.3",
    ),
    Rule(
        "ion.provider",
        "A kernel driver that gives ION a heap",
        _IN_C,
        r"\bion_heap_(?:create|destroy|ops)\b|\bion_device_(?:create|add_heap|remove_heap)\b",
        why="these functions were removed with ION",
        replacement=("dma_heap_add() with struct dma_heap_export_info and struct dma_heap_ops",),
        since=_GONE,
        source=_STAGING,
    ),
    Rule(
        "ion.kconfig",
        "ION in the kernel's configuration",
        (Kind.KCONFIG, Kind.MAKE, Kind.C),
        r"\bCONFIG_(?:MSM_|MTK_)?ION(?:_[A-Z0-9_]+)?\b(?!=n\b)"
        r"|^[ \t]*(?:config|menuconfig|select|imply|depends[ \t]+on)[ \t][^\n]*?\bION(?:_[A-Z0-9_]+)?\b",
        why="the symbol does not exist any more; Kconfig drops it without a message",
        replacement=("CONFIG_DMABUF_HEAPS=y, CONFIG_DMABUF_HEAPS_SYSTEM=y; with a CMA heap CONFIG_DMABUF_HEAPS_CMA=y",),
        since=_GONE,
        source="Linux 5.10, drivers/staging/android/ion/Kconfig; drivers/dma-buf/heaps/Kconfig",
    ),
    Rule(
        "ion.devicetree",
        "ION heaps in the device tree",
        (Kind.DEVICE_TREE,),
        r"\bqcom,(?:msm-ion|ion-heap|ion)\b",
        why="nothing binds to these nodes without ION",
        replacement=(
            "a CMA heap needs only a reserved-memory node: compatible shared-dma-pool, and reusable",
            "up to 6.18 mainline makes a heap of the default CMA area only (linux,cma-default), from 6.19 on of each",
        ),
        since=_GONE,
        source="msm-ion device trees; Linux 7.2, drivers/dma-buf/heaps/cma_heap.c",
        literals=True,
    ),
    Rule(
        "ion.sepolicy",
        "SELinux: ion_device",
        (Kind.SEPOLICY,),
        r"(?<![\w.-])ion_device\b|(?<![\w.-])/dev/ion(?![\w.-])",
        why="processes that allocate now open nodes in /dev/dma_heap, which have their own types",
        replacement=(
            "the heaps system and system-uncached: allow DOMAIN dmabuf_system_heap_device:chr_file r_file_perms;",
            "a vendor heap: its own type (dev_type, dmabuf_heap_device_type), and a line in file_contexts",
        ),
        since="types from Android 12 (sepolicy 31.0) on",
        source="Android sepolicy, api/31.0 to 202404: public/device.te, private/file_contexts, public/domain.te",
    ),
    Rule(
        "ion.ueventd",
        "init, ueventd: /dev/ion",
        (Kind.RC,),
        r"(?<![\w.-])/dev/ion(?![\w.-])",
        why="the node does not exist any more; a heap without a line stays 0600 root root",
        replacement=(
            "/dev/dma_heap/system 0444 system system is in Android's own ueventd.rc",
            "/dev/dma_heap/NAME 0444 system system for each vendor heap",
        ),
        since=_GONE,
        source="Android rootdir/ueventd.rc; vendors' ueventd files",
    ),
    Rule(
        "ion.codec2",
        "Codec2 allocates from ION",
        _IN_C,
        r"\bC2AllocatorIon\b|\bC2PlatformAllocatorStore::ION\b",
        why="Codec2's allocator for ION needs /dev/ion",
        replacement=("C2PlatformAllocatorStore::DMABUFHEAP (the same id), C2DmaBufAllocator",),
        since=_GONE,
        source="Android frameworks/av, media/codec2/vndk: C2Store.cpp, C2DmaBufAllocator.cpp",
    ),
    Rule(
        "ion.codec2-property",
        "Codec2 is set not to use DMA-BUF heaps",
        (Kind.MAKE, Kind.PROPERTIES, Kind.RC),
        r"\bdebug\.c2\.use_dmabufheaps(?:[ \t]*=[ \t]*|[ \t]+)(?:0|false|n|no|off)\b",
        why="where /dev/ion exists, Codec2 allocates from ION unless this is 1; elsewhere it has no effect",
        replacement=("debug.c2.use_dmabufheaps=1; or remove the line where no kernel of the board has ION",),
        since="while the kernel has /dev/ion (before 5.11)",
        source="Android frameworks/av, media/codec2/vndk/C2Store.cpp: using_ion()",
    ),
    Rule(
        "heap.cma-name",
        "The CMA heap, by a name that only some kernels use",
        (Kind.C, Kind.RC, Kind.SEPOLICY),
        rf"(?<!\w)/dev/dma_heap/(?P<word>{'|'.join(default_cma_names())})(?![\w,@-])"
        rf"|\"(?:{'|'.join(name for name in default_cma_names() if name != _COMMON_WORD)})\""
        rf"|\b(?:Alloc|DmabufHeapAlloc|dma_heap_find)\([^;\"\n]{{0,160}}\"{_COMMON_WORD}\"",
        why="the name of the heap differs between kernels, so this finds the heap on some of them only",
        replacement=(CMA_NAME, "a kernel may have several of these names: use the first that exists"),
        since="6.17",
        source="Documentation/userspace-api/dma-buf-heaps.rst; drivers/dma-buf/heaps/cma_heap.c of 6.12 and 7.2",
        literals=True,
        ion=False,
    ),
    Rule(
        "heap.protected-name",
        "A protected heap, by a name that only some kernels use",
        (Kind.C, Kind.RC, Kind.SEPOLICY),
        r"(?<!\w)/dev/dma_heap/restricted,[\w-]+|\"restricted,[\w-]+\"",
        why="mainline calls it protected,NAME; restricted,NAME is its name in trees with the series from before that",
        replacement=("protected,NAME, such as protected,secure-video; or both names: use the first that exists",),
        since="6.18",
        source="drivers/tee/tee_heap.c of Linux 7.2; OP-TEE/optee_test pull request 811",
        literals=True,
        ion=False,
    ),
)  # fmt: skip


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
