"""A rule: one way to use ION, and what replaces it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to use ION, and what replaces it. What is printed of it: :mod:`bringup.scan.description`.

    :param replacement: in user space.
    :param kernel: in a driver; empty: the same.
    :param since: since when it no longer works, or its replacement works.
    """

    id: str
    title: str
    why: str
    replacement: tuple[str, ...]
    since: str
    source: str
    kernel: tuple[str, ...] = ()
    ion: bool = True
