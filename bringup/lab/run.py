"""The main job: observe, judge, for one board or for many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bringup import __version__
from bringup.board import Board
from bringup.config.schema import BoardConfig
from bringup.errors import BringupError, HostError
from bringup.lab.judging import judge_fault, judge_record, now
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.results.run import BoardRun, Run
from bringup.text import safe_name

__all__ = ["Job", "record_names", "run_boards"]

OnStep = Callable[[str, str], None]
OnBoard = Callable[[BoardRun, BringupError | None], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with each board.

    :param folder: the run's folder; each board's record is a folder in it.
    :param configs: the board configs to choose from; the one that matches a board is what it is judged against.
    :param named: whether a person named the one config there is: then it is used even where the board contradicts it.
    """

    folder: Path
    configs: Sequence[BoardConfig] = ()
    named: bool = False
    how: Observation = field(default_factory=Observation)


def run_boards(
    boards: Sequence[Board], job: Job, on_step: OnStep | None = None, on_board: OnBoard | None = None
) -> tuple[Run, list[BringupError]]:
    """Observe and judge every board, one thread each. Whatever happens to one, the others are observed and judged.

    :param on_step: called with ``(serial, step)`` as it happens, in the board's thread.
    :param on_board: called with each board's part, and what ended it early, once it is judged; in its thread, too.
    :returns: the run, and the errors that ended an observation early, or the judging of it.
    :raises KeyboardInterrupt: Ctrl-C; nothing runs on the boards any more, and each record has what was seen till then.
    """
    report = on_step or (lambda _serial, _step: None)
    started = now()
    names = record_names([board.serial for board in boards])

    def one(board: Board, name: str) -> tuple[BoardRun, BringupError | None]:
        folder = job.folder / name
        error: BringupError | None
        try:
            error = observe(board, folder, job.how, lambda step: report(board.serial, step))
            report(board.serial, "judge")
            judged = judge_record(load_record(folder), job.configs, named=job.named, name=name)
        except Exception as fault:  # noqa: BLE001 - a board never ends a run
            error = _as_error(fault, board.serial)
            judged = judge_fault(board.serial, error, name if (folder / JOURNAL).is_file() else None)
        if on_board is not None:
            on_board(judged, error)
        return judged, error

    with ThreadPoolExecutor(max_workers=max(1, len(boards)), thread_name_prefix="board") as pool:
        futures = [pool.submit(one, board, name) for board, name in zip(boards, names, strict=True)]
        try:
            done = [future.result() for future in futures]
        except KeyboardInterrupt:
            for board in boards:  # else the pool would wait until each has ended by itself
                board.interrupt()
            raise
    run = Run(boards=tuple(board_run for board_run, _ in done), tool=__version__, started=started)
    return run, [error for _, error in done if error is not None]


def _as_error(fault: Exception, serial: str) -> BringupError:
    if isinstance(fault, BringupError):
        return fault
    seen = f"a fault of bringup: {type(fault).__name__}: {str(fault)[:200]}"
    return HostError("observe and judge the board", seen, hint="please report it", board=serial)


def record_names(serials: Sequence[str]) -> list[str]:
    """A folder name for each board, in the same order: harmless, and no two alike, even if their serials are."""
    names: dict[str, None] = {}
    for serial in serials:
        name = base = safe_name(serial)
        number = 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names[name] = None
    return list(names)
