"""The index of runs on this host: a SQLite file, written after each run, that the runs' folders can make anew.

Runs are folders, and stay the truth: the index has only what :mod:`bringup.compare.history` asks. Several processes may
write at once: each run is one transaction, and SQLite makes the others wait.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from platformdirs import user_data_path

from bringup.compare.history import BoardHistory, History, Observed, Timed, TimingHistory, board_name, check_history
from bringup.errors import HostError, RecordError, os_reason
from bringup.files import PRIVATE
from bringup.outcome import Outcome
from bringup.report.load import load_run
from bringup.results.run import Run
from bringup.results.verdict import worst_answers
from bringup.text import visible

__all__ = ["HistoryFilter", "Rebuilt", "RunIndex", "default_index", "run_folders"]

_VERSION = 1
#: How long another process may hold the file; it takes a fraction of a second per run.
_BUSY_SECONDS = 30.0
_ENVIRONMENT = "BRINGUP_HISTORY"
_OFF = ("", "0", "off", "no")

_TABLES = """
CREATE TABLE run (id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE, started TEXT NOT NULL, tool TEXT NOT NULL);
CREATE TABLE board (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, name TEXT NOT NULL,
                    kernel TEXT, outcome TEXT NOT NULL);
CREATE TABLE verdict (board INTEGER NOT NULL REFERENCES board ON DELETE CASCADE, id TEXT NOT NULL, heap TEXT,
                      outcome TEXT NOT NULL);
CREATE TABLE timing (board INTEGER NOT NULL REFERENCES board ON DELETE CASCADE, source TEXT NOT NULL, op TEXT NOT NULL,
                     size INTEGER NOT NULL, threads INTEGER NOT NULL, p50 REAL NOT NULL, low REAL NOT NULL,
                     high REAL NOT NULL);
CREATE INDEX board_of_run ON board (run);
CREATE INDEX board_by_name ON board (name);
CREATE INDEX verdict_of_board ON verdict (board);
CREATE INDEX timing_of_board ON timing (board);
"""


def default_index() -> Path | None:
    """Where the index is: ``$BRINGUP_HISTORY``, else in the user's data folder. ``None``: it is switched off."""
    named = os.environ.get(_ENVIRONMENT)
    if named is None:
        return user_data_path("bringup", appauthor=False) / "history.sqlite3"
    return None if named.strip().lower() in _OFF else Path(named)


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which part of the history is wanted.

    :param board: a pattern for names of boards; ``check``: for ids of checks; ``heap``: for names of heaps.
    :param since: the earliest start of a run, ISO 8601; any prefix of one will do.
    """

    board: str = "*"
    check: str = "*"
    heap: str | None = None
    since: str = ""

    def has(self, check: str, heap: str | None) -> bool:
        """Whether a verdict of this check about this heap is wanted."""
        return fnmatchcase(check, self.check) and (self.heap is None or fnmatchcase(heap or "", self.heap))


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of making the index anew.

    :param unreadable: folders that hold no run that can be read, and why.
    :param kept: where the index that was there before is now; ``None``: there was none.
    """

    runs: int
    unreadable: tuple[tuple[Path, str], ...]
    kept: Path | None


class RunIndex:
    """The index in one file. Every method opens it, and closes it again."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, run: Run, folder: Path) -> None:
        """Write a run down, in place of what was there of the same folder.

        :raises HostError: the file cannot be written, is damaged, or a later version of bringup wrote it.
        """
        with self._open("write the history", create=True) as index:
            _add(index, run, folder)

    def history(self, asked: HistoryFilter) -> History:
        """What the index says.

        :raises HostError: there is none, it is damaged, or a later version of bringup wrote it.
        """
        with self._open("read the history", create=False) as index:
            (runs,) = index.execute("SELECT count(*) FROM run").fetchone()
            names = [name for (name,) in index.execute("SELECT DISTINCT name FROM board ORDER BY name")]
            boards = [_board(index, name, asked) for name in names if fnmatchcase(name, asked.board)]
        return History(index=str(self._file), runs=runs, boards=tuple(board for board in boards if board is not None))

    def rebuild(self, folders: Iterable[Path]) -> Rebuilt:
        """Make the index anew from run folders. What was there, damaged or not, is kept under another name.

        :raises HostError: the file cannot be written.
        """
        kept = self._move_away()
        runs, unreadable = 0, []
        for folder in folders:
            try:
                run = load_run(folder)
            except RecordError as error:
                unreadable.append((folder, str(error)))
                continue
            self.add(run, folder)
            runs += 1
        return Rebuilt(runs, tuple(unreadable), kept)

    def _move_away(self) -> Path | None:
        if not self._file.exists():
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        base, number = f"{self._file.name}.before-{stamp}", 1
        kept = self._file.with_name(base)
        while kept.exists():
            number += 1
            kept = self._file.with_name(f"{base}-{number}")
        try:
            for suffix in ("", "-wal", "-shm"):  # SQLite's own two, which are part of the file
                part = Path(f"{self._file}{suffix}")
                if part.exists():
                    part.rename(f"{kept}{suffix}")
        except OSError as error:
            raise HostError(f"move {self._file} away", os_reason(error)) from error
        return kept

    @contextmanager
    def _open(self, action: str, *, create: bool) -> Iterator[sqlite3.Connection]:
        """The open file, in one transaction that is committed unless the block raises."""
        action = f"{action} in {self._file}"
        if not create and not self._file.is_file():
            raise HostError(action, "there is none yet", hint="every bringup run writes one; from runs there are: "
                            "bringup history --rebuild FOLDER")  # fmt: skip
        try:
            if create:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)) as index:
                if create:
                    self._file.chmod(PRIVATE)
                index.execute("PRAGMA foreign_keys = ON")
                index.execute("BEGIN IMMEDIATE" if create else "BEGIN")
                _require_version(index, action, create=create)
                yield index
                index.execute("COMMIT")
        except (sqlite3.Error, UnicodeError, ValueError) as error:
            hint = "your runs are not touched: bringup history --rebuild FOLDER makes it anew, and keeps this file"
            raise HostError(action, visible(str(error))[:200], hint=hint) from error
        except OSError as error:
            raise HostError(action, os_reason(error), hint=f"{_ENVIRONMENT}=FILE names another, =off none") from error


def _require_version(index: sqlite3.Connection, action: str, *, create: bool) -> None:
    (version,) = index.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        seen = f"a later version of bringup wrote it (format {version}, this one knows {_VERSION})"
        raise HostError(action, seen, hint="update bringup, or name another file with BRINGUP_HISTORY")
    if version == 0:
        if not create:
            raise HostError(action, "it holds no history", hint="bringup history --rebuild FOLDER")
        for statement in _TABLES.split(";"):
            index.execute(statement)
        index.execute(f"PRAGMA user_version = {_VERSION}")


def _add(index: sqlite3.Connection, run: Run, folder: Path) -> None:
    place = str(folder.resolve())
    index.execute("DELETE FROM run WHERE folder = ?", (place,))
    run_id = index.execute(
        "INSERT INTO run (folder, started, tool) VALUES (?, ?, ?)", (place, run.started, run.tool)
    ).lastrowid
    for board in run.boards:
        row = (run_id, board_name(board), board.kernel, board.outcome.value)
        board_id = index.execute("INSERT INTO board (run, name, kernel, outcome) VALUES (?, ?, ?, ?)", row).lastrowid
        index.executemany(
            "INSERT INTO verdict VALUES (?, ?, ?, ?)",
            [
                (board_id, check, heap, outcome.value)
                for (check, heap), outcome in worst_answers(board.verdicts).items()
            ],
        )
        index.executemany(
            "INSERT INTO timing VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(board_id, t.label, t.op, t.size, t.threads, t.p50, t.low, t.high) for t in board.timings],
        )


def _board(index: sqlite3.Connection, name: str, asked: HistoryFilter) -> BoardHistory | None:
    """One board over time; ``None``: it has no run in that time."""
    rows = index.execute(
        "SELECT board.id, folder, started, tool, outcome, kernel FROM board JOIN run ON run.id = board.run "
        "WHERE name = ? AND started >= ? ORDER BY started, board.id",
        (name, asked.since),
    ).fetchall()
    if not rows:
        return None
    number_of = {board_id: number for number, (board_id, *_) in enumerate(rows)}
    runs = tuple(
        Observed(folder, started, tool, Outcome(outcome), kernel) for _, folder, started, tool, outcome, kernel in rows
    )
    answers: dict[tuple[str, str | None], dict[int, Outcome]] = {}
    timings: dict[tuple[str, str, int, int], list[Timed]] = {}
    for board_id, number in number_of.items():
        for id_, heap, outcome in index.execute("SELECT id, heap, outcome FROM verdict WHERE board = ?", (board_id,)):
            if asked.has(id_, heap):
                answers.setdefault((id_, heap), {})[number] = Outcome(outcome)
        of_board = "SELECT source, op, size, threads, p50, low, high FROM timing WHERE board = ?"
        for source, op, size, threads, p50, low, high in index.execute(of_board, (board_id,)):
            if asked.heap is None or fnmatchcase(source, asked.heap):
                timings.setdefault((source, op, size, threads), []).append(Timed(number, p50, low, high))
    checks = [check_history(id_, heap, given, runs) for (id_, heap), given in answers.items()]
    return BoardHistory(
        name, runs, tuple(checks), tuple(TimingHistory(*key, tuple(points)) for key, points in timings.items())
    )


def run_folders(places: Sequence[Path]) -> list[Path]:
    """The run folders in these folders, and in the folders in them, in whatever depth; links are not followed."""
    found: dict[Path, None] = {}
    for place in places:
        for folder, names, files in os.walk(place):
            names.sort()
            if "run.json" in files:
                found[Path(folder)] = None
                names.clear()  # what is below are its records
    return list(found)
