"""Observers of a virtual board that is being set up. This package prints nothing."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """An observer of setup and start. Called from the thread that asked for the work."""

    def step(self, text: str) -> None:
        """A new piece of work begins, e.g. ``"download 22 packages"``."""

    def bytes(self, done: int, total: int) -> None:
        """So much of the current step's bytes have been received."""


class Silent:
    """Ignores all progress."""

    def step(self, text: str) -> None:
        """Ignore it."""

    def bytes(self, done: int, total: int) -> None:
        """Ignore it."""
