"""What SELinux refused."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.access_denied import has_wrong_label, why_refused, would_refuse
from bringup.causes.known.nodes import SELINUX_LINES_LOST, SELINUX_STATFS
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.selinux_log import Denial, lost_lines
from bringup.facts.selinux_log import denials as heap_denials
from bringup.results.verdict import Outcome, Verdict


@check(
    "selinux.denials",
    "SELinux refused nobody a heap",
    asks="Looks in the kernel's log for avc: denied lines about a heap's node or a dma-buf. One that was let pass "
    "(permissive=1) warns, as does one that only asks for the size of the file system, and a log that lost lines.",
    why="A refused HAL falls back silently or crashes; the avc line names the one rule that is missing.",
    source="AOSP system/sepolicy: dmabuf_heap_device_type, dmabuf_system_heap_device; "
    "https://source.android.com/docs/security/features/selinux; security/selinux/avc.c: avc_audit_post_callback",
    since="any, with Android 12 or later",
)
def denials(ask: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.selinux_mode is None:
        yield ask.skipped("SELinux is not there or has no policy")
    elif facts.dmesg is None:
        yield ask.unknown(facts.why_unknown("dmesg"), remedy=["run as root: adb root"])
    else:
        found = heap_denials(facts)
        told = list(_told(ask, facts, tuple(one for one in found if not one.is_harmless)))
        if not told:
            told = [_without(ask, facts, found)]
        yield from told


def _told(ask: Question, facts: Facts, found: tuple[Denial, ...]) -> Iterator[Verdict]:
    """One verdict for nodes with a wrong label, one for what else was refused, one for what was let pass."""
    refused = [one for one in found if not one.let_pass]
    for wrong in (True, False):
        if some := tuple(one for one in refused if has_wrong_label(facts, one) is wrong):
            yield ask.because(Outcome.FAIL, why_refused(facts, some))
    if passed := tuple(one for one in found if one.let_pass):
        domains = tuple(dict.fromkeys(one.domain for one in passed))
        yield ask.because(Outcome.WARN, would_refuse(why_refused(facts, passed), domains))


def _without(ask: Question, facts: Facts, harmless: tuple[Denial, ...]) -> Verdict:
    """The verdict where nobody was refused a heap, as far as the log goes."""
    if lost := lost_lines(facts):
        text = "the kernel's log lacks lines of SELinux: one about a heap may be among them"
        return ask.warned(*lost[-4:], cause=SELINUX_LINES_LOST.here(text), remedy=_SAY_ALL)
    if harmless:
        text = f"{len(harmless)} avc lines ask for the size of the file system of DMA-BUFs: harmless"
        return ask.warned(*(one.line for one in harmless[-4:]), cause=SELINUX_STATFS.here(text))
    count = len(facts.dmesg or ())
    return ask.passed(f"no avc line about a heap among {count} of the kernel's log ({facts.selinux_mode})")


_SAY_ALL = (
    "as root: echo 0 >/proc/sys/kernel/printk_ratelimit, and on Android auditctl -r 0; use the heaps again, run again",
)
