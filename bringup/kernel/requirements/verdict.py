"""The answer to one requirement, in the shape that every verdict of bringup has."""

from __future__ import annotations

import enum

from msgspec import Struct

from bringup.outcome import Cause, Outcome

__all__ = ["Answer", "Cause", "KconfigVerdict", "Outcome", "Severity"]


class Severity(enum.StrEnum):
    """What it costs when a requirement does not hold."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    INFORMATIVE = "informative"
    FORBIDDEN = "forbidden"


class Answer(enum.StrEnum):
    """What was found. Four of these are easily confused and never are here."""

    HOLDS = "holds"
    SET_WRONG = "set wrong"
    NO_SUCH_SYMBOL = "does not exist in this kernel version"
    UNREADABLE = "config not readable"
    UNPROVEN = "present but unproven"
    VERSION_UNKNOWN = "kernel version not known"
    NOT_ASKED = "not asked of this kernel"


class KconfigVerdict(Struct, frozen=True):
    """One requirement, judged.

    :param evidence: the lines that the answer rests on.
    :param reason: why it was skipped, or why it is not known.
    :param satisfied_by: for a pass, what satisfied it: ``CONFIG_X=y``, a module, a heap node, a kernel parameter.
    :param symbols: the symbols the requirement looks at, without ``CONFIG_``.
    :param heap: the heap that hangs on it, where one does.
    """

    id: str
    title: str
    outcome: Outcome
    answer: Answer
    severity: Severity
    evidence: tuple[str, ...] = ()
    cause: Cause | None = None
    remedy: tuple[str, ...] = ()
    reason: str | None = None
    satisfied_by: str | None = None
    symbols: tuple[str, ...] = ()
    heap: str | None = None

    def to_json(self) -> dict[str, object]:
        """As a JSON object: the common verdict fields, then what only kernel requirements have. Empty ones left out."""
        cause = {"id": self.cause.id, "text": self.cause.text} if self.cause else None
        document: dict[str, object] = {
            "id": self.id,
            "title": self.title,
            "outcome": self.outcome.value,
            "heap": self.heap,
            "evidence": list(self.evidence),
            "cause": cause,
            "remedy": list(self.remedy) or None,
            "reason": self.reason,
            "answer": self.answer.value,
            "severity": self.severity.value,
            "satisfied_by": self.satisfied_by,
            "symbols": list(self.symbols),
        }
        return {key: value for key, value in document.items() if value is not None}
