"""What became of a check over time, in one word and one sentence."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path

from bringup.compare.history import BoardHistory, CheckHistory, Observed
from bringup.outcome import Outcome
from bringup.text import pluralize

__all__ = ["MARKS", "State", "by_state", "sentence", "span", "state"]

#: One character per run, as pytest prints them; a space: not asked.
MARKS = {Outcome.PASS: ".", Outcome.WARN: "w", Outcome.FAIL: "F", Outcome.ERROR: "?", Outcome.SKIP: "s", None: " "}


class State(enum.StrEnum):
    """Where a check stands, worst first."""

    FAILS = "fails"
    FLAKY = "flaky"
    UNKNOWN = "unknown"
    FIXED = "fixed"
    CHANGED = "changed"
    STEADY = "steady"


def state(check: CheckHistory) -> State:
    """Where the check stands now. A fail stays one, whether or not it is flaky."""
    if check.newest is Outcome.FAIL:
        return State.FAILS
    if check.flaky:
        return State.FLAKY
    if check.newest is Outcome.ERROR:
        return State.UNKNOWN
    if check.fixed_in is not None:
        return State.FIXED
    return State.STEADY if check.is_steady else State.CHANGED


def by_state(board: BoardHistory) -> list[tuple[State, CheckHistory]]:
    """The board's checks, the worst state first; those that never changed and never failed are left out."""
    order = list(State)
    rows = [(state(check), check) for check in board.checks]
    changed = [row for row in rows if row[0] is not State.STEADY]
    return sorted(changed, key=lambda row: (order.index(row[0]), row[1].id, row[1].heap or ""))


def sentence(check: CheckHistory, runs: Sequence[Observed]) -> str:
    """Since when, and what of."""
    parts = []
    if check.first_bad is not None:
        if check.last_good is None:
            parts.append(f"fails since the first run that asked, {_run(runs[check.first_bad])}")
        else:
            parts.append(f"last good: {_run(runs[check.last_good])}; first bad: {_run(runs[check.first_bad])}")
        if len(check.kernels_between) > 1:
            parts.append(f"kernels between: {', '.join(check.kernels_between)}")
    elif check.fixed_in is not None:
        parts.append(f"good again since {_run(runs[check.fixed_in])}")
    if check.flaky:
        parts.append(f"flaky: {check.flips} of {pluralize(check.repeats, 'repeat')} on one kernel differ")
    return "; ".join(parts)


def _run(run: Observed) -> str:
    return f"{run.started[:16].replace('T', ' ')}, kernel {run.kernel or 'unknown'}, {Path(run.folder).name}"


def span(runs: Sequence[Observed]) -> str:
    """How many runs, from when to when, and the first and the last kernel."""
    days = dict.fromkeys((runs[0].started[:10], runs[-1].started[:10]))
    kernels = dict.fromkeys(run.kernel for run in runs if run.kernel is not None)
    named = " → ".join(dict.fromkeys((next(iter(kernels)), next(reversed(kernels))))) if kernels else "unknown"
    return f"{pluralize(len(runs), 'run')}, {' to '.join(days)}, kernel {named}"
