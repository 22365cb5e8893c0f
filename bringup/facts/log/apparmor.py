"""AppArmor's lines in the kernel's log: which profile was refused which heap."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bringup.facts.board import Facts

__all__ = ["Refusal", "apparmor_refusals"]

#: security/apparmor/audit.c: audit_pre. A profile that only complains logs ALLOWED instead.
_REFUSED = re.compile(
    r'apparmor="DENIED" operation="\w{1,32}"(?: \w{1,32}="[^"]{0,256}"){0,4} profile="(?P<profile>[^"]{1,256})" '
    r'name="/dev/dma_heap/(?P<heap>[^"/]{1,64})"'
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line."""

    line: str
    profile: str
    heap: str


def apparmor_refusals(facts: Facts) -> tuple[Refusal, ...]:
    """Every line in which AppArmor refuses a heap's node to a program."""
    found = ((line, _REFUSED.search(line)) for line in facts.dmesg or ())
    return tuple(Refusal(line, match["profile"], match["heap"]) for line, match in found if match is not None)
