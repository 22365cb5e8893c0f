"""docs/reliability.md: the table as it is in the code, and what came of the last run of all of it."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.faults.case import Ending, Fault, Phase, Where
from tests.support.faults.native_table import NATIVE
from tests.support.faults.virtual_table import VIRTUAL

__all__ = ["FAULTS", "PAGE", "cases", "table", "write"]

PAGE = Path(__file__).parents[3] / "docs" / "reliability.md"
FAULTS: tuple[Fault, ...] = tuple(sorted((*NATIVE, *VIRTUAL), key=lambda fault: fault.row))
_MARKS = ("<!-- table -->\n", "<!-- results -->\n", "<!-- end -->\n")
#: After these a board answers nothing, and adb does not say so.
_SILENT = ("frozen", "link-cut", "power-lost", "stopped", "link", "panic", "power", "one-of-three")
_DEAD = (Phase.PUSH, Phase.OBSERVE, Phase.RECORD)
_SHORT = {
    Ending.SAME: "same verdicts",
    Ending.UNKNOWN: "unknown",
    Ending.REFUSED: "refused",
    Ending.EITHER: "same verdicts, or refused",
    Ending.HOST: "status 3",
    Ending.INTERRUPTED: "status 130",
    Ending.KILLED: "record loads",
    Ending.FINDING: "finding",
}


def cases(place: Where | None = None) -> int:
    """How many faults in phases there are, or how many of them there."""
    return sum(len(fault.endings) for fault in FAULTS if place in (None, fault.where))


def table() -> str:
    """The table, in Markdown."""
    lines = ["| fault | produced by | on | then |", "|---|---|---|---|"]
    lines += [f"| {fault.title} | {fault.how} | {fault.where} | {'; '.join(_endings(fault))} |" for fault in FAULTS]
    return "\n".join(lines) + "\n"


def _endings(fault: Fault) -> Iterator[str]:
    for ending in dict.fromkeys(fault.endings.values()):
        phases = [phase.value for phase, that in fault.endings.items() if that is ending]
        yield f"{', '.join(phases)}: {_SHORT[ending]}"


def _results(folder: Path) -> str:
    held = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    waits = sorted(one["noticed"] for one in held if one["fault"] in _SILENT and one["phase"] in _DEAD)
    day, load = datetime.now(UTC).date().isoformat(), os.getloadavg()[1]
    places = "; ".join(f"{place}: {_held(held, place)}" for place in Where)
    return (
        f"`make faults`, {day}, as the table says: {places}. A board that answers nothing while it was observed "
        f"({len(waits)} cases) was noticed after {statistics.median(waits):.1f} s (median), at most {waits[-1]:.1f} s; "
        f"2 CPUs, load {load:.0f}.{_hung(held)}\n"
    )


def _hung(results: list[dict[str, Any]]) -> str:
    times = max(result["restarts"] for result in results)
    return f" An emulated kernel that did not come back after a fault was powered off and on: {times}." if times else ""


def _held(results: list[dict[str, Any]], place: Where) -> str:
    return f"{sum(result['where'] == place for result in results)} of {cases(place)}"


def write(folder: Path) -> None:
    """Write the table, and the results in that folder, into the page."""
    text = PAGE.read_text(encoding="utf-8")
    begin, middle, end = _MARKS
    before, after = text.partition(begin)[0], text.partition(end)[2]
    PAGE.write_text(f"{before}{begin}{table()}{middle}{_results(folder)}{end}{after}", encoding="utf-8")
