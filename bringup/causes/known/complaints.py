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
