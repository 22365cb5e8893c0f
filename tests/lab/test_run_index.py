"""The index of runs: several writers at once, damage, a later version; nothing is lost, and it is said."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from bringup.errors import HostError
from bringup.lab.run_index import HistoryFilter, RunIndex, default_index, run_folders
from bringup.outcome import Outcome
from bringup.report import write_report
from bringup.results.run import Run
from tests.support.report.many_runs import runs_of

MARKS = {"heap.present system": "..FF", "heap.mode": "....", "exhaustion.clean system": ".F.."}
KERNELS = ("6.12.1", "6.12.1", "6.12.2", "6.12.3")


def write(folder: Path, runs: Sequence[Run]) -> list[Path]:
    """The runs as folders, as ``bringup run`` leaves them."""
    places = []
    for number, run in enumerate(runs):
        place = folder / f"run-{number}"
        place.mkdir(parents=True)
        write_report(run, "json", place / "run.json")
        places.append(place)
    return places


def filled(tmp_path: Path) -> RunIndex:
    index = RunIndex(tmp_path / "data" / "history.sqlite3")
    runs = runs_of(MARKS, KERNELS, alloc_ns=(100, 110, 120, 130))
    for run, place in zip(runs, write(tmp_path / "runs", runs), strict=True):
        index.add(run, place)
    return index


def test_what_was_written_is_read(tmp_path: Path) -> None:
    history = filled(tmp_path).history(HistoryFilter())
    (board,) = history.boards
    assert (history.runs, board.board) == (4, "made-up-1")
    assert [run.kernel for run in board.runs] == list(KERNELS)
    checks = {check.id: check for check in board.checks}
    present = checks["heap.present"]
    assert (present.last_good, present.first_bad, present.kernels_between) == (1, 2, ("6.12.2",))
    assert checks["exhaustion.clean"].flaky
    assert checks["heap.mode"].is_steady
    (timing,) = board.timings
    assert [point.p50 for point in timing.points] == [100, 110, 120, 130]


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    index = filled(tmp_path)
    (board,) = index.history(HistoryFilter(check="heap.*", since="2026-11-03")).boards
    assert {check.id for check in board.checks} == {"heap.present", "heap.mode"}
    assert len(board.runs) == 2
    assert not index.history(HistoryFilter(board="other*")).boards
    assert not index.history(HistoryFilter(since="2027")).boards


def test_the_same_folder_is_one_run(tmp_path: Path) -> None:
    index = filled(tmp_path)
    (again,) = runs_of({"heap.present system": "."}, ("6.12.9",))
    index.add(again, tmp_path / "runs" / "run-0")
    assert index.history(HistoryFilter()).runs == 4


def test_of_several_verdicts_the_worst_counts(tmp_path: Path) -> None:
    (run,) = runs_of({"heap.mode a": ".", "heap.mode": "."}, ("6.12.1",))
    verdicts = [verdict.__class__("x", "X", outcome) for verdict in run.boards[0].verdicts for outcome in Outcome]
    board = run.boards[0].__class__(serial="made-up-1", verdicts=tuple(verdicts))
    index = RunIndex(tmp_path / "history.sqlite3")
    index.add(Run(boards=(board,), tool="0", started="2026-11-01"), tmp_path)
    (check,) = index.history(HistoryFilter()).boards[0].checks
    assert check.outcomes == (Outcome.FAIL,)


def _add(file: Path, folder: Path, number: int) -> None:
    (run,) = runs_of({"heap.mode": "."}, ("6.12.1",))
    for again in range(5):
        RunIndex(file).add(run, folder / f"{number}-{again}")


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    writers = [start.Process(target=_add, args=(tmp_path / "index", tmp_path, number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert RunIndex(tmp_path / "index").history(HistoryFilter()).runs == 20


@pytest.mark.parametrize("damage", ["text", "empty pages", "a table gone"])
def test_a_damaged_index_is_named_kept_and_made_anew(damage: str, tmp_path: Path) -> None:
    index = filled(tmp_path)
    file = tmp_path / "data" / "history.sqlite3"
    if damage == "text":
        file.write_text("this is not a database, and never was one" * 100)
    elif damage == "empty pages":
        raw = file.read_bytes()
        file.write_bytes(raw[:100] + bytes(len(raw) - 100))
    else:
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE verdict")
        other.close()
    before = file.read_bytes()
    (run,) = runs_of({"heap.mode": "."}, ("6.12.1",))
    with pytest.raises(HostError, match="history") as error:
        index.add(run, tmp_path)
    assert "--rebuild" in error.value.hint
    with pytest.raises(HostError):
        index.history(HistoryFilter())
    rebuilt = index.rebuild(run_folders([tmp_path / "runs"]))
    assert (rebuilt.runs, rebuilt.unreadable) == (4, ())
    assert rebuilt.kept is not None
    assert rebuilt.kept.read_bytes() == before
    assert index.history(HistoryFilter()).boards[0].checks


def test_two_that_are_made_anew_in_one_second_are_both_kept(tmp_path: Path) -> None:
    index = filled(tmp_path)
    rebuilt = [index.rebuild(run_folders([tmp_path / "runs"])) for _ in range(4)]
    assert len({again.kept for again in rebuilt}) == 4


def test_an_index_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    index = filled(tmp_path)
    file = tmp_path / "data" / "history.sqlite3"
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    before = file.read_bytes()
    (run,) = runs_of({"heap.mode": "."}, ("6.12.1",))
    for act in (lambda: index.add(run, tmp_path), lambda: index.history(HistoryFilter())):
        with pytest.raises(HostError, match="later version"):
            act()
    assert file.read_bytes() == before


def test_a_folder_that_holds_no_run_costs_the_others_nothing(tmp_path: Path) -> None:
    places = write(tmp_path / "runs", runs_of(MARKS, KERNELS))
    (places[1] / "run.json").write_text("{")
    (places[2] / "inner").mkdir()
    (places[2] / "inner" / "run.json").write_text("{")  # below a run are its records
    rebuilt = RunIndex(tmp_path / "index").rebuild(run_folders([tmp_path / "runs"]))
    assert rebuilt.runs == 3
    assert [folder for folder, _ in rebuilt.unreadable] == [places[1]]


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    filled(tmp_path)
    file = tmp_path / "data" / "history.sqlite3"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_there_is_none_yet(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="none yet"):
        RunIndex(tmp_path / "index").history(HistoryFilter())
    assert not (tmp_path / "index").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (run,) = runs_of({"heap.mode": "."}, ("6.12.1",))
    with pytest.raises(HostError, match="history") as error:
        RunIndex(tmp_path / "file" / "index").add(run, tmp_path)
    assert "BRINGUP_HISTORY" in error.value.hint


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert default_index() is None, "tests leave nothing in the history of whoever runs them"
    monkeypatch.setenv("BRINGUP_HISTORY", str(tmp_path / "x"))
    assert default_index() == tmp_path / "x"
    monkeypatch.delenv("BRINGUP_HISTORY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_index() == tmp_path / "bringup" / "history.sqlite3"
