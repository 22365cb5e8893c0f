"""What one call asks the allocator for, from all words of ION in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bringup.scan.knowledge.entry import Asks

__all__ = ["Asked", "asked_by"]


@dataclass(frozen=True, slots=True)
class Asked:
    """See :class:`bringup.scan.knowledge.entry.Asks`.

    :param heap: ``None``: nothing says so.
    :param cached: ``None``: nothing says so.
    :param may_be_protected: by a condition, some runs of the call ask for protected memory.
    """

    heap: str | None = None
    cached: bool | None = None
    protected: bool = False
    contiguous: bool = False
    may_be_protected: bool = False


def asked_by(asks: Iterable[Asks], *, possible: Iterable[Asks] = (), flags_are_known: bool = False) -> Asked:
    """All of what several words ask for.

    :param possible: what only some runs of the call ask for.
    :param flags_are_known: all flags of the call are among the words: memory that nothing calls cached is uncached.
    """
    heap: str | None = None
    cached: bool | None = None
    protected = contiguous = False
    for ask in asks:
        heap = heap or ask.heap
        cached = ask.cached if cached is None else cached
        protected = protected or ask.protected
        contiguous = contiguous or ask.contiguous
    if cached is None and flags_are_known:
        cached = False
    may_be_protected = not protected and any(ask.protected for ask in possible)
    return Asked(heap, cached, protected, contiguous, may_be_protected)
