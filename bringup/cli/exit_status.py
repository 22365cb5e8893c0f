"""The exit status of every command that judges: it follows from an outcome, in one way."""

from __future__ import annotations

from bringup.errors import ExitCode
from bringup.outcome import Outcome

__all__ = ["exit_status"]


def exit_status(outcome: Outcome) -> int:
    """0 all passed (a warning is a pass), 1 a check failed, 3 something is unknown, or nothing was judged."""
    if outcome in (Outcome.PASS, Outcome.WARN):
        return int(ExitCode.PASSED)
    return int(ExitCode.FAILED if outcome is Outcome.FAIL else ExitCode.INFRASTRUCTURE)
