"""What is left of ION, what programs ask for, and what bringup could not observe."""

from __future__ import annotations

from bringup.causes.known.known_cause import Cost, KnownCause, link

_ION = (
    link("radxa/manifests#51", "Android 12 on 5.10: SurfaceFlinger fails without ION; ION was switched on again"),
    link("rockchip-linux/mpp#915", "mpp on ION's new interface: ION_IOC_FREE, inappropriate ioctl for device"),
)
_REMOVED = "ION left mainline with 5.11 (drivers/staging/android/ion) and GKI with android12-5.10"

ION_LEFT = KnownCause(
    id="ion.left",
    text="ION is still there beside DMA-BUF heaps.",
    why="Libraries that probe for /dev/ion keep using it: the board looks migrated, and fails on the next kernel.",
    shows="/dev/ion is there; CONFIG_ION",
    fix=("move its users to /dev/dma_heap, then: # CONFIG_ION is not set",),
    since="up to 5.10, and vendors' kernels",
    source=_REMOVED,
    cost=Cost.LATER,
    seen_before=_ION,
)


def _compared(id_: str, text: str, cost: Cost) -> KnownCause:
    return KnownCause(
        id=id_,
        text=text,
        why="A program that moves from ION to heaps needs buffers with the same properties, and as fast.",
        shows="the same requests to ION and to the heap that takes its place, on one board",
        since="5.6 to 5.10, and vendors' kernels with both",
        source="drivers/staging/android/ion and drivers/dma-buf/heaps of Linux 5.10; "
        "docs/allocator-protocol.md, side by side",
        cost=cost,
        seen_before=_ION,
    )


ION_NOT_EQUIVALENT = _compared(
    "ion.not-equivalent", "A heap does not do what the ION heap that it replaces does.", Cost.FAILS
)
ION_WAS_FASTER = _compared("ion.was-faster", "A heap is slower than the ION heap that it replaces.", Cost.UNSEEN)
ION_NOT_ALL_KNOWN = _compared("ion.not-all-known", "Not everything could be compared with ION.", Cost.UNSEEN)
ION_CLIENT = KnownCause(
    id="ion.client",
    text="A program still asks for ION.",
    why="It was not moved, or only in part: it works while /dev/ion exists, and fails on a kernel without ION.",
    shows="Android's or the kernel's log: open /dev/ion failed, ION_IOC_FREE failed",
    fix=(
        "find it with: bringup scan TREE",
        "move it to libdmabufheap, or to DMA_HEAP_IOCTL_ALLOC",
    ),
    since="5.11 and later, or where ION is off",
    source="AOSP system/memory/libion: ion.c",
    cost=Cost.FAILS,
    seen_before=_ION,
)
CLIENTS_NO_SUCH_HEAP = KnownCause(
    id="clients.no-such-heap",
    text="A program asks for a heap that is not there.",
    why="The program's code contains the heap's name, and no library maps it to another heap.",
    shows='Android\'s log, tag DMABUFHEAPS: "Could not open DMA-BUF heap named:"; of Android 12 to 16: "No ion heap of '
    'name"',
    since="any, with Android 12 or later",
    source="AOSP system/memory/libdmabufheap: BufferAllocator.cpp",
    cost=Cost.FAILS,
    seen_before=(
        link("waydroid/waydroid#1813", "Waydroid: Codec2 cannot allocate without /dev/dma_heap/system"),
        link("raspberrypi/picamera2#1374", "picamera2 warns of vidbuf_cached, a heap that newer kernels lack"),
    ),
)
CLIENTS_REFUSED = KnownCause(
    id="clients.refused",
    text="A program asked for a buffer of a heap that is there, and got none.",
    why="The node's mode or SELinux label forbids it, or the heap has no memory.",
    shows='Android\'s log, tag DMABUFHEAPS: "Unable to allocate from DMA-BUF heap:"',
    since="any, with Android 12 or later",
    source="AOSP system/memory/libdmabufheap: BufferAllocator.cpp",
    cost=Cost.FAILS,
)
CLIENTS_CONFINED = KnownCause(
    id="clients.confined",
    text="AppArmor refuses a program a heap.",
    why="A profile names every path that its program may open; that of a snap comes from the interfaces that it is "
    "connected to. The node's mode makes no difference.",
    shows='kernel log: apparmor="DENIED" with name="/dev/dma_heap/NAME"',
    fix=(
        "add to the profile: /dev/dma_heap/NAME rw, and load it again: apparmor_parser -r FILE",
        "a snap: connect an interface that names the heap (snap connections), or ask for it in snapd",
    ),
    since="any",
    source="security/apparmor/audit.c of Linux 5.10, 6.12 and 7.3; snapd's interfaces/builtin/opengl.go",
    cost=Cost.FAILS,
    seen_before=(link("canonical/snapd#16402", "Ubuntu on i.MX: no snap may open linux,cma-uncached"),),
)
KCONFIG_ION_STILL_ON = KnownCause(
    id="kconfig.ion-still-on",
    text="ION is still built; programs that open /dev/ion work here and fail on the next kernel.",
    why="5.11 has no ION. While /dev/ion exists, half-migrated programs go on using it and nobody notices.",
    shows="CONFIG_ION=y beside CONFIG_DMABUF_HEAPS=y",
    since="5.6..5.10",
    source="drivers/staging/android/ion/Kconfig of 5.10",
    cost=Cost.LATER,
    seen_before=_ION,
)
ION_LEFT_IN_UEVENTD = KnownCause(
    id="ion.left-in-ueventd",
    text="ueventd.rc still has a line for /dev/ion.",
    why="A line for a node that no longer exists is harmless, but shows that the move was not finished.",
    shows="the ueventd.rc files of the board",
    since="any",
    source="AOSP system/core/rootdir/ueventd.rc",
    cost=Cost.UNSEEN,
    seen_before=_ION,
)
DMABUF_NO_STATISTICS = KnownCause(
    id="dmabuf.no-statistics",
    text="Nothing on this board lists its DMA-BUFs.",
    why="Without such a list a leak of buffers cannot be found; dmabuf_dump and dumpsys read it.",
    shows="no /sys/kernel/dmabuf/buffers, no iterator of BPF below /sys/fs/bpf, no debugfs",
    since="any",
    source="AOSP system/memory/libmeminfo; commit ab4c3dcf9a71 removed the sysfs directory (6.19 has it, 7.0 does not)",
    cost=Cost.UNSEEN,
)
LIBRARY_ALIGNMENT = KnownCause(
    id="library.page-alignment",
    text="A library that opens heaps is not built for pages of this size.",
    why="The dynamic linker refuses a library whose segments are aligned to less than a page: its HAL does not start.",
    shows="p_align of the library's loaded segments against the page size",
    fix=("build it with -Wl,-z,max-page-size=16384 (Soong: PRODUCT_MAX_PAGE_SIZE_SUPPORTED := 16384), or get it so",),
    since="any, with pages of more than 4 KiB",
    source="https://source.android.com/docs/core/architecture/16kb-page-size/16kb; AOSP bionic/linker/linker_phdr.cpp",
    cost=Cost.FAILS,
)
BOARD_NO_ROOT = KnownCause(
    id="board.no-root",
    text="The test allocator did not run as root: what only root may see is not judged.",
    why="SELinux and file modes hide the kernel's log, debugfs, physical addresses and most heaps from others.",
    shows="the uid that the test allocator reports",
    fix=(
        "userdebug or eng build: adb root, then run again",
        "user build: flash a userdebug build, or the release's debug ramdisk where the boot loader is unlocked",
    ),
    since="any",
    source="AOSP system/sepolicy private/shell.te",
    cost=Cost.UNSEEN,
)
BOARD_NO_CONFIG = KnownCause(
    id="board.no-config",
    text="No board config matches: what the board should have is not known.",
    why="Only a board config says which heaps a board should have.",
    shows="compatible strings and properties against the identities of the board configs",
    fix=("bringup config init -o device-configs/NAME.yaml writes a first one; or name one: --board NAME",),
    since="any",
    source="docs/board-configs.md",
    cost=Cost.UNSEEN,
)


def _drift(fragment: str, what: str, where: str) -> KnownCause:
    return KnownCause(
        id=f"drift.{fragment}",
        text=f"The board does not have {what} that were rendered for it.",
        why="A boot loader with another device tree or command line undoes what is right in the source tree.",
        shows=f"{where} against what the board config renders to, or against the files that --rendered names",
        since="any",
        source="the board config, through bringup render; docs/board-configs.md",
        cost=Cost.LATER,
    )


DRIFT_DEVICE_TREE = _drift("device-tree", "the reserved-memory nodes", "/sys/firmware/devicetree/base/reserved-memory")
DRIFT_CMDLINE = _drift("cmdline", "the kernel parameters", "/proc/cmdline")
DRIFT_UEVENTD = _drift("ueventd", "the modes and owners", "the nodes' modes and owners")
DRIFT_UDEV = _drift("udev", "the modes and owners", "the nodes' modes and owners")
DRIFT_FILE_CONTEXTS = _drift("file_contexts", "the SELinux types", "the nodes' labels")
