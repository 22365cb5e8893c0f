"""A run's events while it runs, one JSON object a line: ``bringup.events/1`` (``schemas/events-1.json``).

A reader that goes away or a file that cannot be written ends the run: events that silently stop would look like a board
that hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from bringup import __version__
from bringup.errors import BringupError, HostError, os_reason
from bringup.report.json_text import json_line
from bringup.results.run import BoardRun, Run

__all__ = ["SCHEMA", "Events"]

SCHEMA = "bringup.events/1"


class Events:
    """Writes events; may be called from several threads.

    :param writers: each is given every line, its end included.
    """

    def __init__(self, writers: Sequence[Callable[[str], object]]) -> None:
        self._writers = tuple(writers)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._number = 0

    @contextmanager
    def run(self, serials: Sequence[str]) -> Iterator[None]:
        """The first event; and, where the block does not end by :meth:`end`, the last one, which says why."""
        self._tell("run-begin", schema=SCHEMA, tool=__version__, boards=list(serials))
        try:
            yield
        except BaseException as error:
            why = str(error) if isinstance(error, BringupError) else type(error).__name__
            self._tell("run-end", outcome="error", exit_status=None, why=why)
            raise

    def step(self, serial: str, step: str) -> None:
        """A board begins with a step, or has answered a test."""
        self._tell("step", board=serial, step=step)

    def board(self, board: BoardRun, error: BringupError | None) -> None:
        """A board was judged: what ended its observation early, if anything did, each verdict, and the outcome."""
        if error is not None:
            told = {"action": error.action, "seen": error.seen, "hint": error.hint, "blame": error.blame.value}
            self._tell("board-error", board=board.serial, **told)
        for one in board.verdicts:
            self._tell("verdict", board=board.serial, verdict=msgspec.to_builtins(one))
        self._tell("board-end", board=board.serial, outcome=board.outcome.value, record=board.record)

    def end(self, run: Run, exit_status: int) -> None:
        """The last event."""
        self._tell("run-end", outcome=run.outcome.value, exit_status=exit_status, why=None)

    def _tell(self, event: str, **fields: Any) -> None:
        """:raises HostError: a line cannot be written."""
        with self._lock:
            head = {"event": event, "number": self._number, "at": round(time.monotonic() - self._began, 4)}
            self._number += 1
            line = json_line(head | fields)
            try:
                for write in self._writers:
                    write(line)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise HostError("write the run's events", os_reason(error)) from error
