"""What the kernel itself complains about in its log."""

from __future__ import annotations

from bringup.causes.known.known_cause import Cost, KnownCause, link

_WORDING = (
    "kernel/panic.c, lib/bug.c, mm/kasan/report.c, kernel/locking/lockdep.c and others of Linux 5.10, 6.12 and 7.3; "
    "bringup/facts/log/splat_kinds.py names all of them"
)
_SHOWS = "kernel log: WARNING, kernel BUG, Oops, KASAN, KFENCE, UBSAN, lockdep, stalls, lockups, hung tasks, OOM kills"

KERNEL_COMPLAINT_IN_TESTS = KnownCause(
    id="kernel.complaint-in-tests",
    text="The kernel complained while the heaps were tested.",
    why="What the tests ask for is legal. A kernel that warns, hangs or corrupts memory meanwhile is wrong, whatever "
    "the tests themselves say.",
    shows=_SHOWS + ", between the lines that the run writes there; or a new bit of /proc/sys/kernel/tainted",
    fix=(
        "give the complaint with its trace to whoever maintains the function that it names",
        "run the named test alone: bringup heap test --test ID",
    ),
    since="any",
    source=_WORDING,
    cost=Cost.FAILS,
    seen_before=(
        link("raspberrypi/linux#3959", "WARNING in dma_buf_unmap_attachment while a video played"),
        link("intel/ipu6-drivers#80", "WARNING in dma_buf_map_attachment: locking changed in 6.2"),
    ),
)
KERNEL_DIED_IN_TESTS = KnownCause(
    id="kernel.died-in-tests",
    text="The kernel died while the heaps were tested.",
    why="What the tests ask for is legal. Any program that may use the heaps can crash this kernel.",
    shows="boot_id, which changed under the tests; /sys/fs/pstore, /proc/last_kmsg and the boot reason, read once the "
    "board was back",
    fix=(
        "give the complaint with its trace to whoever maintains the function that it names",
        "run the named test alone: bringup heap test --test ID",
    ),
    since="any",
    source="fs/pstore/platform.c of Linux 5.10 and 7.3: pstore_dump; AOSP system/core/bootstat: README.md",
    cost=Cost.FAILS,
)
KERNEL_COMPLAINT_IN_HEAPS = KnownCause(
    id="kernel.complaint-in-heaps",
    text="The kernel complained about a heap, a DMA-BUF or CMA, outside the tests.",
    why="A user of the heaps has met a defect of the kernel; the tests need not meet it again.",
    shows=_SHOWS + ", with a function of a heap, DMA-BUF or CMA in its trace",
    fix=("give the complaint with its trace to whoever maintains the function that it names",),
    since="any",
    source=_WORDING,
    cost=Cost.FAILS,
    seen_before=(link("raspberrypi/linux#1534", "WARNING from CMA's migration at boot"),),
)
KERNEL_COMPLAINT = KnownCause(
    id="kernel.complaint",
    text="The kernel complained since boot, but not about heaps.",
    why="After a warning the kernel goes on, after an Oops it goes on damaged: what is seen later may be its effect.",
    shows=_SHOWS + ", before or after the tests; or /proc/sys/kernel/tainted",
    fix=("give the complaint with its trace to whoever maintains the function that it names",),
    since="any",
    source=_WORDING,
    cost=Cost.LATER,
)
KERNEL_CPU_STARVED = KnownCause(
    id="kernel.cpu-starved",
    text="A CPU of this virtual machine did not run for some time: its host was too busy, or its kernel is stuck.",
    why="The CPUs of a virtual machine stop while its host has no time for them. Its kernel cannot know that, and "
    "reports a stall or a lockup. A kernel that is stuck reports the same.",
    shows="kernel log: an RCU stall, a lockup, or a hung task without a heap in its trace, on a virtual machine",
    fix=("run again while the host has less to do; if the same complaint comes back, the kernel is stuck there",),
    since="any",
    source="Documentation/RCU/stallwarn.rst of Linux 6.12; kernel/watchdog.c of Linux 5.10, 6.12 and 7.3",
    cost=Cost.UNSEEN,
    seen_before=(
        link("oxidecomputer/propolis#376", "RCU stall after a migration: 0 ticks this GP, kthread starved"),
        link("cilium/tetragon#328", "RCU stalls in a virtual machine for tests: kthread starved"),
    ),
)
KERNEL_BUFFER_TOO_LARGE = KnownCause(
    id="kernel.buffer-too-large",
    text="A driver asked for a contiguous buffer that CMA did not give, and the page allocator cannot.",
    why="Where CMA gives nothing, the DMA layer asks the page allocator for the same size. That has blocks of 4 MiB at "
    "most with 4 KiB pages, and warns if it is asked for more. The driver gets no buffer.",
    shows="kernel log: WARNING at mm/page_alloc.c, or a page allocation failure of several pages, below "
    "dma_direct_alloc; on 32-bit ARM without LPAE up to 5.19: below __dma_alloc_buffer, where there is no CMA area",
    fix=("enlarge the CMA area that the driver allocates from, or look who has used it up (cma.exhausted)",),
    since="any",
    source="kernel/dma/direct.c: __dma_direct_alloc_pages, mm/page_alloc.c, of Linux 5.10, 6.12 and 7.3; "
    "arch/arm/mm/dma-mapping.c: __dma_alloc, of 5.10",
    cost=Cost.LATER,
    seen_before=(
        link("raspberrypi/linux#4600", "cma_alloc of 19200 pages fails, then WARNING at mm/page_alloc.c"),
        link("raspberrypi/linux#3699", "Raspberry Pi HQ camera: WARNING in __alloc_pages_nodemask, no image"),
    ),
)
KERNEL_CRASHED_BEFORE = KnownCause(
    id="kernel.crashed-before",
    text="The boot before this one ended in a crash of the kernel, or had a complaint.",
    why="What was tested then, or whoever used the heaps, may have caused it; this boot's log does not show it.",
    shows="/sys/fs/pstore, /proc/last_kmsg; ro.boot.bootreason, sys.boot.reason: kernel_panic, watchdog",
    fix=("give what pstore kept to whoever maintains the function that it names, then delete it there",),
    since="any",
    source="Documentation/admin-guide/ramoops.rst of Linux 6.12; AOSP system/core/bootstat: README.md",
    cost=Cost.LATER,
)
