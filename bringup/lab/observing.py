"""Observing a board for one answer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bringup.board import Board
from bringup.errors import BringupError
from bringup.lab.locking import Use, alone_on
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation, observe

__all__ = ["temporary_observation", "temporary_record"]


@contextmanager
def temporary_observation(
    board: Board,
    how: Observation,
    on_step: Callable[[str], None] | None = None,
    *,
    keep: Path | None = None,
    use: Use | None = None,
) -> Iterator[tuple[Path, BringupError | None]]:
    """Observe a board; the folder of the record, which is not read, and the error that ended the observation early.

    :param keep: write the record there and leave it; without, it is removed when the block ends.
    :raises BoardInUse: another process of this host uses the board.
    :raises HostError: the record cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="bringup-") as scratch:
        folder = keep or Path(scratch, "record")
        with alone_on(board, use or Use(), how) as claim:
            error = observe(board, folder, how, on_step, claim)
        yield folder, error


@contextmanager
def temporary_record(board: Board, how: Observation) -> Iterator[tuple[Record, BringupError | None]]:
    """As :func:`temporary_observation`, and the record is read, in this process and without limits."""
    with temporary_observation(board, how) as (folder, error):
        yield load_record(folder), error
