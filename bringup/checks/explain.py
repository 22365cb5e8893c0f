"""What is known of a check, a kernel requirement, a heap test or a cause, for a person who was given its id."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import cache, partial

import msgspec

from bringup.causes.known import Cost, KnownCause, known_causes
from bringup.checks.heaptests import PREFIX, HeapTestNotes, heap_test, heap_test_notes
from bringup.checks.own import OWN
from bringup.checks.own.expectations import EXPECTATIONS, expected
from bringup.checks.own.plugins import PluginCheck, plugin_checks
from bringup.checks.registry import Check, checks
from bringup.config.expectation import Expectation
from bringup.config.shipped import config_dirs, find_config, list_configs
from bringup.errors import BringupError, UsageError
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.outcome import Link
from bringup.results.verdict import Verdict
from bringup.scan.description import describe
from bringup.scan.rule import Rule
from bringup.scan.rules import RULES
from bringup.text import did_you_mean

__all__ = ["Explanation", "Explanations", "explain", "explain_verdict", "explained"]

_RELEASE = r"\d+(?:\.\d+)*"
_RANGE = re.compile(rf"(?P<first>{_RELEASE})?(?:\.\.(?P<last>{_RELEASE})?)?")
#: Causes whose explanation says less than that of the check.
_SAYS_LESS = frozenset({"kernel.known-defect", "kernel.defect-returned", "kconfig.set-wrong"})
_COSTS = {
    Cost.NO_HEAP: "a heap is not there, or nobody can allocate from it",
    Cost.FAILS: "some allocation or some user fails now",
    Cost.LATER: "it works now, and fails under load, on a larger board, after the next boot or on the next kernel",
    Cost.UNSEEN: "nothing fails: something is slow, cannot be seen, is not known, or is left over",
}


class Explanation(msgspec.Struct, frozen=True):
    """One check, requirement, heap test, cause, or rule of ``bringup scan``.

    :param kind: ``check``, ``test``, ``cause`` or ``use``; a kernel requirement is a check, a rule of a scan is a use.
    :param title: What holds on a healthy board, what the cause is, or what the rule finds.
    :param since: Kernel releases that it is for, or that can have it.
    :param shows: What in a record shows a cause, and ``cost``: what it costs.
    :param does: What a check looks at, or what a heap test does.
    :param asked: The buffers that a heap test is for.
    :param skipped: The reasons for which a heap test is skipped.
    :param defects: Defects of kernels that a heap test shows.
    :param look: Where to look first when a check or a heap test fails; may be empty.
    :param origin: The package and entry point of a plug-in's check, or the board configs that expect something;
        empty: it is bringup's own.
    :param fix: What to do about a cause, where that does not depend on the board.
    """

    id: str
    kind: str
    title: str
    why: str
    since: str
    source: str
    shows: str = ""
    cost: str = ""
    does: str = ""
    asked: str = ""
    look: str = ""
    skipped: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    seen_before: tuple[Link, ...] = ()
    origin: str = ""


class Explanations(msgspec.Struct, frozen=True, tag_field="schema", tag="bringup.explain/1"):
    """The document that ``bringup explain --json`` prints."""

    explained: tuple[Explanation, ...]


def explained() -> tuple[Explanation, ...]:
    """Every check, every kernel requirement, every heap test, every cause and every rule of a scan."""
    return tuple(make() for _, make in _everything())


def explain(id: str) -> tuple[Explanation, ...]:  # noqa: A002 - its name everywhere
    """What that id is: one thing, or a check and the cause of the same id.

    A heap test is found by its own id, too (``zero.reuse``). A verdict's id that is longer than its check's finds the
    check.

    :raises UsageError: nothing has this id; the hint names the nearest.
    """
    test = heap_test(id)
    known = [name for name, _ in _everything()]
    matches = _under(id) or (_under(f"{PREFIX}{test.id}") if test else ()) or _expectations(id)
    if matches:
        return matches
    hint = did_you_mean(id, [*known, *heap_test_notes()], "")
    check = _under(id.partition(".")[0])
    if check and (not hint or check[0].id in {own.id for own in OWN}):  # whose verdicts' ids are the user's words
        return check
    hint = hint or "bringup explain lists them"
    raise UsageError(f"explain {id!r}", "there is no check, test, cause or rule of that id", hint=hint)


def explain_verdict(verdict: Verdict) -> Explanation | None:
    """What is known of a verdict's cause, else of its check; ``None`` where nothing is, as of a later version's."""
    cause = known_causes().get(verdict.cause.id) if verdict.cause else None
    if cause is not None and cause.id not in _SAYS_LESS:
        return _cause(cause)
    checked = (explanation for id_ in (verdict.id, verdict.id.partition(".")[0]) for explanation in _under(id_))
    return next((explanation for explanation in checked if explanation.kind != "cause"), None)


def _under(id: str) -> tuple[Explanation, ...]:  # noqa: A002
    return tuple(make() for name, make in _everything() if name == id)


@cache
def _everything() -> tuple[tuple[str, Callable[[], Explanation]], ...]:
    """What can be explained, with its id."""
    return (
        *((check.id, partial(_check, check)) for check in (*checks(), *OWN)),
        *((check.id, partial(_plugin_check, check)) for check in plugin_checks()),
        *((f"kconfig.{entry.id}", partial(_requirement, entry)) for entry in shipped_requirements()),
        *((f"{PREFIX}{test.id}", partial(_test, test)) for test in heap_test_notes().values()),
        *((cause.id, partial(_cause, cause)) for cause in known_causes().values()),
        *((rule.id, partial(_use, rule)) for rule in RULES),
    )


def _check(check: Check) -> Explanation:
    return Explanation(check.id, "check", check.title, check.why, _kernels(check.since), check.source, does=check.asks)


def _plugin_check(check: PluginCheck) -> Explanation:
    kernels = _kernels(check.since)
    about = Explanation(check.id, "check", check.title, check.why, kernels, check.source, does=check.asks)
    return msgspec.structs.replace(about, origin=check.origin)


def _expectations(id: str) -> tuple[Explanation, ...]:  # noqa: A002
    """What the board configs expect under that id; of a config that is wrong nothing."""
    prefix, _, name = id.partition(".")
    if prefix != EXPECTATIONS.id:
        return ()
    dirs = config_dirs()
    found: dict[Expectation, dict[str, str]] = {}
    for config, path in list_configs(dirs).items():
        with contextlib.suppress(BringupError):
            for expectation in find_config(config, dirs).expect:
                if expectation.id == name:
                    found.setdefault(expectation, {})[config] = str(path)
    return tuple(_expectation(id, expectation, configs) for expectation, configs in found.items())


def _expectation(id: str, expectation: Expectation, configs: dict[str, str]) -> Explanation:  # noqa: A002
    """:param configs: those that have it: name → file."""
    return Explanation(
        id,
        "check",
        expectation.title,
        expectation.why or EXPECTATIONS.why,
        _kernels(EXPECTATIONS.since),
        ", ".join(configs.values()),
        does=f"Looks whether {' '.join(expectation.fact)} is as expected: {expected(expectation)}.",
        fix=expectation.fix,
        origin=f"board config {', '.join(configs)}",
    )


def _requirement(requirement: Requirement) -> Explanation:
    does = [f"Looks for {requirement.need} in the kernel's configuration."]
    if requirement.when is not None:
        does.append(f"Only where {requirement.when}.")
    if requirement.flavours:
        does.append(f"Only of kernels that are {' or '.join(sorted(requirement.flavours))}.")
    if requirement.user_build_only:
        does.append("Only of user builds.")
    if requirement.proofs:
        proofs = " or ".join(f"{proof.kind.value} {proof.pattern}" for proof in requirement.proofs)
        does.append(f"Satisfied too by {proofs}.")
    return Explanation(
        f"kconfig.{requirement.id}",
        "check",
        requirement.title,
        requirement.why,
        _kernels(str(requirement.kernel)),
        "; ".join(requirement.sources),
        does=" ".join(does),
        look="; ".join((*requirement.remedy, f"bringup kconfig explain {requirement.id}")),
    )


def _test(test: HeapTestNotes) -> Explanation:
    return Explanation(
        f"{PREFIX}{test.id}",
        "test",
        test.entry.asserts,
        test.why,
        _kernels(test.since),
        test.source,
        does=test.does,
        asked=test.tested_buffers,
        skipped=test.skipped,
        defects=test.defects,
        look=test.look,
    )


def _cause(cause: KnownCause) -> Explanation:
    return Explanation(
        cause.id,
        "cause",
        cause.text,
        cause.why,
        _kernels(cause.since),
        cause.source,
        shows=cause.shown_by,
        cost=_COSTS[cause.cost],
        fix=cause.fix,
        seen_before=cause.seen_before,
    )


def _use(of: Rule) -> Explanation:
    rule = describe(of)
    fix = [*rule.replacement.splitlines(), *(f"in a driver: {line}" for line in rule.kernel.splitlines())]
    return Explanation(
        rule.id,
        "use",
        rule.title,
        rule.why,
        rule.since,
        rule.source,
        does=f"bringup scan looks for it in: {'; '.join(rule.files)}",
        fix=tuple(fix if rule.kernel != rule.replacement else rule.replacement.splitlines()),
    )


def _kernels(text: str) -> str:
    """A range of releases in words; what is words already stays."""
    match = _RANGE.fullmatch(text)
    if match is None or not text:
        return text
    first, last = match["first"], match["last"]
    if first and last:
        return f"{first} to {last}"
    if last:
        return f"up to {last}"
    return f"{first} and later" if first else "any"
