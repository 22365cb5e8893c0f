"""What an observation says while it goes on, what it leaves in the record of that, and how it waits for a board in use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bringup.allocator.plan import Read
from bringup.allocator.run import REMOTE_FOLDERS
from bringup.board import LOCK_NAME, Board, Claim, Owner, RootPolicy
from bringup.deadline import Deadline
from bringup.errors import Blame, BoardInUse, BringupError
from bringup.record.benchmark import Benchmark
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from tests.support.native_adbd import MakeNativeBoard, NativeBoard

SECONDS = 300
VERSION = Read("/proc/version", 4096)


def test_steps_are_said_and_written_down_one_after_the_other(native_board: NativeBoard, tmp_path: Path) -> None:
    said: list[str] = []
    how = Observation(questions=(VERSION,), heaps="absent", tests=("open",), seconds=SECONDS)
    assert observe(native_board.connect(), tmp_path / "r", how, said.append) is None
    record = load_record(tmp_path / "r")
    assert said == ["root", "push", "facts and tests", "absent: open"]
    assert [step.name for step in record.steps] == ["root", "push", "facts and tests"]
    assert all(step.seconds >= 0 for step in record.steps)
    assert all(a.at + a.seconds <= b.at + 0.001 for a, b in zip(record.steps, record.steps[1:], strict=False))
    assert record.round_trips is not None
    assert record.round_trips > 0
    assert (record.board.serial, record.board.boot_id) == (native_board.serial, native_board.boot_id)


def test_who_only_looks_says_so(native_board: NativeBoard, tmp_path: Path) -> None:
    said: list[str] = []
    how = Observation(questions=(VERSION,), heaps=None, seconds=SECONDS)
    assert observe(native_board.connect(), tmp_path / "r", how, said.append) is None
    record = load_record(tmp_path / "r")
    assert said == [step.name for step in record.steps] == ["root", "push", "facts"]
    (version,) = record.readings("/proc/version")
    assert version.text().startswith("Linux version")


def test_each_pass_and_size_of_a_benchmark_is_said_once(native_board: NativeBoard, tmp_path: Path) -> None:
    said: list[str] = []
    benchmark = Benchmark(("absent", "neither"), (4096, 16384), (1,), seconds=1, passes=2)
    how = Observation(questions=(), heaps=None, benchmark=benchmark, seconds=SECONDS)
    assert observe(native_board.connect(), tmp_path / "r", how, said.append) is None
    first, second = "measure, pass 1 of 2", "measure, pass 2 of 2"
    assert said[3:] == [first, f"{first}: 4 KiB", f"{first}: 16 KiB", second, f"{second}: 4 KiB", f"{second}: 16 KiB"]


def test_a_board_without_root_says_why_and_a_required_one_ends_it(
    make_native_board: MakeNativeBoard, tmp_path: Path
) -> None:
    board = make_native_board(uid=2000)
    how = Observation(questions=(VERSION,), heaps=None, seconds=SECONDS)
    observe(board.connect(), tmp_path / "may", how)
    record = load_record(tmp_path / "may")
    assert record.incomplete is None
    assert record.board.root == "none"
    assert record.board.root_reason
    failure = observe(board.connect(), tmp_path / "must", replace(how, root=RootPolicy.REQUIRE))
    assert isinstance(failure, BringupError)
    record = load_record(tmp_path / "must")
    assert (record.incomplete, record.blame) == (str(failure), failure.blame)
    assert (record.board.serial, record.board.root_reason) == (board.serial, failure.seen)
    assert [step.name for step in record.steps] == ["root"], "it has not answered, so it is not waited for"


def test_a_fault_of_ours_is_in_the_record_and_is_raised(
    native_board: NativeBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("for a test")

    monkeypatch.setattr(Board, "become_root", broken)
    with pytest.raises(ZeroDivisionError):
        observe(native_board.connect(), tmp_path / "r", Observation(questions=(), heaps=None, seconds=SECONDS))
    record = load_record(tmp_path / "r")
    assert (record.incomplete, record.blame) == ("a fault of bringup: ZeroDivisionError: for a test", Blame.HOST)


def test_who_is_interrupted_is_not_to_blame_the_board(native_board: NativeBoard, tmp_path: Path) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(native_board.connect(), tmp_path / "r", Observation(heaps=None, seconds=SECONDS), interrupt)
    record = load_record(tmp_path / "r")
    assert (record.incomplete, record.blame) == ("interrupted", Blame.USAGE)


def claim(token: str, wait: float = 0) -> Claim:
    return Claim(Owner(token * 16, seconds=SECONDS), REMOTE_FOLDERS, Deadline.after(wait))


def locks(board: NativeBoard) -> list[Path]:
    return [path for folder in REMOTE_FOLDERS if (path := board.files / folder[1:] / LOCK_NAME).exists()]


def test_a_board_in_use_is_waited_for_until_it_is_free(native_board: NativeBoard, tmp_path: Path) -> None:
    other, board = native_board.connect(), native_board.connect()
    others = claim("a")
    other.shell(others.take_script(), Deadline.after(SECONDS))
    said: list[str] = []

    def say(step: str) -> None:
        said.append(step)
        if step.startswith("wait"):
            other.release(others, Deadline.after(SECONDS))

    how = Observation(questions=(VERSION,), heaps=None, seconds=SECONDS)
    assert observe(board, tmp_path / "r", how, say, claim("b", SECONDS)) is None
    assert said == ["root", "push", "wait until nobody else uses the board", "facts"]
    assert load_record(tmp_path / "r").incomplete is None
    assert not locks(native_board), "it was given back"


def test_the_lock_of_another_stays(native_board: NativeBoard, tmp_path: Path) -> None:
    other = native_board.connect()
    others = claim("a")
    other.shell(others.take_script(), Deadline.after(SECONDS))
    said: list[str] = []
    how = Observation(questions=(VERSION,), heaps=None, seconds=SECONDS)
    failure = observe(native_board.connect(), tmp_path / "r", how, said.append, claim("b"))
    assert isinstance(failure, BoardInUse)
    assert said == ["root", "push"]
    assert load_record(tmp_path / "r").file("/proc/version") is None, "it was not disturbed"
    assert len(locks(native_board)) == 1
    other.release(others, Deadline.after(SECONDS))
    assert not locks(native_board)
