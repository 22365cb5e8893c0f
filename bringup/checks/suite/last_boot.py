"""What the board has left of the boot before this one: did it crash?"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.known.complaints import KERNEL_CRASHED_BEFORE
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.kernel_death import boot_reasons, crash_reasons
from bringup.facts.log.kept_logs import kept_logs
from bringup.facts.log.splats import Splat, find_splats
from bringup.results.verdict import Verdict


@check(
    "kernel.last-boot",
    "The boot before this one did not end in a crash",
    asks="Looks for complaints of the kernel in what pstore or /proc/last_kmsg kept of the boot before, and at "
    "Android's boot reason (ro.boot.bootreason, sys.boot.reason). Fails where a heap, DMA-BUF or CMA takes part; else "
    "only warns.",
    why="A board that reboots under a test, or when nobody looks, shows nothing of it in its present log.",
    source="Documentation/admin-guide/ramoops.rst of Linux 6.12; AOSP system/core/bootstat: README.md",
    since="any",
)
def last_boot(question: Question, facts: Facts) -> Iterator[Verdict]:
    logs, reasons = kept_logs(facts.record), boot_reasons(facts)
    # What ended the boot comes last; a kernel that goes on after a warning says more.
    last = [(log.path, splats[-1]) for log in logs if (splats := find_splats(log.lines))]
    about_heaps = [(path, splat) for path, splat in last if splat.is_about_heaps]
    crashed = crash_reasons(facts)
    if last:
        path, splat = (about_heaps or last)[0]
        make = question.failed if about_heaps else question.warned
        text = f"{splat.name}, in the boot before this one"
        cause = KERNEL_CRASHED_BEFORE.here(text)
        yield make(*_shown(path, splat), *reasons, cause=cause, remedy=KERNEL_CRASHED_BEFORE.fix)
    elif crashed:
        cause = KERNEL_CRASHED_BEFORE.here("Android's boot reason says that the kernel crashed, or was hung")
        yield question.warned(*crashed, cause=cause, remedy=KERNEL_CRASHED_BEFORE.fix)
    elif logs or reasons:
        yield question.passed(*reasons, *(f"{log.path}: no complaint" for log in logs))
    else:
        yield question.skipped("the board keeps no log of the boot before, or does not let us read it")


def _shown(path: str, splat: Splat) -> Iterator[str]:
    yield f"{path}: {splat.line.text.strip()}"
    if splat.trace:
        yield f"trace: {splat.trace}"
