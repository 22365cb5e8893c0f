"""Accesses to heaps that SELinux refused."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.access_denied import has_wrong_label, why_refused, would_be_refused
from bringup.causes.known.nodes import SELINUX_LINES_LOST, SELINUX_LOOKED, SELINUX_STATFS
from bringup.causes.no_root import ways_to_root
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.selinux_log import Denial, lost_lines
from bringup.facts.selinux_log import denials as heap_denials
from bringup.results.verdict import Outcome, Verdict
from bringup.text import pluralize


@check(
    "selinux.denials",
    "SELinux refused no access to a heap",
    asks="Looks in the kernel's log for avc: denied lines about a heap's node or a dma-buf. Four things only "
    "warn: a line with permissive=1, a line that only asks for the size of the file system, one that only looks at the "
    "folder or at a node's mode, and a log that lost lines.",
    why="A HAL that is refused falls back silently or crashes. The avc line names the rule that is missing.",
    source="AOSP system/sepolicy: dmabuf_heap_device_type, dmabuf_system_heap_device; "
    "https://source.android.com/docs/security/features/selinux; security/selinux/avc.c: avc_audit_post_callback",
    since="any, with Android 12 or later",
)
def denials(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.selinux_mode is None:
        yield question.skipped("SELinux is not there or has no policy")
    elif facts.dmesg is None:
        yield question.unknown(facts.why_unknown("dmesg"), remedy=ways_to_root(facts))
    else:
        all_denials = heap_denials(facts)
        serious = tuple(denial for denial in all_denials if not (denial.is_harmless or denial.only_looks))
        yield from list(_by_kind(question, facts, serious)) or [_without(question, facts, all_denials)]


def _by_kind(question: Question, facts: Facts, serious: tuple[Denial, ...]) -> Iterator[Verdict]:
    """A verdict for nodes with a wrong label, one for other refusals, and one for what permissive SELinux allowed."""
    refused = [denial for denial in serious if not denial.let_pass]
    for is_wrong in (True, False):
        if alike := tuple(denial for denial in refused if has_wrong_label(facts, denial) is is_wrong):
            yield question.because(Outcome.FAIL, why_refused(facts, alike))
    if passed := tuple(denial for denial in serious if denial.let_pass):
        domains = tuple(dict.fromkeys(denial.domain for denial in passed))
        yield question.because(Outcome.WARN, would_be_refused(why_refused(facts, passed), domains))


def _without(question: Question, facts: Facts, minor: tuple[Denial, ...]) -> Verdict:
    """The verdict where the log shows no refused access to a heap."""
    if lost := lost_lines(facts):
        text = "the kernel's log lacks lines of SELinux, and a missing line may be about a heap"
        return question.warned(*lost[-4:], cause=SELINUX_LINES_LOST.here(text), remedy=_SAY_ALL)
    if looked := tuple(denial for denial in minor if denial.only_looks):
        domains = ", ".join(dict.fromkeys(denial.domain for denial in looked))
        text = f"SELinux refused {domains} a look at the heaps; no line says that it asked for one"
        lines = (denial.line for denial in looked[-4:])
        return question.warned(*lines, cause=SELINUX_LOOKED.here(text), remedy=SELINUX_LOOKED.fix)
    if harmless := tuple(denial for denial in minor if denial.is_harmless):
        avc, ask = pluralize(len(harmless), "avc line"), "asks" if len(harmless) == 1 else "ask"
        text = f"{avc} {ask} for the size of the file system of DMA-BUFs: harmless"
        return question.warned(*(denial.line for denial in harmless[-4:]), cause=SELINUX_STATFS.here(text))
    count = len(facts.dmesg or ())
    return question.passed(
        f"none of {count} lines of the kernel's log is an avc line about a heap ({facts.selinux_mode})"
    )


_SAY_ALL = (
    "as root: echo 0 >/proc/sys/kernel/printk_ratelimit, and on Android auditctl -r 0; use the heaps, then run again",
)
