"""Observing boards for one answer, with no record kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bringup.board import Board
from bringup.errors import BringupError
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation, observe

__all__ = ["passing_record"]


@contextmanager
def passing_record(
    board: Board, how: Observation, on_step: Callable[[str], None] | None = None
) -> Iterator[tuple[Record, BringupError | None]]:
    """A record that is gone when the block ends, and the error that ended the observation early.

    :raises HostError: the record cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="bringup-") as folder:
        place = Path(folder) / "record"
        error = observe(board, place, how, on_step)
        yield load_record(place), error
