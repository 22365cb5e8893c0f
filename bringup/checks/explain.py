"""What is known of a check, of a kernel requirement or of a cause, for a person who was told its id."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from bringup.checks.known import Cost, KnownCause, known_cause, known_causes
from bringup.checks.registry import Check, checks
from bringup.errors import UsageError
from bringup.kernel.judge import shipped_requirements
from bringup.kernel.requirement import Requirement
from bringup.outcome import Link

__all__ = ["Explanation", "explain", "explained"]

_COSTS = {
    Cost.NO_HEAP: "a heap is not there, or nobody can allocate from it",
    Cost.FAILS: "some allocation or some user fails now",
    Cost.LATER: "it works now, and fails under load, on a larger board, after the next boot or on the next kernel",
    Cost.UNSEEN: "nothing fails: something is slow, cannot be seen, is not known, or is left over",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One check, requirement or cause.

    :param kind: ``check`` or ``cause``; a kernel requirement is a check.
    :param title: what holds on a healthy board, or what the cause is.
    :param shows: by what it is recognised; empty for a check.
    :param cost: what a cause costs; empty for a check.
    :param since: kernel releases that are asked, or that can have it.
    """

    id: str
    kind: str
    title: str
    why: str
    since: str
    source: str
    shows: str = ""
    cost: str = ""
    seen_before: tuple[Link, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        links = [{"url": link.url, "title": link.title} for link in self.seen_before]
        plain = ("id", "kind", "title", "why", "since", "source", "shows", "cost")
        return {name: getattr(self, name) for name in plain} | {"seen_before": links}


def explained() -> tuple[Explanation, ...]:
    """Every check and every cause; kernel requirements are told one by one by :func:`explain`."""
    return (*map(_check, checks()), *map(_cause, known_causes().values()))


def explain(id: str) -> Explanation:  # noqa: A002 - its name everywhere
    """What that id is. A verdict's id finds its requirement (``kconfig.cma.dma``) or its check (``allocator.open``).

    :raises UsageError: nothing is known under it; the hint names the nearest.
    """
    known = {one.id: one for one in checks()}
    if id in known:
        return _check(known[id])
    cause = known_cause(id)
    if cause is not None:
        return _cause(cause)
    requirements = {f"kconfig.{one.id}": one for one in shipped_requirements()}
    if id in requirements:
        return _requirement(requirements[id])
    if id.partition(".")[0] in known:
        return _check(known[id.partition(".")[0]])
    near = difflib.get_close_matches(id, [*known, *known_causes(), *requirements], n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "bringup explain lists them"
    raise UsageError(f"explain {id!r}", "there is no check and no cause of that id", hint=hint)


def _check(one: Check) -> Explanation:
    return Explanation(one.id, "check", one.title, one.why, one.since, one.source)


def _requirement(one: Requirement) -> Explanation:
    source = "; ".join(one.sources)
    return Explanation(f"kconfig.{one.id}", "check", one.title, one.why, _kernels(str(one.kernel)), source)


def _cause(one: KnownCause) -> Explanation:
    since = _kernels(one.since)
    return Explanation(
        one.id, "cause", one.text, one.why, since, one.source, one.shows, _COSTS[one.cost], one.seen_before
    )


def _kernels(text: str) -> str:
    return "any" if text == ".." else text
