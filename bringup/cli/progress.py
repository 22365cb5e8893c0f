"""What is going on, on stderr: one live line a board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from bringup.cli.console import say

if TYPE_CHECKING:
    from bringup.results.run import BoardRun

__all__ = ["Steps", "Watcher", "live_steps"]


class Watcher(Protocol):
    """Is told what the boards are at, from their threads."""

    def __call__(self, serial: str, step: str) -> None:
        """A board begins with a step, or has answered a test."""

    def board(self, board: BoardRun) -> None:
        """A board was judged."""


@contextmanager
def live_steps(serials: Sequence[str]) -> Iterator[Watcher]:
    """Show what each board is at, until the block ends. Safe to call from the boards' threads."""
    if not sys.stderr.isatty():
        yield _Plain(len(serials))
        return
    from rich.console import Console
    from rich.live import Live

    from bringup.cli.live_view import Watching

    watching = Watching(serials)
    console = Console(stderr=True)
    with Live(watching, console=console, transient=True, refresh_per_second=8, redirect_stdout=False):
        yield watching


class _Plain:
    """One line a step; a heap's single tests are too many for a log. Of several boards, a line as each is done."""

    def __init__(self, boards: int) -> None:
        self._several = boards > 1
        self._began = time.monotonic()

    def __call__(self, serial: str, step: str) -> None:
        if ": " not in step:
            self._say(serial, step)

    def board(self, board: BoardRun) -> None:
        if self._several:
            self._say(board.serial, f"done: {board.outcome}")

    def _say(self, serial: str, text: str) -> None:
        say(f"[{time.monotonic() - self._began:6.1f} s] {serial}: {text}")


class Steps:
    """Tells the steps of setting up a virtual board; how much was downloaded only where it can be overwritten."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._open = False

    def step(self, text: str) -> None:
        """A new piece of work begins."""
        self._end_line()
        say(text)

    def bytes(self, done: int, total: int) -> None:
        """So much of the current step has been received."""
        if self._live and total:
            sys.stderr.write(f"\r  {done / 1e6:.1f} of {total / 1e6:.1f} MB")
            sys.stderr.flush()
            self._open = done < total
            if not self._open:
                sys.stderr.write("\n")

    def _end_line(self) -> None:
        if self._open:
            sys.stderr.write("\n")
            self._open = False
