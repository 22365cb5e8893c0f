"""The kernel's requirements as the page lists them: what was found, and what it means on this board."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bringup.outcome import Outcome
from bringup.report.story import WORST_FIRST
from bringup.results.requirements import RequirementFacts
from bringup.results.run import BoardRun

__all__ = ["RequirementRow", "RequirementsView", "requirements_view"]


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """A requirement.

    :param outcome: the check's, which knows the board: what no heap of it needs is no warning.
    :param reason: why the check says something else than the configuration alone.
    """

    requirement: RequirementFacts
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RequirementsView:
    """All of them, the worst first."""

    rows: tuple[RequirementRow, ...]

    @property
    def counts(self) -> str:
        """How many have which outcome: ``2 fail, 30 pass``."""
        counts = Counter(row.outcome for row in self.rows)
        return ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in WORST_FIRST if counts[outcome])


def requirements_view(board: BoardRun) -> RequirementsView:
    """The requirements of a board, each with its check's outcome where that was asked."""
    verdicts = {verdict.id: verdict for verdict in board.verdicts}
    rows = []
    for requirement in board.requirements:
        verdict = verdicts.get(f"kconfig.{requirement.id}")
        if verdict is None or verdict.outcome is requirement.outcome:
            rows.append(RequirementRow(requirement, requirement.outcome))
        else:
            rows.append(RequirementRow(requirement, verdict.outcome, verdict.reason or ""))
    return RequirementsView(tuple(sorted(rows, key=lambda row: WORST_FIRST.index(row.outcome))))
