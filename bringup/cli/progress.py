"""Progress on stderr: one live line per board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.live import Live

from bringup.board import Board
from bringup.cli.console import say
from bringup.cli.live_view import LiveView
from bringup.errors import BringupError
from bringup.lab.locking import Use
from bringup.lab.observing import temporary_observation
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation
from bringup.results.run import BoardRun

__all__ = ["Steps", "Watcher", "live_steps", "observed", "whole_record"]


class Watcher(Protocol):
    """Receives progress from the boards' threads."""

    def __call__(self, board: Board, step: str) -> None:
        """A board began a step, or answered a test."""

    def board(self, board: Board, judged: BoardRun) -> None:
        """A board was judged."""


@contextmanager
def live_steps(boards: Sequence[Board], seconds: float | None = None) -> Iterator[Watcher]:
    """Show each board's current step until the block ends. May be called from the boards' threads.

    :param seconds: the most that a board may take; ``None``: unknown.
    """
    if not sys.stderr.isatty():
        yield _PlainLines(len(boards))
        return
    view = LiveView(boards, seconds)
    console = Console(stderr=True)
    with Live(view, console=console, transient=True, refresh_per_second=8, redirect_stdout=False):
        yield view


@contextmanager
def observed(
    board: Board, how: Observation, keep: Path | None = None, use: Use | None = None
) -> Iterator[tuple[Path, BringupError | None]]:
    """Observe one board with progress; its record's folder, and the error that ended the observation early.

    :param keep: see :func:`bringup.lab.observing.temporary_observation`.
    """
    with (
        live_steps([board], how.seconds) as progress,
        temporary_observation(board, how, partial(progress, board), keep=keep, use=use) as seen,
    ):
        yield seen


@contextmanager
def whole_record(board: Board, how: Observation, keep: Path | None = None, use: Use | None = None) -> Iterator[Record]:
    """As :func:`observed`, for a command that cannot use an incomplete record. It is read in this process.

    :raises BringupError: what ended the observation early.
    """
    with observed(board, how, keep, use) as (folder, error):
        if error is not None:
            raise error
        yield load_record(folder)


class _PlainLines:
    """One line per step, none for a heap's single tests. With several boards also a line when each is done."""

    def __init__(self, boards: int) -> None:
        self._several = boards > 1
        self._began = time.monotonic()

    def __call__(self, board: Board, step: str) -> None:
        if ": " not in step:
            self._say(board, step)

    def board(self, board: Board, judged: BoardRun) -> None:
        if self._several:
            self._say(board, f"done: {judged.outcome}")

    def _say(self, board: Board, text: str) -> None:
        say(f"[{time.monotonic() - self._began:6.1f} s] {board.serial}: {text}")


class Steps:
    """Prints the steps of setting up a virtual board; the bytes downloaded only where they can be overwritten."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._open = False

    def step(self, text: str) -> None:
        """A new step begins."""
        self._end_line()
        say(text)

    def bytes(self, done: int, total: int) -> None:
        """This much of the current step has been received."""
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
