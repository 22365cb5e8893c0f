"""The live view of a run on a terminal: per board its step and for how long; never more lines than fit."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bringup.report.story import badness, board_headline
from bringup.report.terminal import STYLES
from bringup.results.run import BoardRun
from bringup.text import visible

__all__ = ["LiveView"]

_OTHER_LINES = 4  # lines of the screen that are not a board's: what was there before, the count, the cursor


@dataclass(slots=True)
class _Line:
    """One board; ``done`` once it was judged."""

    serial: str
    began: float
    step: str = "waiting"
    done: BoardRun | None = None
    ended: float = 0.0
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))


class LiveView:
    """The current step of each board. Boards at work come first, then those that are done, worst first."""

    def __init__(self, serials: Sequence[str]) -> None:
        now = time.monotonic()
        self._lock = threading.Lock()
        self._lines = {serial: _Line(visible(serial), now) for serial in serials}

    def __call__(self, serial: str, step: str) -> None:
        """A board began a step, or answered a test."""
        with self._lock:
            self._lines[serial].step = " ".join(visible(step[:200]).split())

    def board(self, board: BoardRun) -> None:
        """A board was judged."""
        with self._lock:
            line = self._lines.get(board.serial)
            if line is not None:
                line.done, line.ended = board, time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As many lines as the screen has room for, and how many boards are done."""
        with self._lock:
            lines = sorted(self._lines.values(), key=lambda line: (1, badness(line.done)) if line.done else (0, ()))
            done = sum(line.done is not None for line in lines)
            room = max(1, console.size.height - _OTHER_LINES)
            table = Table.grid(padding=(0, 1, 0, 0), expand=True)
            table.add_column(width=1, no_wrap=True)
            table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(8, options.max_width // 3))
            table.add_column(no_wrap=True, justify="right", style="dim")
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            for line in lines[:room]:
                table.add_row(*_row(line))
        yield table
        if len(lines) > 1:
            rest = f", {len(lines) - room} more not shown" if len(lines) > room else ""
            yield Text(f"{done} of {len(lines)} boards done{rest}", "dim", no_wrap=True, overflow="ellipsis")


def _row(line: _Line) -> tuple[Spinner | Text, Text, str, Text]:
    took = int((line.ended or time.monotonic()) - line.began)
    clock = f"{took // 60}:{took % 60:02}"
    if line.done is None:
        return line.spinner, Text(line.serial), clock, Text(line.step)
    style = STYLES[line.done.outcome]
    headline = board_headline(line.done)
    text = Text(f"{line.done.outcome} ", style).append(visible(headline.first or headline.answer), "not bold default")
    return Text("•", style), Text(line.serial), clock, text
