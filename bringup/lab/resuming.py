"""What a run that was lost or interrupted left open, and how the rest of it is kept.

A run's folder has a ``run.json`` from the start on, in which every board is an error: not observed yet.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bringup import __version__
from bringup.checks.registry import Question, Role, checks_for
from bringup.config.expectation import Expectation
from bringup.config.schema import BoardConfig
from bringup.deadline import now
from bringup.errors import BringupError, HostError, RecordError, UsageError, os_reason
from bringup.lab.judging import judge_folders
from bringup.lab.run import record_names
from bringup.lab.run_folder import EARLIER, write_reports
from bringup.outcome import Outcome
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from bringup.report import find_format, write_report
from bringup.report.load import load_run
from bringup.results.run import BoardRun, Run
from bringup.text import shell_word, visible

__all__ = ["Unfinished", "begin_run", "is_open", "keep_interrupted", "read_unfinished", "run_again", "with_boards"]

_DOCUMENT = "run.json"
_RESUME = "bringup run --resume DIR observes it"


def begin_run(folder: Path, serials: Sequence[str], chosen_by: Sequence[str] = ()) -> Run:
    """Write down which boards the run is about, and that none was observed yet.

    :param chosen_by: the options that chose them, where ``--resume`` would not find them.
    :raises HostError: it cannot be written.
    """
    next_step = f"run it again: {run_again(chosen_by)}" if chosen_by else _RESUME
    boards = tuple(_not_yet(serial, next_step) for serial in serials)
    run = Run(boards=boards, tool=__version__, started=now(), chosen_by=tuple(chosen_by))
    write_report(run, find_format("json"), folder / _DOCUMENT)
    return run


def run_again(chosen_by: Sequence[str]) -> str:
    """The command for the same boards."""
    return f"bringup run {' '.join(map(shell_word, chosen_by))}"


def keep_interrupted(begun: Run, judged: Sequence[BoardRun], folder: Path) -> None:
    """Write the reports of a run that ends early. What cannot be written changes nothing about the end."""
    with contextlib.suppress(BringupError):
        write_reports(with_boards(begun, judged), folder)


def with_boards(run: Run, judged: Sequence[BoardRun]) -> Run:
    """The same run, with these boards in place of what it had of them."""
    new = list(judged)

    def newer(board: BoardRun) -> BoardRun:
        at = next((at for at, one in enumerate(new) if one.serial == board.serial), None)
        return board if at is None else new.pop(at)

    kept = tuple(newer(board) for board in run.boards)
    return msgspec.structs.replace(run, boards=(*kept, *new))


def is_open(board: BoardRun) -> bool:
    """Whether the board was not observed to its end."""
    (asked,) = checks_for(Role.OBSERVATION)
    return any(verdict.id == asked.id and verdict.outcome is Outcome.ERROR for verdict in board.verdicts)


def _not_yet(serial: str, next_step: str) -> BoardRun:
    (asked,) = checks_for(Role.OBSERVATION)
    why = Question(asked.id, asked.title).unknown(
        "it was not observed: the run was interrupted before", remedy=[next_step]
    )
    return BoardRun(serial=serial, verdicts=(why,))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that is to be finished.

    :param run: what there is of it; what was observed and not judged is judged.
    :param serials: the boards that are to be observed anew.
    """

    run: Run
    serials: tuple[str, ...]
    folder: Path

    def make_room(self, serials: Iterable[str]) -> None:
        """Move the incomplete records of these boards away: what a board said before it died is kept.

        :raises HostError: they cannot be moved.
        """
        all_serials = [board.serial for board in self.run.boards]
        names = dict(zip(all_serials, record_names(all_serials), strict=True))
        try:
            for serial in serials:
                record = self.folder / names[serial]
                if not record.exists():
                    continue
                earlier = self.folder / EARLIER
                earlier.mkdir(mode=0o700, exist_ok=True)
                number = 1 + sum(1 for _ in earlier.glob(f"{names[serial]}-[0-9]*"))
                record.rename(earlier / f"{names[serial]}-{number}")
        except OSError as error:
            raise HostError(f"resume the run {self.folder}", os_reason(error)) from error


def read_unfinished(
    folder: Path, configs: Sequence[BoardConfig], *, named: bool, expectations: Sequence[Expectation] = ()
) -> Unfinished:
    """What a run left open.

    :param expectations: what a file of the user's expects of each board.

    :raises RecordError: there is no run in the folder.
    :raises UsageError: a file was given, or the run's boards are not those that adb lists.
    """
    if folder.is_file():
        raise UsageError(f"resume the run {folder}", "it is a file", hint="give the run's folder")
    run = load_run(folder)
    if run.chosen_by:
        seen = f"{' '.join(map(visible, run.chosen_by))} chose its boards, and --resume asks this host's adb server"
        raise UsageError(f"resume the run {folder}", seen, hint=f"run it again: {run_again(run.chosen_by)}")
    names = record_names([board.serial for board in run.boards])
    judged = []
    for board, name in zip(run.boards, names, strict=True):
        if is_open(board) and _is_complete(folder / name):
            (done,) = judge_folders([folder / name], configs, named, expectations=expectations).boards
            judged.append(msgspec.structs.replace(done, record=name))
    run = with_boards(run, judged)
    return Unfinished(run, tuple(board.serial for board in run.boards if is_open(board)), folder)


def _is_complete(record: Path) -> bool:
    """Whether the board was observed to its end, and the process ended before it was judged."""
    if not (record / JOURNAL).is_file():
        return False
    with contextlib.suppress(RecordError):
        return load_record(record).incomplete is None
    return False
