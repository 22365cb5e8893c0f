"""One cause that bringup knows."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bringup.outcome import Cause, Link

__all__ = ["Cost", "KnownCause", "link"]


class Cost(enum.IntEnum):
    """What a cause costs a board, the worst first: the order in which reports list findings of one outcome."""

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
    """One cause, as ``bringup explain`` shows it. Code that detects the cause uses this object; see :meth:`here`.

    :param text: one sentence, true of every board that has it.
    :param why: why it has this effect.
    :param since: kernel releases that can have it.
    :param source: where the rule comes from.
    :param shows: what in a record shows it.
    :param logged: words by which a line of the kernel's log shows it.
    :param fix: what to do about it, where that does not depend on the board.
    :param seen_before: public reports of it.
    """

    id: str
    text: str
    why: str
    since: str
    source: str
    shows: str = ""
    logged: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    cost: Cost = Cost.FAILS
    seen_before: tuple[Link, ...] = ()

    def here(self, text: str = "") -> Cause:
        """This cause, for a verdict. ``text`` describes it on this board; without it, the cause's own text does."""
        return Cause(self.id, text or self.clause)

    @property
    def clause(self) -> str:
        """The text as a part of a sentence: without its full stop, and in lower case unless it begins with a name."""
        text = self.text.removesuffix(".")
        begins_with_name = text[1:2].isupper() or text.startswith("Android")
        return text if begins_with_name else text[:1].lower() + text[1:]

    @property
    def shown_by(self) -> str:
        """Everything that shows the cause, as one line."""
        words = ", ".join(f'"{words.strip()}"' for words in self.logged)
        return "; ".join(filter(None, (self.shows, f"kernel log: {words}" if words else "")))


def link(place: str, title: str) -> Link:
    """A thread on GitHub (``OWNER/NAME#NUMBER``; the site leads from an issue's address to the pull request's)."""
    repository, _, number = place.partition("#")
    return Link(f"https://github.com/{repository}/issues/{number}", title)
