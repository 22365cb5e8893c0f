"""The exit status of a command that judges: what counts as failed, and the status for ``git bisect run``."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING

from bringup.cli.console import debugging, print_error
from bringup.errors import BringupError, ExitCode

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison
    from bringup.results.run import Run

__all__ = ["CANNOT_JUDGE", "FailOn", "for_bisect", "nothing_in_common", "status_of"]

#: ``git bisect run`` skips this commit. It takes any other status up to 127 as a verdict on the commit.
CANNOT_JUDGE = 125


class FailOn(enum.StrEnum):
    """What makes the exit status 1."""

    FAIL = "fail"
    REGRESSION = "regression"


def for_bisect(command: Callable[[], int]) -> int:
    """Run a command for ``git bisect run``: 0 and 1 stay; every other status, and every error, becomes 125."""
    try:
        code = command()
    except BringupError as error:
        if debugging():
            raise
        print_error(error)
        return CANNOT_JUDGE
    return code if code in (ExitCode.PASSED, ExitCode.FAILED) else CANNOT_JUDGE


def status_of(run: Run, comparison: Comparison | None, fail_on: FailOn) -> int:
    """The exit status of a run.

    Where only regressions count, the status is 3 if something that was known before is unknown now, or if the run has
    no board in common with its baseline: then nothing was compared.
    """
    if comparison is None or fail_on is FailOn.FAIL:
        return int(run.exit_code)
    if comparison.regressed:
        return int(ExitCode.FAILED)
    unknown = comparison.undecided or nothing_in_common(comparison, run)
    return int(ExitCode.INFRASTRUCTURE if unknown else ExitCode.PASSED)


def nothing_in_common(comparison: Comparison, after: Run) -> bool:
    """Whether no board of the second run was compared with one of the first."""
    return len(comparison.only_after) == len(after.boards)
