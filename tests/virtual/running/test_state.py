from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, UsageError
from bringup.virtual import running, stop
from bringup.virtual.locks import locked
from bringup.virtual.running.machine import _sweep
from bringup.virtual.running.state import Folder, VirtualBoard, folder_of


def made(own_runtime: Path, name: str = "one") -> Folder:
    folder = folder_of(name)
    folder.path.mkdir(parents=True)
    assert folder.path.is_relative_to(own_runtime)
    return folder


def board(folder: Folder, pid: int) -> VirtualBoard:
    return VirtualBoard(folder.name, "amd64", "127.0.0.1:9", 9, pid, folder.qmp, folder.console, "x")


def test_a_pid_that_now_belongs_to_somebody_else_is_no_board(own_runtime: Path) -> None:
    folder = made(own_runtime)
    folder.pidfile.write_text(f"{os.getpid()}\n")
    folder.save(board(folder, os.getpid()))
    assert folder.pid() is None
    assert running() == []
    assert stop("one", Deadline.after(60)) is False
    assert not folder.path.exists()


@pytest.mark.parametrize("text", ["", "no number", "4194999\n", "-1"])
def test_a_pid_file_that_names_no_process_is_no_board(own_runtime: Path, text: str) -> None:
    folder = made(own_runtime)
    folder.pidfile.write_text(text)
    assert folder.pid() is None


def test_a_process_with_the_folders_mark_is_the_board_and_stop_ends_it(own_runtime: Path) -> None:
    folder = made(own_runtime)
    sleeper = [sys.executable, "-c", "import signal; print(flush=True); signal.pause()", f"unix:{folder.qmp},server=on"]
    with subprocess.Popen(sleeper, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        folder.pidfile.write_text(str(process.pid))
        folder.save(board(folder, process.pid))
        assert running() == [board(folder, process.pid)]
        assert stop("one", Deadline.after(60)) is True
    assert running() == []


@pytest.mark.parametrize("text", ["", "{", "{}", '{"qmp": 1}', json.dumps({"qmp": "a", "console": "b", "surprise": 1})])
def test_a_board_file_that_cannot_be_read_is_no_board(own_runtime: Path, text: str) -> None:
    folder = made(own_runtime)
    sleeper = [sys.executable, "-c", "input()", str(folder.qmp)]
    with subprocess.Popen(sleeper, stdin=subprocess.PIPE) as process:
        folder.pidfile.write_text(str(process.pid))
        (folder.path / "board.json").write_text(text)
        assert folder.load() is None
        process.communicate(b"\n")


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 31, "a b"])
def test_names_that_are_none(own_runtime: Path, name: str) -> None:
    with pytest.raises(UsageError):
        folder_of(name)


def test_a_long_runtime_folder_is_not_used_for_sockets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert len(str(folder_of("x" * 30).qmp)) < 108


def test_a_lock_that_is_held_ends_the_wait_at_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, Deadline.after(60), "work"):
        with pytest.raises(DeadlineExceeded) as caught, locked(path, Deadline.after(0.1), "work too"):
            pass
        assert str(path) in caught.value.hint
    with locked(path, Deadline.after(60), "work again"):
        pass


def test_only_folders_of_killed_owners_are_swept(own_runtime: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left, live, named = made(own_runtime, "left"), made(own_runtime, "live"), made(own_runtime, f"a-{ended.pid}-1")
    left.own(ended.pid)
    live.own(os.getpid())
    _sweep()
    assert [folder.path.exists() for folder in (left, live, named)] == [False, True, True]
