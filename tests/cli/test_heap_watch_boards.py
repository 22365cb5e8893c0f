"""``bringup heap watch`` on boards: a program that leaks, one that does not, Ctrl-C, a board that is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from adbutils import adb_path

from bringup.board import Board, Selection, connect, connect_tcp
from bringup.deadline import Deadline
from bringup.text import from_board
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.faults.process import no_signal_ignored
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.programs import compile_static

LEAKS = "/data/local/tmp/leak_buffers"
BUFFER = 64 << 10
SECONDS = 300
Make = Callable[..., NativeBoard]


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "series.jsonl").read_text("utf-8").splitlines()]


@contextmanager
def at_work(server: AdbServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A watch that has looked at its board twice."""
    with no_signal_ignored():
        process = subprocess.Popen(
            [sys.executable, "-m", "bringup", "heap", "watch", "--interval", "0.1", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ANDROID_ADB_SERVER_PORT": str(server.address.port)},
        )
    with process:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline() or "{}").get("event") for _ in range(3)]
        assert seen == ["begin", "look", "look"], process.stderr and process.stderr.read()
        yield process


def test_ctrl_c_ends_it_and_the_series_is_kept(
    adb_server: AdbServer, native_board: NativeBoard, tmp_path: Path
) -> None:
    with at_work(adb_server, "-s", native_board.serial, "-o", str(tmp_path / "w")) as process:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    (begin, *looks, end) = lines_of(tmp_path / "w")
    assert (begin["event"], begin["serial"], end["event"], end["why"]) == (
        "begin", native_board.serial, "end", "interrupted",
    )  # fmt: skip
    assert abs(len(looks) - end["looks"]) <= 1, "a signal may come between a look and its line"
    assert len(looks) >= 2
    assert (tmp_path / "w" / "watch.html").is_file()


def test_a_board_that_is_lost_ends_it_with_3_and_the_series_is_kept(
    adb_server: AdbServer, make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board()
    with at_work(adb_server, "-s", board.serial, "-o", str(tmp_path / "w"), "--fail-on", "leak") as process:
        board.stop()
        _, told = process.communicate()
    assert process.returncode == 3, told
    end = lines_of(tmp_path / "w")[-1]
    assert (end["event"], end["outcome"]) == ("end", "error")
    assert board.serial in end["why"]


def test_a_step_that_fails_ends_it(adb_server: AdbServer, native_board: NativeBoard, tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.write_text(f"# a round\necho $ANDROID_SERIAL $BRINGUP_ROUND >> {tmp_path}/rounds\ntest $BRINGUP_ROUND != 2\n")
    environ = {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}
    ended = bringup(
        "heap", "watch", "-s", native_board.serial, "--interval", "0", "--steps", str(steps), "-o", str(tmp_path / "w"),
        environ=environ,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "run the steps of round 2: 'test $BRINGUP_ROUND != 2' ended with status 1" in ended.stderr
    assert (tmp_path / "rounds").read_text() == f"{native_board.serial} 1\n{native_board.serial} 2\n"
    assert [line.get("round") for line in lines_of(tmp_path / "w") if line["event"] == "look"] == [0, 1]


@pytest.fixture(scope="module")
def board(amd64_board: VirtualBoard, adb_server: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Board:
    """A virtual board with the program that leaks."""
    deadline = Deadline.after(SECONDS)
    serial = connect_tcp(adb_server.transport, amd64_board.serial, deadline)
    found = connect(Selection(server=adb_server.address, serials=(serial,)), deadline)
    program = compile_static("leak_buffers", "x86_64", tmp_path_factory.mktemp("program"))
    found.push(program, LEAKS, 0o755, deadline)
    return found


@contextmanager
def running(board: Board, leaks: int) -> Iterator[int]:
    """The program at work; its process id."""
    done = board.shell(f"{LEAKS} system {BUFFER} {leaks} &", Deadline.after(SECONDS))
    pid = int(from_board(done.stdout).split()[0])
    try:
        yield pid
    finally:
        board.shell(f"kill -9 {pid}", Deadline.after(SECONDS))


def leak_test(board: Board, server: AdbServer, pid: int, folder: Path, rounds: int) -> tuple[int, list[dict[str, Any]]]:
    """In each round the program takes a buffer; exit status, and the lines of the series."""
    step = f"{adb_path()} -s $ANDROID_SERIAL shell kill -USR1 {pid}"
    ended = bringup(
        "heap", "watch", "-s", board.serial, "--interval", "0", "--while", step, "--rounds", str(rounds),
        "--fail-on", "leak", "-o", str(folder), environ={"ANDROID_ADB_SERVER_PORT": str(server.address.port)},
    )  # fmt: skip
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert lines == lines_of(folder), ended.stderr
    return ended.returncode, lines


@pytest.mark.board
def test_a_program_that_leaks_is_found_by_its_name(board: Board, adb_server: AdbServer, tmp_path: Path) -> None:
    with running(board, leaks=1) as pid:
        status, lines = leak_test(board, adb_server, pid, tmp_path / "w", rounds=20)
    (leak,) = (line for line in lines if line["event"] == "leak" and line["pid"])
    assert (leak["process"], leak["pid"], leak["exporter"]) == ("leak_buffers", pid, "system")
    assert leak["slope"] == BUFFER
    assert (status, lines[-1]["outcome"]) == (1, "fail")
    assert any(one["pid"] == pid and one["after"] == 21 * BUFFER for one in lines[-1]["growth"])


@pytest.mark.board
def test_a_program_that_gives_back_what_it_takes_is_not_accused(
    board: Board, adb_server: AdbServer, tmp_path: Path
) -> None:
    with running(board, leaks=0) as pid:
        status, lines = leak_test(board, adb_server, pid, tmp_path / "w", rounds=20)
    assert (status, lines[-1]["outcome"]) == (0, "pass")
    assert any(one["pid"] == pid and one["after"] == BUFFER for one in lines[-1]["growth"])
