"""``bringup history`` and what ``bringup run`` leaves for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bringup.lab.run_index import RunIndex
from bringup.report import write_report
from tests.support.command import bringup
from tests.support.native_adbd import NativeBoard
from tests.support.report.many_runs import runs_of


def options(board: NativeBoard) -> list[str]:
    return ["-P", str(board.server.address.port), "-s", board.serial]


def test_each_run_is_remembered_and_one_that_shall_not_be_is_not(native_board: NativeBoard, tmp_path: Path) -> None:
    index = {"BRINGUP_HISTORY": str(tmp_path / "index")}
    for number, more in enumerate(([], ["--no-history"], [])):
        bringup(
            "run", *options(native_board), "-o", str(tmp_path / f"run-{number}"), "--rounds", "0", *more, environ=index
        )
    done = bringup("history", "--json", environ=index)
    document = json.loads(done.stdout)
    assert (done.returncode, document["runs"]) == (0, 2)
    (board,) = document["boards"]
    assert [Path(run["folder"]).name for run in board["runs"]] == ["run-0", "run-2"]
    assert bringup("history", "--check", "heap.*", environ=index).stdout.startswith(board["board"])
    assert bringup("history", "--since", "yesterday", environ=index).returncode == 2
    done = bringup("history", "--html", str(tmp_path / "page.html"), environ=index)
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "page.html").read_text().count("<html") == 1


def test_a_damaged_index_costs_a_run_nothing(native_board: NativeBoard, tmp_path: Path) -> None:
    (tmp_path / "index").write_text("not a database" * 500)
    run = ["run", *options(native_board), "--rounds", "0", "-o"]
    without = bringup(*run, str(tmp_path / "without"), environ={"BRINGUP_HISTORY": "off"})
    done = bringup(*run, str(tmp_path / "with"), environ={"BRINGUP_HISTORY": str(tmp_path / "index")})
    assert done.returncode == without.returncode
    assert "bringup history --rebuild" in done.stderr
    assert (tmp_path / "with" / "run.json").is_file()


def test_it_is_made_anew_from_folders(tmp_path: Path) -> None:
    index = {"BRINGUP_HISTORY": str(tmp_path / "index")}
    assert bringup("history", environ=index).returncode == 3
    for number, run in enumerate(runs_of({"heap.mode": ".F"}, ["1", "2"])):
        (tmp_path / f"run-{number}").mkdir()
        write_report(run, "json", tmp_path / f"run-{number}" / "run.json")
    done = bringup("history", "--rebuild", str(tmp_path), environ=index)
    assert (done.returncode, done.stderr) == (0, "2 runs in the history\n")
    assert ".F" in bringup("history", environ=index).stdout
    (tmp_path / "run-0" / "run.json").write_text("{")
    done = bringup("history", "--rebuild", str(tmp_path), environ=index)
    assert done.returncode == 3
    assert "left out" in done.stderr
    assert "1 run in the history" in done.stderr
    assert "is now" in done.stderr, "what was there is kept"


def test_switched_off_is_said(tmp_path: Path) -> None:
    done = bringup("history", environ={"BRINGUP_HISTORY": "off"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "BRINGUP_HISTORY" in done.stderr
    with pytest.raises(FileNotFoundError):
        RunIndex(tmp_path / "index")._file.stat()
