"""A program of the vendor's own on a real adbd: what is kept of it, where it runs, and that nothing of it stays there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.allocator.answer import State
from bringup.deadline import Deadline
from bringup.errors import BoardError, HostError, TransferError
from bringup.record import vendor_program
from bringup.record.journal import Journal
from bringup.record.load import RanEntry, load_record
from bringup.record.observe import Observation, observe
from bringup.record.vendor_program import run_vendor_program
from tests.support.native_adbd import NativeBoard

SECONDS = 300
SAYS = "pwd; ls; stat -c %a .; echo not good >&2; exit 3"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return script(tmp_path, SAYS)


def script(folder: Path, commands: str) -> Path:
    path = folder / "codec-test"
    path.write_text(f"#!/system/bin/sh\n{commands}\n")
    return path


def kept(board: NativeBoard, program: Path, folder: Path) -> RanEntry:
    how = Observation(questions=(), heaps=None, seconds=SECONDS, programs=(program,))
    assert observe(board.connect(), folder, how) is None
    record = load_record(folder)
    assert record.incomplete is None
    ran = record.ran("ktap/codec-test")
    assert ran is not None
    return ran


def left(board: NativeBoard) -> list[Path]:
    """Folders of programs that are still on the board."""
    return [
        path for place in ("data/local/tmp", "tmp") for path in (board.files / place).glob("bringup-*") if path.is_dir()
    ]


def test_both_outputs_and_the_status_are_kept(native_board: NativeBoard, program: Path, tmp_path: Path) -> None:
    ran = kept(native_board, program, tmp_path / "r")
    where, names, mode = ran.stdout.text().splitlines()
    assert where.startswith("/data/local/tmp/bringup-")
    assert (names, mode) == ("program", "700"), "a folder of its own, that nobody else may enter"
    assert (ran.argv, ran.state, ran.exit) == (("ktap/codec-test",), State.OK, 3)
    assert (ran.stdout.size, ran.stderr.text()) == (len(ran.stdout.data()), "not good\n")
    assert not left(native_board)


def test_a_program_that_says_nothing(native_board: NativeBoard, tmp_path: Path) -> None:
    ran = kept(native_board, script(tmp_path, "exit 0"), tmp_path / "r")
    assert (ran.exit, ran.stdout.size, ran.stdout.stored, ran.stderr.text()) == (0, 0, None, "")


def test_what_an_output_says_in_the_end_is_not_known_where_it_is_cut_off(
    native_board: NativeBoard, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_program, "_OUTPUT", 5)
    ran = kept(native_board, program, tmp_path / "r")
    assert (ran.stdout.text(), ran.stderr.text(), ran.exit) == ("/data", "not g", None)


def test_the_next_folder_is_taken_where_the_first_takes_nothing(
    native_board: NativeBoard, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_program, "REMOTE_FOLDERS", ("/nowhere", "/tmp", "/dev"))
    assert kept(native_board, program, tmp_path / "r").stdout.text().startswith("/tmp/bringup-")
    assert not left(native_board)


def test_a_board_that_takes_no_program(
    native_board: NativeBoard, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_program, "REMOTE_FOLDERS", ("/nowhere", "/neither"))
    with Journal(tmp_path / "r") as journal, pytest.raises(TransferError) as error:
        run_vendor_program(native_board.connect(), program, journal, Deadline.after(SECONDS))
    assert (error.value.action, error.value.seen) == ("run a program", "none of /nowhere, /neither takes a folder")
    assert error.value.board == native_board.serial


@pytest.mark.parametrize(("most", "seen"), [(3, "more than"), (None, "No such file")])
def test_a_program_that_cannot_be_read_here(
    native_board: NativeBoard,
    program: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most: int | None,
    seen: str,
) -> None:
    """It was there when it was asked for, or it would not have come so far."""
    if most is None:
        program.unlink()
    else:
        monkeypatch.setattr(vendor_program, "_MOST", most)
    with Journal(tmp_path / "r") as journal, pytest.raises(HostError, match=seen) as error:
        run_vendor_program(native_board.connect(), program, journal, Deadline.after(SECONDS))
    assert error.value.action == f"read {program}"


def test_a_program_that_does_not_end_leaves_nothing_there(
    native_board: NativeBoard, tmp_path: Path, time_to_kill: Deadline
) -> None:
    endless = script(tmp_path, "exec sleep 1000")
    board = native_board.connect()
    with Journal(tmp_path / "r") as journal, pytest.raises(BoardError):
        run_vendor_program(board, endless, journal, time_to_kill)
    assert not left(native_board)
