"""The causes that bringup knows: what each is, what shows it, what it costs, its fix, and where it was seen before.

One file per subject. Every :class:`KnownCause` in a file of this folder is known; there is no list to add it to. A
requirement on the kernel names its own cause, unless a file here describes that cause more fully.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from msgspec.structs import replace

from bringup.causes.known.known_cause import Cost, KnownCause
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Severity
from bringup.results.verdict import Cause, Verdict

__all__ = ["Cost", "KnownCause", "cost_of", "known_causes", "with_links"]

_COST_OF_REQUIREMENT = {Severity.REQUIRED: Cost.FAILS, Severity.FORBIDDEN: Cost.LATER}


@cache
def known_causes() -> dict[str, KnownCause]:
    """Every known cause by its id: those of the kernel's requirements, then the files here.

    :raises ValueError: two causes in these files have the same id.
    """
    of_requirements = (_of_requirement(requirement) for requirement in shipped_requirements())
    causes = {cause.id: cause for cause in of_requirements if cause is not None}
    here: dict[str, KnownCause] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        for cause in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(cause, KnownCause) and here.setdefault(cause.id, cause) is not cause:
                raise ValueError(f"two causes are called {cause.id}")
    return causes | here


def _of_requirement(requirement: Requirement) -> KnownCause | None:
    if requirement.cause is None:
        return None
    return KnownCause(
        id=requirement.cause.id,
        text=requirement.cause.text,
        why=requirement.why,
        shows=f"the kernel's configuration; expected: {requirement.need}",
        since=str(requirement.kernel),
        source="; ".join(requirement.sources),
        cost=_COST_OF_REQUIREMENT.get(requirement.severity, Cost.UNSEEN),
    )


def cost_of(id: str | None) -> Cost:  # noqa: A002 - its name everywhere
    """What a cause costs. A cause that is not known, or none at all, counts as something that fails."""
    known = known_causes().get(id) if id else None
    return known.cost if known else Cost.FAILS


def with_links(verdict: Verdict) -> Verdict:
    """The same verdict, with the places where each of its causes was seen before."""
    if verdict.cause is None:
        return verdict
    others = tuple(replace(other, cause=_with_links(other.cause)) for other in verdict.alternatives)
    return replace(verdict, cause=_with_links(verdict.cause), alternatives=others)


def _with_links(cause: Cause) -> Cause:
    known = known_causes().get(cause.id)
    return replace(cause, seen_before=known.seen_before) if known and not cause.seen_before else cause
