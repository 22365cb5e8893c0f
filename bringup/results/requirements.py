"""The kernel's requirements as a report shows them: what was asked of the configuration, and what was found."""

from __future__ import annotations

import msgspec

from bringup.kernel.requirements.verdict import KconfigVerdict
from bringup.outcome import Outcome

__all__ = ["RequirementFacts"]


class RequirementFacts(msgspec.Struct, frozen=True):
    """One requirement of the kernel's configuration, and its answer.

    :param id: 'bringup kconfig explain ID' describes it; its verdict is kconfig.ID.
    :param severity: required, recommended, informative or forbidden.
    :param answer: What was found, in a word or two: holds, set wrong, config not readable, …
    :param found: The evidence: a line of the configuration, a module, a node.
    :param symbols: The symbols it looks at, without CONFIG_.
    """

    id: str
    title: str
    severity: str
    outcome: Outcome
    answer: str
    found: str = ""
    symbols: tuple[str, ...] = ()

    @classmethod
    def of(cls, verdict: KconfigVerdict) -> RequirementFacts:
        """As a report shows it."""
        found = verdict.satisfied_by or next(iter(verdict.evidence), verdict.reason or "")
        return cls(
            verdict.id,
            verdict.title,
            verdict.severity.value,
            verdict.outcome,
            verdict.answer.value,
            found,
            verdict.symbols,
        )
