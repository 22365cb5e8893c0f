"""The causes that bringup knows: what each is, how it shows, what it costs, and where it was seen before.

One file, one subject; a file is found by being here. It defines ``CAUSES``. A cause of a kernel requirement is told by
that requirement, unless a file here has more to say of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from msgspec.structs import replace

from bringup.causes.known._shape import Cost, KnownCause, link
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Severity
from bringup.results.verdict import Cause, Verdict

__all__ = ["Cost", "KnownCause", "cost_of", "known_cause", "known_causes", "link", "with_links"]

_COST_OF_REQUIREMENT = {Severity.REQUIRED: Cost.FAILS, Severity.FORBIDDEN: Cost.LATER}


@cache
def known_causes() -> dict[str, KnownCause]:
    """Every known cause by its id: those of the kernel's requirements, then the files here."""
    found = {cause.id: cause for one in shipped_requirements() if (cause := _of_requirement(one)) is not None}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        if module.name.startswith("_"):
            continue
        for cause in importlib.import_module(f"{__name__}.{module.name}").CAUSES:
            found[cause.id] = cause
    return found


def _of_requirement(requirement: Requirement) -> KnownCause | None:
    if requirement.cause is None:
        return None
    return KnownCause(
        id=requirement.cause.id,
        text=requirement.cause.text,
        why=requirement.why,
        shows=f"the kernel's configuration; wanted: {requirement.need}",
        since=str(requirement.kernel),
        source="; ".join(requirement.sources),
        cost=_COST_OF_REQUIREMENT.get(requirement.severity, Cost.UNSEEN),
    )


def known_cause(id: str) -> KnownCause | None:  # noqa: A002 - its name everywhere
    """The cause of that id; ``None`` where a later version named it, or a check made it up."""
    return known_causes().get(id)


def cost_of(id: str | None) -> Cost:  # noqa: A002
    """What a cause costs. A cause that is not known, or none at all, counts as something that fails."""
    known = known_causes().get(id) if id else None
    return known.cost if known else Cost.FAILS


def with_links(verdict: Verdict) -> Verdict:
    """The same verdict; each of its causes with the places where it was seen before."""
    if verdict.cause is None:
        return verdict
    others = tuple(replace(one, cause=_with_links(one.cause)) for one in verdict.alternatives)
    return replace(verdict, cause=_with_links(verdict.cause), alternatives=others)


def _with_links(cause: Cause) -> Cause:
    known = known_causes().get(cause.id)
    return replace(cause, seen_before=known.seen_before) if known and not cause.seen_before else cause
