"""The outcomes of heap tests; a known kernel defect decides between warn and fail."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from bringup.allocator.answer import Result
from bringup.facts.board import Facts
from bringup.kernel.history.defects import Defect, DefectState, Judged, defect_shown_by
from bringup.results.verdict import Outcome

__all__ = ["ShownDefect", "outcome_of", "shown_defect"]


@dataclass(frozen=True, slots=True)
class ShownDefect:
    """A defect that a heap test showed, and whether the board's kernel should have it."""

    defect: Defect
    judged: Judged

    @property
    def outcome(self) -> Outcome:
        """FAIL if the kernel's release has the fix: something brought the defect back."""
        return Outcome.FAIL if self.judged.state is DefectState.FIXED else Outcome.WARN


def shown_defect(facts: Facts, result: Result) -> ShownDefect | None:
    """The known defect that a result shows; ``None`` if it shows none.

    The test allocator reports a defect with warn. Older versions reported fail if they believed the kernel was fixed.
    """
    defect = defect_shown_by(result.test)
    if defect is None or result.outcome not in (Outcome.WARN, Outcome.FAIL):
        return None
    if errno.errorcode.get(result.errno) != defect.errno:
        return None
    if facts.version is None:
        return ShownDefect(defect, Judged(DefectState.UNKNOWN, "the kernel's version is not known"))
    return ShownDefect(defect, defect.state_in(facts.version))


def outcome_of(facts: Facts, result: Result) -> Outcome:
    """The outcome of a heap test, as in its verdict."""
    shown = shown_defect(facts, result)
    return result.outcome if shown is None else shown.outcome
