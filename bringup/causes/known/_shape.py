"""What is known of one cause."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bringup.outcome import Link

__all__ = ["Cost", "KnownCause", "link"]


class Cost(enum.IntEnum):
    """What a cause costs a board, the dearest first: the order in which findings of one outcome are told."""

    NO_HEAP = 0
    """A heap is not there, or nobody can allocate from it."""
    FAILS = 1
    """Some allocation or some user fails now."""
    LATER = 2
    """It works now, and fails under load, on a larger board, after the next boot or on the next kernel."""
    UNSEEN = 3
    """Nothing fails: something is slow, cannot be seen, is not known, or is left over."""


@dataclass(frozen=True, slots=True)
class KnownCause:
    """One cause, as ``bringup explain`` tells it.

    :param text: what it is, whatever the board; a verdict's cause says it of one board.
    :param why: why it has the effect that it has.
    :param shows: by what it is recognised in a record.
    :param since: kernel releases that can have it.
    :param source: where the rule comes from.
    :param seen_before: public reports of it.
    """

    id: str
    text: str
    why: str
    shows: str
    since: str
    source: str
    cost: Cost = Cost.FAILS
    seen_before: tuple[Link, ...] = ()


def link(place: str, title: str) -> Link:
    """A thread on GitHub (``OWNER/NAME#NUMBER``; the site leads from an issue's address to the pull request's)."""
    repository, _, number = place.partition("#")
    return Link(f"https://github.com/{repository}/issues/{number}", title)
