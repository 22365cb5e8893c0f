"""A verdict: the answer to one question about a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bringup.outcome import Cause, Outcome

__all__ = ["Cause", "Outcome", "Verdict", "worst"]


_BY_WEIGHT = (Outcome.SKIP, Outcome.PASS, Outcome.WARN, Outcome.ERROR, Outcome.FAIL)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome that speaks for all of them: fail, then error, then warn, then pass.

    Where nothing passed and nothing is wrong, nothing was judged, and that is an ``ERROR``.
    """
    top = max(outcomes, key=_BY_WEIGHT.index, default=Outcome.SKIP)
    return Outcome.ERROR if top is Outcome.SKIP else top


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question.

    :param id: the check's id, stable.
    :param title: what was asked, as a statement that holds on a healthy board.
    :param heap: the heap asked about, where the question is about one.
    :param evidence: what was seen, one fact an item.
    :param remedy: what to do, one step or one line of a file an item.
    :param reason: why the question was skipped or could not be answered.
    """

    id: str
    title: str
    outcome: Outcome
    heap: str | None = None
    evidence: tuple[str, ...] = ()
    cause: Cause | None = None
    remedy: tuple[str, ...] = ()
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The published shape; absent fields are left out."""
        out: dict[str, Any] = {"id": self.id, "title": self.title, "outcome": self.outcome.value}
        if self.heap is not None:
            out["heap"] = self.heap
        out["evidence"] = list(self.evidence)
        if self.cause is not None:
            out["cause"] = {"id": self.cause.id, "text": self.cause.text}
        if self.remedy:
            out["remedy"] = list(self.remedy)
        if self.reason is not None:
            out["reason"] = self.reason
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Read the published shape; fields added by later versions are ignored.

        :raises KeyError, ValueError, TypeError: it is not that shape.
        """
        cause = data.get("cause")
        return cls(
            id=str(data["id"]),
            title=str(data["title"]),
            outcome=Outcome(data["outcome"]),
            heap=data.get("heap"),
            evidence=tuple(map(str, data.get("evidence", ()))),
            cause=Cause(str(cause["id"]), str(cause["text"])) if cause else None,
            remedy=tuple(map(str, data.get("remedy", ()))),
            reason=data.get("reason"),
        )
