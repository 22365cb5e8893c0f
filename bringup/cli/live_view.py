"""The live view of a run on a terminal: per board its step and for how long; the time left; as much as fits."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bringup.board import Board
from bringup.report.story import badness, board_headline
from bringup.report.terminal import STYLES
from bringup.results.run import BoardRun
from bringup.text import visible

__all__ = ["LiveView"]

_OTHER_LINES = 4  # lines of the screen that are not a board's: what was there before, the count, the cursor


@dataclass(slots=True)
class _Line:
    """One board; ``began`` when its first step does, ``done`` once it was judged."""

    serial: str
    began: float | None = None
    step: str = "waiting"
    done: BoardRun | None = None
    ended: float = 0.0
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def took(self, now: float) -> float:
        """Seconds since its first step."""
        return 0.0 if self.began is None else (self.ended or now) - self.began


class LiveView:
    """The current step of each board. Boards at work come first, then those that wait, then those done, worst first.

    :param seconds: the most that a board may take; ``None``: unknown.
    """

    def __init__(self, boards: Sequence[Board], seconds: float | None = None) -> None:
        self._lock = threading.Lock()
        self._lines = {board: _Line(visible(board.serial)) for board in boards}
        self._seconds = seconds

    def __call__(self, board: Board, step: str) -> None:
        """A board began a step, or answered a test."""
        with self._lock:
            line = self._lines[board]
            line.began = line.began or time.monotonic()
            line.step = " ".join(visible(step[:200]).split())

    def board(self, board: Board, judged: BoardRun) -> None:
        """A board was judged."""
        with self._lock:
            line = self._lines[board]
            line.done, line.ended = judged, time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As many lines as the screen has room for, and how many boards are done."""
        with self._lock:
            now = time.monotonic()
            lines = sorted(self._lines.values(), key=_place)
            left = _time_left(lines, self._seconds, now)
            done = sum(line.done is not None for line in lines)
            room = max(1, console.size.height - _OTHER_LINES)
            table = Table.grid(padding=(0, 1, 0, 0), expand=True)
            table.add_column(width=1, no_wrap=True)
            table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(8, options.max_width // 3))
            table.add_column(no_wrap=True, justify="right", style="dim")
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            for line in lines[:room]:
                table.add_row(*_row(line, now))
        yield table
        if len(lines) > 1:
            rest = f", {len(lines) - room} more not shown" if len(lines) > room else ""
            left = f"{done} of {len(lines)} boards done{rest}{left and f', {left}'}"
        if left:
            yield Text(left, "dim", no_wrap=True, overflow="ellipsis")


def _place(line: _Line) -> tuple[int, object]:
    if line.done:
        return 2, badness(line.done)
    return int(line.began is None), ()


def _time_left(lines: Sequence[_Line], seconds: float | None, now: float) -> str:
    """From how long boards took so far; before one is done, the most that they may take, those that wait among them."""
    open_, done = ([line for line in lines if (line.done is None) is is_open] for is_open in (True, False))
    at_work = [line for line in open_ if line.began is not None]
    if not open_ or not (done or (seconds and at_work)):
        return ""
    if not done:
        turns = math.ceil((len(open_) - len(at_work)) / len(at_work))
        most = (seconds or 0) * (1 + turns) - min(line.took(now) for line in at_work)
        return f"at most {_clock(max(most, 0))} left"
    usual = statistics.mean(line.took(now) for line in done)
    work = [max(usual - line.took(now), 0) for line in open_]
    return f"about {_clock(max(*work, sum(work) / max(1, len(at_work)), 0))} left"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def _row(line: _Line, now: float) -> tuple[Spinner | Text, Text, str, Text]:
    clock = _clock(math.floor(line.took(now)))
    if line.done is None:
        return line.spinner, Text(line.serial), clock, Text(line.step)
    style = STYLES[line.done.outcome]
    headline = board_headline(line.done)
    text = Text(f"{line.done.outcome} ", style).append(visible(headline.first or headline.answer), "not bold default")
    return Text("•", style), Text(line.serial), clock, text
