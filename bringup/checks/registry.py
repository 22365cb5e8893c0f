"""The checks, and what they make verdicts with. A new check is one new file in ``suite/`` and no edit elsewhere."""

from __future__ import annotations

import enum
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypedDict, Unpack

from bringup.causes.known import with_links
from bringup.results.verdict import Cause, Change, Diagnosis, Outcome, Verdict

if TYPE_CHECKING:
    from bringup.facts.board import Facts

__all__ = ["Check", "Question", "Role", "Why", "check", "checks", "checks_for", "registered"]

Judge = Callable[["Question", "Facts"], Iterable[Verdict]]


class Role(enum.StrEnum):
    """What other rooms ask some checks for."""

    HEAP_TESTS = "heap tests"
    ION_COMPARISON = "ION comparison"
    OBSERVATION = "observation"


class Why(TypedDict, total=False):
    """What :meth:`Question.failed` and :meth:`Question.warned` take besides the evidence: see :class:`Diagnosis`."""

    cause: Cause | None
    remedy: Iterable[str]
    changes: Iterable[Change]


def _diagnosis(cause: Cause | None = None, remedy: Iterable[str] = (), changes: Iterable[Change] = ()) -> Diagnosis:
    return Diagnosis(cause, (), tuple(remedy), tuple(changes))


@dataclass(frozen=True, slots=True)
class Question:
    """What a check asks, perhaps about one heap. It makes the verdicts, so that each has the check's id and title."""

    id: str
    title: str
    heap: str | None = None

    def of(self, heap: str | None) -> Question:
        """The same question about one heap; ``None``: about none."""
        return Question(self.id, self.title, heap)

    def passed(self, *evidence: str) -> Verdict:
        """The board is right, as the evidence shows."""
        return Verdict(self.id, self.title, Outcome.PASS, self.heap, evidence)

    def failed(self, *evidence: str, **why: Unpack[Why]) -> Verdict:
        """The board is wrong."""
        return self.because(Outcome.FAIL, _diagnosis(**why), *evidence)

    def warned(self, *evidence: str, **why: Unpack[Why]) -> Verdict:
        """The board works, but there is something to know."""
        return self.because(Outcome.WARN, _diagnosis(**why), *evidence)

    def because(self, outcome: Outcome, why: Diagnosis, *evidence: str) -> Verdict:
        """A verdict with this outcome and diagnosis, whose own evidence comes after ``evidence``."""
        all_evidence = tuple(dict.fromkeys((*evidence, *why.evidence)))
        return Verdict(
            self.id, self.title, outcome, self.heap, all_evidence, why.cause, why.alternatives, why.remedy, why.changes
        )

    def skipped(self, reason: str) -> Verdict:
        """The question does not apply here."""
        return Verdict(self.id, self.title, Outcome.SKIP, self.heap, reason=reason)

    def unknown(self, reason: str, *evidence: str, remedy: Iterable[str] = ()) -> Verdict:
        """We could not find out."""
        return Verdict(self.id, self.title, Outcome.ERROR, self.heap, evidence, remedy=tuple(remedy), reason=reason)


@dataclass(frozen=True, slots=True)
class Check:
    """One question about a record.

    :param title: a statement that holds on a healthy board.
    :param asks: what the check looks at, and when it fails.
    :param why: why it matters, for a person whose board failed it.
    :param source: where the rule comes from.
    :param judge: a pure function of the facts.
    :param since: kernel releases that the check is for.
    :param role: the purpose for which it also runs alone.
    """

    id: str
    title: str
    asks: str
    why: str
    source: str
    judge: Judge
    since: str = "5.6"
    role: Role | None = None

    def ask(self, facts: Facts) -> Iterator[Verdict]:
        """Its verdicts on these facts, each cause with links to where it was seen before."""
        yield from map(with_links, self.judge(Question(self.id, self.title), facts))


_CHECKS: dict[str, Check] = {}


def check(
    id: str,  # noqa: A002 - its name everywhere
    title: str,
    *,
    asks: str,
    why: str,
    source: str,
    since: str = "5.6",
    role: Role | None = None,
) -> Callable[[Judge], Judge]:
    """Register a check; for the parameters see :class:`Check`.

    :raises ValueError: the id is taken.
    """

    def register(judge: Judge) -> Judge:
        if id in _CHECKS:
            raise ValueError(f"two checks are called {id}")
        _CHECKS[id] = Check(id, title, asks, why, source, judge, since, role)
        return judge

    return register


@cache
def checks() -> tuple[Check, ...]:
    """Every check, ordered by file name, then as in the file."""
    import bringup.checks.suite as suite

    for module in sorted(pkgutil.iter_modules(suite.__path__), key=lambda module: module.name):
        importlib.import_module(f"{suite.__name__}.{module.name}")
    return tuple(_CHECKS.values())


def registered() -> tuple[Check, ...]:
    """Every check that was registered until now: the suite's, and in a plug-in's process its own."""
    return tuple(_CHECKS.values())


def checks_for(role: Role) -> tuple[Check, ...]:
    """The checks with that role."""
    return tuple(check for check in checks() if check.role is role)
