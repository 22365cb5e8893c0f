"""What ION has left behind."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.checks.facts import Facts
from bringup.checks.registry import Question, check
from bringup.checks.verdict import Cause, Verdict
from bringup.record.load import State

_REMOVED = "ION left mainline with 5.11 (drivers/staging/android/ion) and GKI with android12-5.10"


@check(
    "ion.node",
    "/dev/ion is gone",
    why="While it is there, libraries that probe for it keep using it: the board looks migrated and is not.",
    source=_REMOVED,
)
def node(ask: Question, facts: Facts) -> Iterator[Verdict]:
    ion, glob = facts.record.node("/dev/ion"), facts.record.globs.get("/dev/ion")
    planned = facts.config is not None and facts.config.kernel is not None and facts.config.kernel.ion
    if ion is None and (glob is None or glob.state in (State.DENIED, State.FAILED)):
        yield ask.unknown(facts.why_unknown("/dev/ion"))
    elif ion is None or ion.state is State.MISSING:
        yield ask.passed("/dev/ion is not there")
    elif planned:
        yield ask.passed("/dev/ion is there, and the board config wants it for comparison")
    else:
        yield ask.warned(
            "/dev/ion is there",
            cause=Cause("ion.left", "this kernel still has ION"),
            remedy=["move its users to /dev/dma_heap, then: # CONFIG_ION is not set"],
        )


@check(
    "ion.ueventd",
    "No ueventd.rc speaks of /dev/ion",
    why="A line for a node that no longer exists is harmless, and a sign that the move was not finished.",
    source="AOSP system/core/rootdir/ueventd.rc",
)
def ueventd(ask: Question, facts: Facts) -> Iterator[Verdict]:
    rules = facts.ueventd_rules
    if rules is None:
        yield ask.skipped("there is no ueventd.rc on this board")
        return
    left = [rule for rule in rules if rule.pattern == "/dev/ion"]
    if left and not (facts.config and facts.config.kernel and facts.config.kernel.ion):
        places = [rule.place for rule in left]
        cause = Cause("ion.left-in-ueventd", "ueventd.rc still gives /dev/ion its mode")
        yield ask.warned(*places, cause=cause, remedy=[f"remove the line {place}" for place in places])
    else:
        yield ask.passed(f"none of {len(rules)} lines does")
