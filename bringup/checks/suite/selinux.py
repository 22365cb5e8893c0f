"""What SELinux refused."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.checks.denied import denials as heap_denials
from bringup.checks.denied import why_refused
from bringup.checks.facts import Facts
from bringup.checks.registry import Question, check
from bringup.checks.verdict import Cause, Outcome, Verdict


@check(
    "selinux.denials",
    "SELinux refused nobody a heap",
    asks="Looks in the kernel's log for avc: denied lines about a heap's node or a dma-buf. One that only asks "
    "for the size of the file system is harmless, and warns.",
    why="A refused HAL falls back silently or crashes; the avc line names the one rule that is missing.",
    source="AOSP system/sepolicy: dmabuf_heap_device_type, dmabuf_system_heap_device; "
    "https://source.android.com/docs/security/features/selinux",
    since="any, with Android 12 or later",
)
def denials(ask: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.selinux_mode is None:
        yield ask.skipped("SELinux is not there or has no policy")
    elif facts.dmesg is None:
        yield ask.unknown(facts.why_unknown("dmesg"), remedy=["run as root: adb root"])
    elif refused := tuple(one for one in heap_denials(facts) if not one.is_harmless):
        yield ask.because(Outcome.FAIL, why_refused(facts, refused))
    elif harmless := heap_denials(facts):
        text = f"{len(harmless)} avc lines ask for the size of the file system of DMA-BUFs: harmless"
        yield ask.warned(*(one.line for one in harmless[-4:]), cause=Cause("selinux.statfs", text))
    else:
        yield ask.passed(
            f"no avc line about a heap among {len(facts.dmesg)} of the kernel's log ({facts.selinux_mode})"
        )
