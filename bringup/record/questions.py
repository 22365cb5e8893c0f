"""What is read from a board: data, not code. A new fact is one more item here and no new binary on the board.

Every item is limited in size; the test allocator only knows how to read, not what.
"""

from __future__ import annotations

from bringup.allocator.plan import Dmesg, Files, Glob, Holders, Ion, Item, Read, Run, Tree

__all__ = [
    "AFTER_RETURN",
    "AFTER_TESTS",
    "BUFFERS_IN_SYSFS",
    "BUFFER_LISTS",
    "COUNTERS",
    "EVERYTHING",
    "EXHAUSTED",
    "EXHAUSTS",
    "EXHAUST_MS",
    "HOLDERS",
    "ION_LIBRARIES",
    "KERNEL",
    "SHELL",
    "TESTS_BEGIN",
    "TESTS_END",
    "TRACE_EVENTS",
    "WALK",
]

KIB = 1024
MIB = 1024 * KIB

_TAINTED = Read("/proc/sys/kernel/tainted", 32)
#: A busy board may take seconds to start a program.
_PROPERTIES = Run(20_000, 256 * KIB, ("/system/bin/getprop",))

_READS = (
    Read("/proc/version", 4 * KIB),
    Read("/proc/cmdline", 16 * KIB),
    Read("/proc/bootconfig", 64 * KIB),
    Read("/proc/config.gz", 512 * KIB),
    Read("/proc/meminfo", 16 * KIB),
    Read("/proc/iomem", 64 * KIB),
    Read("/proc/modules", 256 * KIB),
    Read("/proc/filesystems", 16 * KIB),
    Read("/proc/mounts", 64 * KIB),
    Read("/proc/cpuinfo", 64 * KIB),
    Read("/proc/devices", 16 * KIB),
    Read("/proc/buddyinfo", 16 * KIB),
    Read("/proc/uptime", 256),
    _TAINTED,
    Read("/sys/fs/selinux/enforce", 16),
    Read("/sys/firmware/devicetree/base/#address-cells", 16),
    Read("/sys/firmware/devicetree/base/#size-cells", 16),
    Read("/sys/firmware/devicetree/base/compatible", 4 * KIB),
    Read("/sys/firmware/devicetree/base/model", 4 * KIB),
    Read("/sys/kernel/dma_heap/total_pools_kb", 256),
    Read("/sys/module/dma_heap/parameters/mem_accounting", 16),
    Read("/etc/group", 64 * KIB),
)

_KERNEL_CONFIGS = Files("/boot/config-*", 8, 512 * KIB)
_MODULE_LISTS = (
    Files("/*/lib/modules/modules.load", 8, 64 * KIB),
    Files("/*/lib/modules/*/modules.load", 8, 64 * KIB),
)

_FILES = (
    _KERNEL_CONFIGS,
    Files("/sys/kernel/mm/cma/*/*", 256, 256),
    Files("/sys/kernel/debug/cma/*/maxchunk", 64, 64),
    Files("/sys/kernel/debug/cma/*/used", 64, 64),
    Files("/sys/kernel/debug/cma/*/count", 64, 64),
    Files("/sys/kernel/debug/cma/*/base_pfn", 64, 64),
    Files("/ueventd*.rc", 8, 64 * KIB),
    Files("/*/ueventd*.rc", 8, 64 * KIB),
    Files("/*/etc/ueventd*.rc", 16, 64 * KIB),
    # Where udev, and not ueventd, sets modes and owners. On a merged /usr, /lib is /usr/lib.
    Files("/etc/udev/rules.d/*.rules", 64, 16 * KIB),
    Files("/lib/udev/rules.d/*.rules", 256, 16 * KIB),
    *_MODULE_LISTS,
)

#: libdmabufheap whole: its symbols and strings say whether it goes back to ION. Programs of /vendor get it from the
#: VNDK until Android 14.
_HEAP_LIBRARIES = tuple(
    Files(pattern, 16, 512 * KIB)
    for pattern in (
        "/system/lib64/libdmabufheap.so",
        "/vendor/lib64/libdmabufheap*.so",
        "/apex/com.android.vndk.v*/lib64/libdmabufheap.so",
    )
)

#: Libraries that open heaps, of which the headers say the page sizes that they fit.
_LIBRARIES = (
    *_HEAP_LIBRARIES,
    *(
        Files(pattern, 16, 4 * KIB)
        for pattern in (
            "/vendor/lib64/libion*.so",
            "/vendor/lib64/*gralloc*.so",
            "/vendor/lib64/hw/gralloc.*.so",
            "/vendor/lib64/hw/*mapper*.so",
        )
    ),
)

#: Where a board may keep the kernel's log of the boot before this one.
_LEFT = (Files("/sys/fs/pstore/*", 16, 256 * KIB), Read("/proc/last_kmsg", MIB))

#: Read from a board that was lost or rebooted while it was observed, once it is back: what it kept of that, and what
#: its boot loader says of it. Where it did not reboot, its log has it.
AFTER_RETURN = (*_LEFT, _TAINTED, _PROPERTIES, Dmesg(MIB), Read("/dev/kmsg", 4 * MIB))

#: The kernel's own lists of buffers: debugfs, and an iterator of BPF where Android pins it (AOSP libmeminfo,
#: libdmabufinfo/dmabuf_bpf_stats.cpp, BPF_DMABUF_ITER_PATH).
BUFFER_LISTS = ("/sys/kernel/debug/dma_buf/bufinfo", "/sys/fs/bpf/dmabuf/prog_dmabufIter_iter_dmabuf")


SHELL = "/bin/sh"


def _sysfs(files: str, unless: str = "") -> Run:
    """The files of all buffers in one output, each line after its path: thousands, too many for a line each.

    Status 0: read, whatever was freed meanwhile (grep: 2). Else there is no such folder, or no such program.
    """
    script = f"{unless}cd /sys/kernel/dmabuf/buffers || exit 3; grep '' {files} /dev/null; [ $? -le 2 ]"
    return Run(20_000, 2 * MIB, (SHELL, "-c", script))


#: The folder per buffer that CONFIG_DMABUF_SYSFS_STATS makes, until Linux 6.19. In a run it is read where there is no
#: quicker list, and after the tests without exporters.
_OTHERWISE = f"[ -r {BUFFER_LISTS[0]} ] && exit 3; "
BUFFERS_IN_SYSFS = (
    _sysfs("*/size */exporter_name"),
    _sysfs("*/size */exporter_name", _OTHERWISE),
    _sysfs("*/size", _OTHERWISE),
)

#: What libion and the libraries that vendors have instead of it are called (scan/knowledge/data, kind ``library``).
ION_LIBRARIES = ("libion.so", "libion[._]*.so", "lib*_ion.so", "libhion.so", "libexynosion.so")


def _walk(sysfs: Run, only_new: int = 0) -> tuple[Item, ...]:
    patterns = ("/dev/ion", *ION_LIBRARIES, "libdmabufheap*.so")
    walk = Holders(8192, 32768, only_new, BUFFER_LISTS[0], patterns)
    return (walk, Read(BUFFER_LISTS[1], 4 * MIB), sysfs)


#: Who holds buffers, and who still has ION open or mapped; the lists come after the walk, the first as a part of it.
WALK = _walk(BUFFERS_IN_SYSFS[1])

_TREES = (Tree("/sys/firmware/devicetree/base/reserved-memory", 3, 512, 4 * KIB),)

_GLOBS = (
    Glob("/dev/dma_heap", 1),
    Glob("/dev/dma_heap/*", 128),
    Glob("/sys/class/dma_heap/*", 128),
    Glob("/dev/ion", 1),
    Glob("/dev/udmabuf", 1),
    Glob("/run/udev", 1),
    Glob("/sys/kernel/dmabuf/buffers", 1),
    Glob("/sys/fs/bpf/dmabuf/prog_dmabufIter_iter_dmabuf", 1),
    Glob("/sys/fs/bpf/dmabufs", 1),
)

#: Read before and after buffers are traced: the kernel's own counters have to agree with the trace.
COUNTERS = (Files("/sys/kernel/mm/cma/*/*_pages_success", 128, 256),)

#: The trace events that show a buffer's pages, and the layout that they have. ``cma_alloc`` until Linux 5.12,
#: ``cma_alloc_finish`` since 5.13.
TRACE_EVENTS = ("header_page", "kmem/mm_page_alloc", "kmem/mm_page_free", "cma/cma_alloc", "cma/cma_alloc_finish")

#: How long one heap may take to give all its memory; it takes a few times as long as zeroing it.
EXHAUST_MS = 10_000

#: Marks in the kernel's log before and after all heap tests: what is logged between them, the tests may have caused.
TESTS_BEGIN = "bringup: tests heaps"
TESTS_END = "bringup: has tested heaps"
#: Those that the test allocator writes, followed by the heap's name (allocator/src/exhaust.c).
EXHAUSTS = "bringup: exhausts heap "
EXHAUSTED = "bringup: has exhausted heap "

#: Read once more after all heap tests: what the kernel complained about meanwhile. The records of /dev/kmsg are
#: numbered, so that a lost one shows; the text is for boards that do not let us read them.
AFTER_TESTS: tuple[Item, ...] = (
    *_walk(BUFFERS_IN_SYSFS[2], only_new=1),
    _TAINTED,
    Dmesg(256 * KIB),
    Read("/dev/kmsg", 4 * MIB),
)

_PROGRAMS = (
    _PROPERTIES,
    # What libdmabufheap and libion write to Android's log, and nothing else of it.
    Run(10_000, 64 * KIB, ("/system/bin/logcat", "-d", "-s", "DMABUFHEAPS", "ion", "libion")),
)

EVERYTHING: tuple[Item, ...] = (
    *_READS,
    *_GLOBS,
    *_FILES,
    *_LIBRARIES,
    *_LEFT,
    *_TREES,
    *_PROGRAMS,
    Dmesg(MIB),
    Ion(),
    *WALK,
)

#: Who holds buffers, and no more. The second walk says what the first cannot: what changed meanwhile.
HOLDERS: tuple[Item, ...] = (
    Read("/proc/meminfo", 16 * KIB),
    *(files for files in _FILES if str(files.pattern).startswith("/sys/kernel")),
    _PROPERTIES,
    *_LIBRARIES,
    *_walk(BUFFERS_IN_SYSFS[0]),
    *_walk(BUFFERS_IN_SYSFS[0]),
)

_OF_THE_KERNEL = ("/proc/config.gz", "/proc/modules", "/proc/meminfo", "/proc/cmdline")

#: What a kernel's configuration is judged by, and no more.
KERNEL: tuple[Item, ...] = (
    *(read for read in _READS if read.path in _OF_THE_KERNEL),
    *(glob for glob in _GLOBS if glob.pattern in ("/dev/dma_heap", "/dev/dma_heap/*")),
    _KERNEL_CONFIGS,
    *_MODULE_LISTS,
    *_PROGRAMS,
)
