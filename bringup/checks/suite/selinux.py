"""What SELinux refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bringup.checks.facts import Facts
from bringup.checks.registry import Question, check
from bringup.checks.verdict import Cause, Verdict

_DENIAL = re.compile(
    r"avc:\s+denied\s+\{ (?P<rights>[^}]*)\}.*?"
    r"scontext=(?P<source>\S+)\s+tcontext=(?P<target>\S+)\s+tclass=(?P<cls>\w+)"
)
_ABOUT_HEAPS = ("dma_heap", "dmabuf", "/dev/ion", "ion_device")


@check(
    "selinux.denials",
    "SELinux refused nobody a heap",
    why="A refused HAL falls back silently or crashes; the avc line names the one rule that is missing.",
    source="AOSP system/sepolicy: dmabuf_heap_device_type",
)
def denials(ask: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.selinux_mode is None:
        yield ask.skipped("SELinux is not there or has no policy")
    elif facts.dmesg is None:
        yield ask.unknown(facts.why_unknown("dmesg"), remedy=["run as root: adb root"])
    elif lines := [line for line in facts.dmesg if "avc:" in line and any(word in line for word in _ABOUT_HEAPS)]:
        cause = Cause("selinux.denied", f"SELinux refused access to a heap {len(lines)} times")
        yield ask.failed(*lines[-8:], cause=cause, remedy=sorted({rule for line in lines if (rule := _rule(line))}))
    else:
        yield ask.passed(
            f"no avc line about a heap among {len(facts.dmesg)} of the kernel's log ({facts.selinux_mode})"
        )


def _rule(line: str) -> str | None:
    """The allow rule that an avc line asks for."""
    found = _DENIAL.search(line)
    if found is None:
        return None
    source, target = (
        context.split(":")[2] for context in (found["source"], found["target"]) if context.count(":") >= 2
    )
    return f"allow {source} {target}:{found['cls']} {{ {' '.join(found['rights'].split())} }};"
