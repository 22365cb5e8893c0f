"""A series of looks at a board's buffers, as the terminal shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from bringup.outcome import Outcome
from bringup.report import units
from bringup.results.watch import GrowthFacts, LeakFound, WatchBegin, WatchEnd
from bringup.text import visible_name

__all__ = ["GROWTH_HEADERS", "end_sentence", "growth_rows", "leak_sentence", "rate_sentence", "who"]

GROWTH_HEADERS = ("", "process", "pid", "exporter", "now", "change", "most")


def who(process: str, pid: int) -> str:
    """``camera (412)``, ``all together``, ``no process``."""
    name = visible_name(process)
    return f"{name} ({pid})" if pid else name or "all together"


def growth_rows(growth: Iterable[GrowthFacts]) -> Iterator[tuple[str, ...]]:
    """Per process and exporter: leak or not, who, what it holds, and how that changed since the first look."""
    for one in growth:
        change = one.after - one.before
        sign = "+" if change > 0 else "-" if change < 0 else ""
        yield (
            "leak" if one.is_leak else "",
            visible_name(one.process) or "all together",
            str(one.pid) if one.pid else "",
            visible_name(one.exporter or "unknown"),
            units.size(one.after),
            f"{sign}{units.size(abs(change))}" if change else "",
            units.size(one.most),
        )


def leak_sentence(leak: LeakFound, begin: WatchBegin) -> str:
    """``camera (412) leaks 64 KiB of system per round: 1 MiB at first, 3 MiB now (p 2e-07)``."""
    per = "round" if begin.rounds else "hour"
    slope = leak.slope if begin.rounds else leak.slope * 3600
    exporter = visible_name(leak.exporter or "an unknown exporter")
    return (
        f"{who(leak.process, leak.pid)}: leaks {units.size(round(slope))} of {exporter} "
        f"per {per}: {units.size(leak.before)} at first, {units.size(leak.after)} now (p {leak.p:.1g})"
    )


def rate_sentence(begin: WatchBegin) -> str:
    """How often this is wrong."""
    where = "" if begin.rounds else f" if what processes hold returns to its least within {begin.swing:g} s"
    return f"without a leak, one is reported in at most {begin.error_rate:.0%} of such watches{where}"


def end_sentence(end: WatchEnd, begin: WatchBegin) -> str:
    """What came out, why it ended, and what was missing."""
    words = {"pass": "no leak beyond noise", "fail": "a leak", "error": "unknown whether there is a leak"}
    seen = f"; not all was seen: {'; '.join(end.notes)}" if end.notes else ""
    is_short = end.enough is not None and end.outcome is Outcome.ERROR
    short = f"; it takes {_length(end.enough or 0, begin)}" if is_short else ""
    outcome = words.get(end.outcome.value, end.outcome.value)
    return f"{outcome} after {end.looks} looks; it ended: {end.why}{short}{seen}"


def _length(enough: float, begin: WatchBegin) -> str:
    """Of a watch: ``19 rounds``, ``1 h 10 min``."""
    if begin.rounds:
        return f"{enough:.0f} rounds"
    if enough < 120:
        return f"{enough:.0f} s"
    minutes = math.ceil(enough / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
