"""Observing a board for one answer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bringup.board import Board
from bringup.errors import BringupError
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation, observe

__all__ = ["temporary_record"]


@contextmanager
def temporary_record(
    board: Board, how: Observation, on_step: Callable[[str], None] | None = None, *, keep: Path | None = None
) -> Iterator[tuple[Record, BringupError | None]]:
    """Observe a board; the record, and the error that ended the observation early.

    :param keep: write the record there and leave it; without, it is removed when the block ends.
    :raises HostError: the record cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="bringup-") as scratch:
        folder = keep or Path(scratch, "record")
        error = observe(board, folder, how, on_step)
        yield load_record(folder), error
