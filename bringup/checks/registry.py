"""Checks and where they are kept. A new check is one new file in this folder and no edit elsewhere."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypedDict, Unpack

from bringup.causes.known import with_links
from bringup.errors import UsageError
from bringup.results.verdict import Cause, Change, Diagnosis, Outcome, Verdict

if TYPE_CHECKING:
    from bringup.facts.board import Facts

__all__ = ["Check", "Question", "Why", "check", "checks", "find_check"]

Judge = Callable[["Question", "Facts"], Iterable[Verdict]]


class Why(TypedDict, total=False):
    """What :meth:`Question.failed` and :meth:`Question.warned` take beside the evidence: see :class:`Diagnosis`."""

    cause: Cause | None
    remedy: Iterable[str]
    changes: Iterable[Change]


def _diagnosis(cause: Cause | None = None, remedy: Iterable[str] = (), changes: Iterable[Change] = ()) -> Diagnosis:
    return Diagnosis(cause, (), tuple(remedy), tuple(changes))


@dataclass(frozen=True, slots=True)
class Question:
    """One check being asked, perhaps of one heap: makes its verdicts, so that each carries the check's id and title."""

    id: str
    title: str
    heap: str | None = None

    def of(self, heap: str) -> Question:
        """The same question of one heap."""
        return Question(self.id, self.title, heap)

    def passed(self, *evidence: str) -> Verdict:
        """The board is right, and this shows it."""
        return Verdict(self.id, self.title, Outcome.PASS, self.heap, evidence)

    def failed(self, *evidence: str, **why: Unpack[Why]) -> Verdict:
        """The board is wrong."""
        return self.because(Outcome.FAIL, _diagnosis(**why), *evidence)

    def warned(self, *evidence: str, **why: Unpack[Why]) -> Verdict:
        """It works, and something should be known."""
        return self.because(Outcome.WARN, _diagnosis(**why), *evidence)

    def because(self, outcome: Outcome, why: Diagnosis, *evidence: str) -> Verdict:
        """That outcome, for that reason; what was seen on the way to it stands behind the evidence given here."""
        seen = tuple(dict.fromkeys((*evidence, *why.evidence)))
        return Verdict(
            self.id, self.title, outcome, self.heap, seen, why.cause, why.alternatives, why.remedy, why.changes
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
    :param asks: what is looked at, and when it is not well.
    :param why: why it is asked, for a person whose board failed it.
    :param source: where the rule comes from.
    :param judge: a pure function of the facts.
    :param since: kernel releases of which it is asked.
    """

    id: str
    title: str
    asks: str
    why: str
    source: str
    judge: Judge
    since: str = "5.6"

    def ask(self, facts: Facts) -> Iterator[Verdict]:
        """Its verdicts on these facts, each cause with what is known of it."""
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
) -> Callable[[Judge], Judge]:
    """Register a check; :class:`Check` tells what it is made of.

    :raises ValueError: the id is taken.
    """

    def register(judge: Judge) -> Judge:
        if id in _CHECKS:
            raise ValueError(f"two checks are called {id}")
        _CHECKS[id] = Check(id, title, asks, why, source, judge, since)
        return judge

    return register


@cache
def checks() -> tuple[Check, ...]:
    """Every check, in the order of their files' names and, in a file, as they stand."""
    import bringup.checks.suite as suite

    for module in sorted(pkgutil.iter_modules(suite.__path__), key=lambda one: one.name):
        importlib.import_module(f"{suite.__name__}.{module.name}")
    return tuple(_CHECKS.values())


def find_check(id: str) -> Check:  # noqa: A002
    """The check of that id; a verdict's longer id (``kconfig.cma``, ``allocator.open``) finds the check it is from.

    :raises UsageError: there is none.
    """
    known = {one.id: one for one in checks()}
    found = known.get(id) or known.get(id.split(".", 1)[0])
    if found is None:
        near = difflib.get_close_matches(id, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "bringup explain lists them"
        raise UsageError("explain a check", f"there is no check {id!r}", hint=hint)
    return found
