"""A verdict: the answer to one question about a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bringup.outcome import Cause, Link, Outcome

__all__ = ["Alternative", "Cause", "Change", "Diagnosis", "Link", "Outcome", "Verdict", "file_by_file", "worst"]


_BY_WEIGHT = (Outcome.SKIP, Outcome.PASS, Outcome.WARN, Outcome.ERROR, Outcome.FAIL)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome that speaks for all of them: fail, then error, then warn, then pass.

    Where nothing passed and nothing is wrong, nothing was judged, and that is an ``ERROR``.
    """
    top = max(outcomes, key=_BY_WEIGHT.index, default=Outcome.SKIP)
    return Outcome.ERROR if top is Outcome.SKIP else top


@dataclass(frozen=True, slots=True)
class Change:
    """Whole lines for one file of the board's kernel or image.

    :param file: what kind of file it is, as its path below the folder of all changes: ``kconfig.fragment``.
    """

    file: str
    lines: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"file": self.file, "lines": list(self.lines)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Change:
        """The reverse of :meth:`to_json`."""
        return cls(str(data["file"]), tuple(map(str, data["lines"])))


def file_by_file(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The same lines with one change a file, in the order of the first of each; no line stands in a file twice."""
    files: dict[str, dict[str, None]] = {}
    for one in changes:
        files.setdefault(one.file, {}).update(dict.fromkeys(one.lines))
    return tuple(Change(file, tuple(lines)) for file, lines in files.items())


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another cause that fits what was seen, less likely than the verdict's own.

    :param told_apart_by: what would tell which of them it is.
    """

    cause: Cause
    told_apart_by: str
    remedy: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The published shape; absent fields are left out."""
        out: dict[str, Any] = {"cause": _cause_to_json(self.cause), "told_apart_by": self.told_apart_by}
        return out | ({"remedy": list(self.remedy)} if self.remedy else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Alternative:
        """The reverse of :meth:`to_json`."""
        remedy = tuple(map(str, data.get("remedy", ())))
        return cls(_cause_from_json(data["cause"]), str(data["told_apart_by"]), remedy)


def _cause_to_json(cause: Cause) -> dict[str, Any]:
    out: dict[str, Any] = {"id": cause.id, "text": cause.text}
    if cause.seen_before:
        out["seen_before"] = [{"url": link.url, "title": link.title} for link in cause.seen_before]
    return out


def _cause_from_json(data: Mapping[str, Any]) -> Cause:
    links = (Link(str(one["url"]), str(one["title"])) for one in data.get("seen_before", ()))
    return Cause(str(data["id"]), str(data["text"]), tuple(links))


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why something is as it is.

    :param cause: ``None`` where nothing observed tells.
    :param evidence: what was seen, step by step on the way to the cause.
    :param remedy: what to do in words.
    :param changes: the lines that mend it.
    :param alternatives: other causes that fit as well, the likelier first.
    """

    cause: Cause | None = None
    evidence: tuple[str, ...] = ()
    remedy: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question.

    :param id: the check's id, stable.
    :param title: what was asked, as a statement that holds on a healthy board.
    :param heap: the heap asked about, where the question is about one.
    :param evidence: what was seen, one fact an item.
    :param remedy: what to do in words, one step an item.
    :param reason: why the question was skipped or could not be answered.
    :param changes: the lines that mend it, each where it belongs.
    :param alternatives: other causes that fit what was seen, the likelier first.
    """

    id: str
    title: str
    outcome: Outcome
    heap: str | None = None
    evidence: tuple[str, ...] = ()
    cause: Cause | None = None
    remedy: tuple[str, ...] = ()
    reason: str | None = None
    changes: tuple[Change, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    @property
    def advice(self) -> tuple[str, ...]:
        """Remedy and changes as one block of text lines."""
        return (*self.remedy, *(line for one in self.changes for line in (f"{one.file}:", *one.lines)))

    def to_json(self) -> dict[str, Any]:
        """The published shape; absent fields are left out."""
        out: dict[str, Any] = {"id": self.id, "title": self.title, "outcome": self.outcome.value}
        if self.heap is not None:
            out["heap"] = self.heap
        out["evidence"] = list(self.evidence)
        if self.cause is not None:
            out["cause"] = _cause_to_json(self.cause)
        if self.alternatives:
            out["alternatives"] = [one.to_json() for one in self.alternatives]
        if self.remedy:
            out["remedy"] = list(self.remedy)
        if self.changes:
            out["changes"] = [one.to_json() for one in self.changes]
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
            cause=_cause_from_json(cause) if cause else None,
            remedy=tuple(map(str, data.get("remedy", ()))),
            reason=data.get("reason"),
            changes=tuple(map(Change.from_json, data.get("changes", ()))),
            alternatives=tuple(map(Alternative.from_json, data.get("alternatives", ()))),
        )
