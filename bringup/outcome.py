"""How a question was answered, and why: outcome and cause, which all rooms that judge share."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

__all__ = ["BY_WEIGHT", "Cause", "Link", "Outcome", "worst"]


class Outcome(enum.StrEnum):
    """What became of a question.

    fail: the board is wrong. error: it could not be found out; never a pass and never a fail. warn: it works, and
    something should be known. skip: the question does not apply here.
    """

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    ERROR = "error"


#: The one that counts for several comes last.
BY_WEIGHT = (Outcome.SKIP, Outcome.PASS, Outcome.WARN, Outcome.ERROR, Outcome.FAIL)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome that counts for all of them: fail, then error, then warn, then pass.

    Where nothing passed and nothing is wrong, nothing was judged, and that is an ``ERROR``.
    """
    top = max(outcomes, key=BY_WEIGHT.index, default=Outcome.SKIP)
    return Outcome.ERROR if top is Outcome.SKIP else top


class Link(msgspec.Struct, frozen=True):
    """A page elsewhere. Whoever shows it as a link checks first that the address is an ``https`` one."""

    url: str
    title: str


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a question was answered as it was.

    :param id: Stable and dotted, such as kconfig.heaps-off; 'bringup explain ID' describes it.
    :param text: One sentence.
    :param seen_before: Public reports of the same failure on other boards.
    """

    id: str
    text: str
    seen_before: tuple[Link, ...] = ()
