"""What is read from a board: data, not code. A new fact is one more line here and no new binary on the board.

Every item is bounded in size; the test allocator only knows how to read, not what.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "COUNTERS",
    "EVERYTHING",
    "EXHAUST_MS",
    "KERNEL",
    "TESTS_BEGIN",
    "TESTS_END",
    "TRACE_EVENTS",
    "Files",
    "Glob",
    "Program",
    "Questions",
    "Read",
    "Tree",
]

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Read:
    """One file, at most ``limit`` bytes."""

    path: str
    limit: int


@dataclass(frozen=True, slots=True)
class Files:
    """The regular files that match ``pattern``: at most ``count``, at most ``limit`` bytes each."""

    pattern: str
    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The regular files below ``path``."""

    path: str
    depth: int
    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class Glob:
    """The nodes (type, mode, owner, label) that match ``pattern``."""

    pattern: str
    count: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run without a shell, at most ``milliseconds`` long, at most ``limit`` bytes of either output."""

    argv: tuple[str, ...]
    milliseconds: int
    limit: int


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of a board at one time.

    :param dmesg: most bytes of the kernel's log; 0: it is not asked for.
    :param ion: whether ``/dev/ion`` is asked for its heaps.
    """

    reads: tuple[Read, ...] = ()
    files: tuple[Files, ...] = ()
    trees: tuple[Tree, ...] = ()
    globs: tuple[Glob, ...] = ()
    programs: tuple[Program, ...] = ()
    dmesg: int = 0
    ion: bool = False


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
    Read("/sys/fs/selinux/enforce", 16),
    Read("/sys/firmware/devicetree/base/#address-cells", 16),
    Read("/sys/firmware/devicetree/base/#size-cells", 16),
    Read("/sys/firmware/devicetree/base/compatible", 4 * KIB),
    Read("/sys/firmware/devicetree/base/model", 4 * KIB),
    Read("/sys/kernel/debug/dma_buf/bufinfo", 256 * KIB),
    Read("/sys/kernel/dma_heap/total_pools_kb", 256),
    Read("/sys/module/dma_heap/parameters/mem_accounting", 16),
)

_FILES = (
    Files("/boot/config-*", 8, 512 * KIB),
    Files("/sys/kernel/mm/cma/*/*", 256, 256),
    Files("/sys/kernel/debug/cma/*/maxchunk", 64, 64),
    Files("/sys/kernel/debug/cma/*/used", 64, 64),
    Files("/sys/kernel/debug/cma/*/count", 64, 64),
    Files("/sys/kernel/debug/cma/*/base_pfn", 64, 64),
    Files("/ueventd*.rc", 8, 64 * KIB),
    Files("/*/ueventd*.rc", 8, 64 * KIB),
    Files("/*/etc/ueventd*.rc", 16, 64 * KIB),
    Files("/*/lib/modules/modules.load", 8, 64 * KIB),
    Files("/*/lib/modules/*/modules.load", 8, 64 * KIB),
)

_TREES = (Tree("/sys/firmware/devicetree/base/reserved-memory", 3, 512, 4 * KIB),)

_GLOBS = (
    Glob("/dev/dma_heap", 1),
    Glob("/dev/dma_heap/*", 128),
    Glob("/sys/class/dma_heap/*", 128),
    Glob("/dev/ion", 1),
    Glob("/dev/udmabuf", 1),
    Glob("/sys/kernel/dmabuf/buffers", 1),
    Glob("/sys/fs/bpf/dmabufs", 1),
)

#: Read before and after buffers are traced: what the kernel counts has to agree.
COUNTERS = (Files("/sys/kernel/mm/cma/*/*_pages_success", 128, 256),)

#: Which events tell of a buffer's pages, and the layout that they come in. ``cma_alloc`` until Linux 5.12,
#: ``cma_alloc_finish`` since 5.13.
TRACE_EVENTS = ("header_page", "kmem/mm_page_alloc", "kmem/mm_page_free", "cma/cma_alloc", "cma/cma_alloc_finish")

#: Longest that one heap may be asked for all it has; it takes a few times what zeroing it takes.
EXHAUST_MS = 10_000

#: Lines for the kernel's log around all that is asked of heaps: a CMA allocation that fails is a line there, too.
TESTS_BEGIN = "bringup: tests heaps"
TESTS_END = "bringup: has tested heaps"

_PROGRAMS = (
    Program(("/system/bin/getprop",), 3000, 256 * KIB),
    # What libdmabufheap and libion say, and nothing else of Android's log.
    Program(("/system/bin/logcat", "-d", "-s", "DMABUFHEAPS", "ion", "libion"), 3000, 64 * KIB),
)

EVERYTHING = Questions(_READS, _FILES, _TREES, _GLOBS, _PROGRAMS, dmesg=1 * MIB, ion=True)

_OF_THE_KERNEL = ("/proc/config.gz", "/proc/modules", "/proc/meminfo", "/proc/cmdline")

#: What a kernel's configuration is judged by, and no more.
KERNEL = Questions(
    reads=tuple(one for one in _READS if one.path in _OF_THE_KERNEL),
    files=tuple(one for one in _FILES if one.pattern.startswith("/boot/") or one.pattern.endswith("/modules.load")),
    globs=tuple(one for one in _GLOBS if one.pattern.startswith("/dev/dma_heap")),
    programs=_PROGRAMS,
)
