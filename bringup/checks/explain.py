"""What is known of a check, a kernel requirement, a test or a cause, for a person who was told its id."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from bringup.checks.heaptests import PREFIX, KnownTest, known_test, known_tests
from bringup.checks.known import Cost, KnownCause, known_causes
from bringup.checks.registry import Check, checks
from bringup.checks.verdict import Verdict
from bringup.errors import UsageError
from bringup.kernel.judge import shipped_requirements
from bringup.kernel.requirement import Requirement
from bringup.outcome import Link

__all__ = ["Explanation", "explain", "explain_verdict", "explained"]

_RELEASE = r"\d+(?:\.\d+)*"
_RANGE = re.compile(rf"(?P<first>{_RELEASE})?(?:(?P<dots>\.\.)(?P<last>{_RELEASE})?)?")
#: The cause of a test that warns of a defect: what the test asks tells more than that there is one.
_KNOWN_DEFECT = "kernel.known-defect"
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
    :param does: what a test does on the heap, and ``asked`` of which buffers it is asked.
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
    return tuple(found() for found in _everything().values())


def explain(id: str) -> Explanation:  # noqa: A002 - its name everywhere
    """What that id is. A test is found by its own id, too (``zero.reuse``); a verdict's id that is longer than its
    check's finds that check.

    :raises UsageError: nothing is known under it; the hint names the nearest.
    """
    known = _everything()
    test = known_test(id)
    found = known.get(id) or (known[f"{PREFIX}{test.id}"] if test else None)
    if found is not None:
        return found()
    near = difflib.get_close_matches(id, [*known, *known_tests()], n=3)
    check = known.get(id.partition(".")[0])
    if check is not None and not near:
        return check()
    hint = f"did you mean {' or '.join(near)}?" if near else "bringup explain lists them"
    raise UsageError(f"explain {id!r}", "there is no check, no test and no cause of that id", hint=hint)


def explain_verdict(verdict: Verdict) -> Explanation | None:
    """What is known of a verdict's cause, else of what it asks; ``None`` where nothing is, as of a later version's."""
    test = known_test(verdict.id) if verdict.id.startswith(PREFIX) else None
    if test is not None and (verdict.cause is None or verdict.cause.id == _KNOWN_DEFECT):
        return _test(test)
    known = _everything()
    wanted = (verdict.cause.id if verdict.cause else "", verdict.id, verdict.id.partition(".")[0])
    return next((known[one]() for one in wanted if one in known), None)


@cache
def _everything() -> dict[str, Callable[[], Explanation]]:
    """What can be explained, by id. Where a check's verdict and a cause have one id, the cause is meant."""
    known: dict[str, Callable[[], Explanation]] = {one.id: partial(_check, one) for one in checks()}
    known |= {f"kconfig.{one.id}": partial(_requirement, one) for one in shipped_requirements()}
    known |= {f"{PREFIX}{one.id}": partial(_test, one) for one in known_tests().values()}
    return known | {one.id: partial(_cause, one) for one in known_causes().values()}


def _check(one: Check) -> Explanation:
    return Explanation(one.id, "check", one.title, one.why, _kernels(one.since), one.source)


def _requirement(one: Requirement) -> Explanation:
    source = "; ".join(one.sources)
    return Explanation(f"kconfig.{one.id}", "check", one.title, one.why, _kernels(str(one.kernel)), source)


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
        one.id, "cause", one.text, one.why, since, one.source, one.shows, _COSTS[one.cost], one.seen_before
    )


def _kernels(text: str) -> str:
    """A range of releases in words; what is words already stays."""
    found = _RANGE.fullmatch(text)
    if found is None or not text:
        return text
    first, last = found["first"], found["last"]
    if found["dots"] is None:
        return f"{first} and later"
    return (
        f"{first} to {last}"
        if first and last
        else f"{first} and later"
        if first
        else f"up to {last}"
        if last
        else "any"
    )
