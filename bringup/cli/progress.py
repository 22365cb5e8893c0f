"""What is going on, on stderr: one live line a board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bringup.cli.console import say
from bringup.text import visible

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["Steps", "live_steps"]

OnStep = Callable[[str, str], None]


@contextmanager
def live_steps(serials: Sequence[str]) -> Iterator[OnStep]:
    """Show what each board is at, until the block ends. Safe to call from the boards' threads."""
    if not sys.stderr.isatty():
        yield _plain_steps()
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {one: progress.add_task("", name=visible(one), total=None) for one in serials}
        yield lambda serial, step: progress.update(tasks[serial], description=visible(step))


def _plain_steps() -> OnStep:
    """One line a step; a heap's single tests are too many for a log."""
    began = time.monotonic()

    def tell(serial: str, step: str) -> None:
        if ": " not in step:
            say(f"[{time.monotonic() - began:6.1f} s] {serial}: {step}")

    return tell


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
