"""What is known of a check, a kernel requirement, a test or a cause, for a person who was told its id."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from bringup.causes.known import Cost, KnownCause, known_causes
from bringup.checks.heaptests import PREFIX, KnownTest, known_test, known_tests
from bringup.checks.registry import Check, checks
from bringup.errors import UsageError
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.outcome import Link
from bringup.results.verdict import Verdict

__all__ = ["Explanation", "explain", "explain_verdict", "explained"]

_RELEASE = r"\d+(?:\.\d+)*"
_RANGE = re.compile(rf"(?P<first>{_RELEASE})?(?:\.\.(?P<last>{_RELEASE})?)?")
#: Causes that tell less than what was asked.
_SAYS_LESS = frozenset({"kernel.known-defect", "kconfig.set-wrong"})
_COSTS = {
    Cost.NO_HEAP: "a heap is not there, or nobody can allocate from it",
    Cost.FAILS: "some allocation or some user fails now",
    Cost.LATER: "it works now, and fails under load, on a larger board, after the next boot or on the next kernel",
    Cost.UNSEEN: "nothing fails: something is slow, cannot be seen, is not known, or is left over",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One check, requirement, test or cause.

    :param kind: ``check``, ``test`` or ``cause``; a kernel requirement is a check.
    :param title: what holds on a healthy board, or what the cause is.
    :param since: kernel releases that are asked, or that can have it.
    :param shows: by what a cause is recognised, and ``cost`` what it costs.
    :param does: what a check looks at, or what a test does on the heap.
    :param asked: of which buffers a test is asked.
    :param skipped: for what reasons a test is skipped.
    :param defects: defects of kernels that show in a test.
    :param look: where to look first when a test fails; may be empty.
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
    does: str = ""
    asked: str = ""
    skipped: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    look: str = ""

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        links = [{"url": link.url, "title": link.title} for link in self.seen_before]
        plain = ("id", "kind", "title", "why", "since", "source", "shows", "cost", "does", "asked", "look")
        lists = {"skipped": list(self.skipped), "defects": list(self.defects), "seen_before": links}
        return {name: getattr(self, name) for name in plain} | lists


def explained() -> tuple[Explanation, ...]:
    """Every check, every kernel requirement, every test and every cause."""
    return tuple(found() for _, found in _everything())


def explain(id: str) -> tuple[Explanation, ...]:  # noqa: A002 - its name everywhere
    """What that id is: one thing, or a check and the cause that is called as it. A test is found by its own id, too
    (``zero.reuse``); a verdict's id that is longer than its check's finds that check.

    :raises UsageError: nothing is known under it; the hint names the nearest.
    """
    test = known_test(id)
    known = [name for name, _ in _everything()]
    found = _under(id) or (_under(f"{PREFIX}{test.id}") if test else ())
    if found:
        return found
    near = difflib.get_close_matches(id, [*known, *known_tests()], n=3)
    check = _under(id.partition(".")[0])
    if check and not near:
        return check
    hint = f"did you mean {' or '.join(near)}?" if near else "bringup explain lists them"
    raise UsageError(f"explain {id!r}", "there is no check, no test and no cause of that id", hint=hint)


def explain_verdict(verdict: Verdict) -> Explanation | None:
    """What is known of a verdict's cause, else of what it asks; ``None`` where nothing is, as of a later version's."""
    cause = known_causes().get(verdict.cause.id) if verdict.cause else None
    if cause is not None and cause.id not in _SAYS_LESS:
        return _cause(cause)
    asked = (one for name in (verdict.id, verdict.id.partition(".")[0]) for one in _under(name))
    return next((one for one in asked if one.kind != "cause"), None)


def _under(id: str) -> tuple[Explanation, ...]:  # noqa: A002
    return tuple(found() for name, found in _everything() if name == id)


@cache
def _everything() -> tuple[tuple[str, Callable[[], Explanation]], ...]:
    """What can be explained, with its id."""
    return (
        *((one.id, partial(_check, one)) for one in checks()),
        *((f"kconfig.{one.id}", partial(_requirement, one)) for one in shipped_requirements()),
        *((f"{PREFIX}{one.id}", partial(_test, one)) for one in known_tests().values()),
        *((one.id, partial(_cause, one)) for one in known_causes().values()),
    )


def _check(one: Check) -> Explanation:
    return Explanation(one.id, "check", one.title, one.why, _kernels(one.since), one.source, does=one.asks)


def _requirement(one: Requirement) -> Explanation:
    found = [f"Looks for {one.need} in the kernel's configuration."]
    if one.when is not None:
        found.append(f"Only where {one.when}.")
    if one.flavours:
        found.append(f"Only of kernels that are {' or '.join(sorted(one.flavours))}.")
    if one.user_build_only:
        found.append("Only of user builds.")
    if one.proofs:
        found.append(f"Satisfied too by {' or '.join(f'{proof.kind.value} {proof.pattern}' for proof in one.proofs)}.")
    return Explanation(
        f"kconfig.{one.id}",
        "check",
        one.title,
        one.why,
        _kernels(str(one.kernel)),
        "; ".join(one.sources),
        does=" ".join(found),
        look="; ".join((*one.remedy, f"bringup kconfig explain {one.id}")),
    )


def _test(one: KnownTest) -> Explanation:
    return Explanation(
        f"{PREFIX}{one.id}",
        "test",
        one.asserts,
        one.why,
        _kernels(one.since),
        one.source,
        does=one.does,
        asked=one.asked.value,
        skipped=one.skipped,
        defects=one.defects,
        look=one.look,
    )


def _cause(one: KnownCause) -> Explanation:
    since = _kernels(one.since)
    return Explanation(
        one.id, "cause", one.text, one.why, since, one.source, one.shown_by, _COSTS[one.cost], one.seen_before
    )


def _kernels(text: str) -> str:
    """A range of releases in words; what is words already stays."""
    found = _RANGE.fullmatch(text)
    if found is None or not text:
        return text
    first, last = found["first"], found["last"]
    if first and last:
        return f"{first} to {last}"
    if last:
        return f"up to {last}"
    return f"{first} and later" if first else "any"
