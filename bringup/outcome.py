"""How a question was answered, and why: the two words that every room which judges shares."""

from __future__ import annotations

import enum

from bringup.frozen import dataclass

__all__ = ["Cause", "Link", "Outcome"]


class Outcome(enum.StrEnum):
    """What became of a question.

    FAIL: the board is wrong. ERROR: we could not find out; it is never a pass and never a fail.
    WARN: it works, and something should be known. SKIP: the question does not apply here.
    """

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Link:
    """A page elsewhere. What shows it as a link must see that its address is an ``https`` one."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a question was answered as it was.

    :param id: stable, dotted, e.g. ``kconfig.heaps-off``.
    :param text: one sentence.
    :param seen_before: public reports of the same failure on other boards.
    """

    id: str
    text: str
    seen_before: tuple[Link, ...] = ()
