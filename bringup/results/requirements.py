"""The kernel's requirements as a report shows them: what was asked of the configuration, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bringup.kernel.requirements.verdict import KconfigVerdict
from bringup.outcome import Outcome

__all__ = ["RequirementFacts"]


@dataclass(frozen=True, slots=True)
class RequirementFacts:
    """One requirement and its answer.

    :param severity: ``required``, ``recommended``, ``informative`` or ``forbidden``.
    :param answer: what was found, in a word or two: ``holds``, ``set wrong``, ``config not readable``, …
    :param found: what the answer rests on: a line of the configuration, a module, a node.
    :param symbols: the symbols it looks at, without ``CONFIG_``.
    """

    id: str
    title: str
    severity: str
    outcome: Outcome
    answer: str
    found: str = ""
    symbols: tuple[str, ...] = ()

    @classmethod
    def of(cls, one: KconfigVerdict) -> RequirementFacts:
        """As a report shows it."""
        found = one.satisfied_by or next(iter(one.evidence), one.reason or "")
        return cls(one.id, one.title, one.severity.value, one.outcome, one.answer.value, found, one.symbols)

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return own | {"outcome": self.outcome.value, "symbols": list(self.symbols)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RequirementFacts:
        """The reverse of :meth:`to_json`."""
        texts = {name: str(data[name]) for name in ("id", "title", "severity", "answer", "found")}
        return cls(outcome=Outcome(data["outcome"]), symbols=tuple(map(str, data.get("symbols", ()))), **texts)
