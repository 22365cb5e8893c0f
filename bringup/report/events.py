"""A run's events while it runs, one JSON object per line: ``bringup.events/1`` (``schemas/events-1.json``).

A reader that goes away, or a file that cannot be written, ends the run: events that silently stop would look like a
board that hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import msgspec

from bringup import __version__
from bringup.document import Count, write_document
from bringup.errors import Blame, BringupError, HostError, os_reason
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict

__all__ = ["SCHEMA", "BoardEnd", "BoardError", "Event", "Events", "RunBegin", "RunEnd", "StepBegin", "VerdictGiven"]

SCHEMA = "bringup.events/1"


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What every event has.

    :param number: Counts the events from 0, without a gap.
    :param at: Seconds since the first event, by the host's monotonic clock.
    """

    number: Count
    at: Annotated[float, msgspec.Meta(ge=0)]


class _BoardEvent(_Event, frozen=True, kw_only=True, omit_defaults=True):
    """What every event about a board has.

    :param board: The serial.
    :param index: Which of the first event's boards it is, from 0: two of them may have one serial.
    """

    board: str
    index: Count | None = None


class RunBegin(_Event, frozen=True, kw_only=True, tag="run-begin"):
    """The run begins. Always the first event.

    :param tool: The version of bringup.
    :param boards: The serials.
    """

    schema: Literal["bringup.events/1"]
    tool: str
    boards: tuple[str, ...]


class StepBegin(_BoardEvent, frozen=True, kw_only=True, tag="step"):
    """A board begins a step.

    :param step: Its name; 'HEAP: TEST' where the board has answered a test.
    """

    step: str


class BoardError(_BoardEvent, frozen=True, kw_only=True, tag="board-error"):
    """The observation of a board ended early. What was not observed is judged as error.

    :param action: What was being done.
    :param seen: What came back.
    :param hint: The next step; may be empty.
    :param blame: Who has to act.
    """

    action: str
    seen: str
    hint: str
    blame: Blame


class VerdictGiven(_BoardEvent, frozen=True, kw_only=True, tag="verdict"):
    """A check was answered."""

    verdict: Verdict


class BoardEnd(_BoardEvent, frozen=True, kw_only=True, tag="board-end"):
    """A board is done.

    :param record: Where the record is, relative to the run's folder.
    """

    outcome: Outcome
    record: str | None


class RunEnd(_Event, frozen=True, kw_only=True, tag="run-end"):
    """The run is over. Always the last event.

    :param exit_status: What the command ends with; null where it was interrupted.
    :param why: Why it was interrupted.
    """

    outcome: Outcome
    exit_status: int | None
    why: str | None


Event = RunBegin | StepBegin | BoardError | VerdictGiven | BoardEnd | RunEnd


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
        self._write(RunBegin, schema=SCHEMA, tool=__version__, boards=tuple(serials))
        try:
            yield
        except BaseException as error:
            why = str(error) if isinstance(error, BringupError) else type(error).__name__
            self._write(RunEnd, outcome=Outcome.ERROR, exit_status=None, why=why)
            raise

    def step(self, serial: str, index: int, step: str) -> None:
        """A board begins a step, or has answered a test."""
        self._write(StepBegin, board=serial, index=index, step=step)

    def board(self, board: BoardRun, index: int, error: BringupError | None) -> None:
        """A board was judged: what ended its observation early, if anything did, each verdict, and the outcome."""
        if error is not None:
            self._write(
                BoardError,
                board=board.serial,
                index=index,
                action=error.action,
                seen=error.seen,
                hint=error.hint,
                blame=error.blame,
            )
        for verdict in board.verdicts:
            self._write(VerdictGiven, board=board.serial, index=index, verdict=verdict)
        self._write(BoardEnd, board=board.serial, index=index, outcome=board.outcome, record=board.record)

    def end(self, run: Run, exit_status: int) -> None:
        """The last event."""
        self._write(RunEnd, outcome=run.outcome, exit_status=exit_status, why=None)

    def _write(self, kind: type[_Event], **fields: Any) -> None:
        """:raises HostError: a line cannot be written."""
        with self._lock:
            event = kind(number=self._number, at=round(time.monotonic() - self._began, 4), **fields)
            self._number += 1
            line = write_document(event) + "\n"
            try:
                for write in self._writers:
                    write(line)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise HostError("write the run's events", os_reason(error)) from error
