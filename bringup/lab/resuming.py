"""What a run that was lost or interrupted left open, and how the rest of it is kept.

A run's folder has a ``run.json`` from the start on, in which every board is an error: not observed yet.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bringup import __version__
from bringup.board import Board
from bringup.checks.registry import Question, Role, checks_for
from bringup.config.expectation import Expectation
from bringup.config.schema import BoardConfig
from bringup.deadline import now
from bringup.errors import BoardError, BoardNotFound, BringupError, HostError, RecordError, UsageError, os_reason
from bringup.lab.judging import judge_folders
from bringup.lab.run import record_names
from bringup.lab.run_folder import EARLIER, write_reports
from bringup.outcome import Outcome
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from bringup.report import find_format, write_report
from bringup.report.load import load_run
from bringup.results.run import BoardRun, Run
from bringup.text import safe_name, shell_word, visible

__all__ = [
    "Unfinished",
    "begin_run",
    "is_open",
    "keep_interrupted",
    "read_unfinished",
    "resume_or_again",
    "run_again",
    "with_boards",
]

_DOCUMENT = "run.json"
_RESUME = "bringup run --resume DIR observes it"


def begin_run(
    folder: Path, serials: Sequence[str], chosen_by: Sequence[str] = (), places: Sequence[str | None] = ()
) -> Run:
    """Write down which boards the run is about, and that none was observed yet.

    :param chosen_by: the options that chose them, where adb would not list them.
    :param places: of labgrid, where each board is; empty: nowhere.
    :raises HostError: it cannot be written.
    """
    where = places or [None] * len(serials)
    boards = tuple(_not_yet(serial, place, chosen_by) for serial, place in zip(serials, where, strict=True))
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


def resume_or_again(run: Run, folder: Path) -> str:
    """The command that observes what the run left open."""
    can_resume = not run.chosen_by or all(board.place for board in run.boards)
    return f"bringup run --resume {shell_word(folder)}" if can_resume else run_again(run.chosen_by)


def with_boards(run: Run, judged: Sequence[BoardRun]) -> Run:
    """The same run, with these boards in place of what it had of them."""
    there = {board.place: board for board in run.boards if is_open(board)}
    new = [_as_the_board_there(board, there) for board in judged]

    def newer(board: BoardRun) -> BoardRun:
        at = next((at for at, one in enumerate(new) if _key(one) == _key(board)), None)
        return board if at is None else new.pop(at)

    kept = tuple(newer(board) for board in run.boards)
    return msgspec.structs.replace(run, boards=(*kept, *new))


def is_open(board: BoardRun) -> bool:
    """Whether the board was not observed to its end."""
    (asked,) = checks_for(Role.OBSERVATION)
    return any(verdict.id == asked.id and verdict.outcome is Outcome.ERROR for verdict in board.verdicts)


def _key(board: BoardRun) -> tuple[str | None, str]:
    """Boards of two places may have one serial."""
    return board.place, board.serial


def _stands_for_its_place(board: BoardRun) -> bool:
    """Whether nobody knows the board yet that the place has. A place may be called as its board, too."""
    return board.place == board.serial and board.unusable is not None


def _as_the_board_there(board: BoardRun, there: Mapping[str | None, BoardRun]) -> BoardRun:
    """Why a place could not be used is said of the board that the run knows there, if it knows one."""
    known = there.get(board.place)
    if known is None or not _stands_for_its_place(board):
        return board
    return msgspec.structs.replace(board, serial=known.serial, record=known.record)


def _names(boards: Sequence[BoardRun], folder: Path) -> list[str]:
    """Where each board's record is, or would be, in the run's folder; a document may say anything."""
    records: list[str | None] = []
    for board in boards:
        said = board.record or ""
        is_its_own = safe_name(said) == said and said not in records and not (folder / said).is_file()
        records.append(said if said and is_its_own else None)
    new = iter(record_names([board.serial for board, record in zip(boards, records, strict=True) if record is None],
                            filter(None, records)))  # fmt: skip
    return [record or next(new) for record in records]


def _not_yet(serial: str, place: str | None, chosen_by: Sequence[str] = ()) -> BoardRun:
    (asked,) = checks_for(Role.OBSERVATION)
    next_step = _RESUME if place is not None or not chosen_by else f"run it again: {run_again(chosen_by)}"
    why = Question(asked.id, asked.title).unknown(
        "it was not observed: the run was interrupted before", remedy=[next_step]
    )
    return BoardRun(serial=serial, place=place, verdicts=(why,))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that is to be finished.

    :param run: what there is of it; what was observed and not judged is judged.
    """

    run: Run
    folder: Path

    @property
    def open(self) -> tuple[BoardRun, ...]:
        """The boards that are to be observed anew."""
        return tuple(board for board in self.run.boards if is_open(board))

    @property
    def serials(self) -> tuple[str, ...]:
        """Of these boards."""
        return tuple(board.serial for board in self.open)

    @property
    def places(self) -> tuple[str, ...]:
        """The places of labgrid where they are."""
        return tuple({board.place: None for board in self.open if board.place is not None})

    def open_at(
        self, places: Mapping[Board, str], unusable: Sequence[BoardError]
    ) -> tuple[list[Board], list[BoardError]]:
        """Of the boards at these places those that are to be observed anew; and which others are not there.

        :param unusable: why boards and places cannot be used; of them nothing more is said.
        """
        wanted, known = set(map(_key, self.open)), set(map(_key, self.run.boards))
        any_board = {board.place for board in self.open if _stands_for_its_place(board)}
        found = {
            (place, board.serial): board
            for board, place in places.items()
            if (place, board.serial) in wanted or (place in any_board and (place, board.serial) not in known)
        }
        explained = {error.place for error in unusable} | (any_board & {place for place, _ in found})
        gone: list[BoardError] = []
        for board in self.open:
            if _key(board) not in found and board.place not in explained:
                others = ", ".join(visible(other.serial) for other, place in places.items() if place == board.place)
                seen = f"at the place {visible(str(board.place))} is now: {others}"
                gone.append(BoardNotFound("resume the run", seen, board=board.serial))
        return list(found.values()), gone

    def make_room(self, boards: Sequence[Board], places: Mapping[Board, str]) -> tuple[Run, list[str]]:
        """Move the incomplete records of these boards away: what a board said before it died is kept.

        :returns: the run, in which each of them has a part, also where till now the place stood for its board; and the
            names of their records.
        :raises HostError: they cannot be moved.
        """
        keys = [(places.get(board), board.serial) for board in boards]
        known, met = set(map(_key, self.run.boards)), {place for place, _ in keys}
        parts = [
            *(
                part
                for part in self.run.boards
                if _key(part) in keys or part.place not in met or not _stands_for_its_place(part)
            ),
            *(_not_yet(serial, place) for place, serial in keys if (place, serial) not in known),
        ]
        all_names = dict(zip(map(_key, parts), _names(parts, self.folder), strict=True))
        names = [all_names[key] for key in keys]
        try:
            for name in names:
                if not (self.folder / name).exists():
                    continue
                earlier = self.folder / EARLIER
                earlier.mkdir(mode=0o700, exist_ok=True)
                number = 1 + sum(1 for _ in earlier.glob(f"{name}-[0-9]*"))
                (self.folder / name).rename(earlier / f"{name}-{number}")
        except OSError as error:
            raise HostError(f"resume the run {self.folder}", os_reason(error)) from error
        return msgspec.structs.replace(self.run, boards=tuple(parts)), names


def read_unfinished(
    folder: Path, configs: Sequence[BoardConfig], *, named: bool, expectations: Sequence[Expectation] = ()
) -> Unfinished:
    """What a run left open.

    :param expectations: what a file of the user's expects of each board.

    :raises RecordError: there is no run in the folder.
    :raises UsageError: a file was given, pytest wrote the run, or its boards cannot be found again.
    """
    if folder.is_file():
        raise UsageError(f"resume the run {folder}", "it is a file", hint="give the run's folder")
    run = load_run(folder)
    if run.chosen_by and not all(board.place for board in run.boards):
        seen = f"{' '.join(map(visible, run.chosen_by))} chose its boards, and --resume does not find them again"
        raise UsageError(f"resume the run {folder}", seen, hint=f"run it again: {run_again(run.chosen_by)}")
    if any(is_open(board) and _has_tests(board) for board in run.boards):
        seen = "its boards have tests of pytest, which would be lost"
        raise UsageError(f"resume the run {folder}", seen, hint="run pytest again")
    names = _names(run.boards, folder)
    judged = []
    for board, name in zip(run.boards, names, strict=True):
        if is_open(board) and _is_complete(folder / name):
            (done,) = judge_folders([folder / name], configs, named, expectations=expectations).boards
            judged.append(msgspec.structs.replace(done, place=board.place, record=name))
    run = with_boards(run, judged)
    return Unfinished(run, folder)


def _has_tests(board: BoardRun) -> bool:
    return any(verdict.id.startswith("pytest.") for verdict in board.verdicts)


def _is_complete(record: Path) -> bool:
    """Whether the board was observed to its end, and the process ended before it was judged."""
    if not (record / JOURNAL).is_file():
        return False
    with contextlib.suppress(RecordError):
        return load_record(record).incomplete is None
    return False
