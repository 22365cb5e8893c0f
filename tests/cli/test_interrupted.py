"""Ctrl-C, a signal that ends the process, and a reader that goes away: nothing stays on the board, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from tests.support.command import bringup
from tests.support.faults.process import no_signal_ignored
from tests.support.hung_allocator import hang_the_allocator
from tests.support.native_adbd import AdbServer, NativeBoard

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Make = Callable[..., NativeBoard]


@pytest.fixture
def environ(adb_server: AdbServer) -> dict[str, str]:
    return {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}


@contextmanager
def at_work(environ: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of bringup that waits for the test allocator."""
    with no_signal_ignored():
        process = subprocess.Popen(
            [sys.executable, "-m", "bringup", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environ,
        )
    with process:
        assert process.stderr is not None
        while not process.stderr.readline().endswith(": facts and tests\n"):
            assert process.poll() is None
        yield process


def end_of(record: Path) -> object:
    return json.loads((record / "record.jsonl").read_text().splitlines()[-1])["why"]


@pytest.mark.parametrize("number", ENDING)
def test_a_run_ends_and_leaves_nothing_running(
    number: signal.Signals, environ: dict[str, str], make_native_board: Make, tmp_path: Path
) -> None:
    """The boards are observed by threads, which no signal reaches."""
    board = make_native_board()
    hang_the_allocator(board)
    with at_work(environ, "run", "-s", board.serial, "-o", str(tmp_path / "r")) as process:
        process.send_signal(number)
        told = process.communicate()[1]
    assert process.returncode == 130
    assert "bringup: interrupted\n" in told
    assert f"bringup check {tmp_path / 'r'}/*/" in told
    (journal,) = (tmp_path / "r").glob("*/record.jsonl")
    assert end_of(journal.parent) == "interrupted"
    deadline = Deadline.after(60)
    while any("sleep 600" in command for command in board.processes().values()):
        assert not deadline.expired, "it still runs on the board"


def test_an_archive_that_was_interrupted_can_be_judged(
    environ: dict[str, str], make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board()
    archive = tmp_path / "x.tar.zst"
    hang_the_allocator(board)
    with at_work(environ, "collect", "-s", board.serial, "-o", str(archive)) as process:
        process.send_signal(signal.SIGINT)
        told = process.communicate()[1]
    assert process.returncode == 130
    assert f"bringup check {archive}" in told
    assert [one.name for one in tmp_path.iterdir()] == ["x.tar.zst"]
    judged = bringup("check", str(archive), "--json")
    assert judged.returncode == 3
    assert "interrupted" in judged.stdout


def test_what_a_killed_collect_left_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x.part").mkdir()
    done = bringup("collect", "-s", "any", "-o", str(tmp_path / "x.tar.zst"), environ=environ)
    assert done.returncode == 2
    assert f"bringup check {tmp_path / 'x.part'} judges it" in done.stderr


def unread(*arguments: str, stderr: int = subprocess.DEVNULL, environ: dict[str, str] | None = None) -> int:
    """The exit status where nobody reads stdout, nor, if asked for, stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [sys.executable, "-m", "bringup", *arguments],
            stdout=writer,
            stderr=writer if stderr == subprocess.STDOUT else stderr,
            env=os.environ | (environ or {}),
            check=False,
        ).returncode
    finally:
        os.close(writer)


@pytest.mark.parametrize("command", [["explain"], ["render", "--list"], ["config", "show", "db845c"]])
def test_output_that_nobody_reads_is_no_failed_check(command: list[str]) -> None:
    assert unread(*command) == 3


def test_a_run_that_nobody_watches_is_kept_whole(
    environ: dict[str, str], make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board()
    out = tmp_path / "r"
    arguments = ("run", "-s", board.serial, "-o", str(out), "--rounds", "0", "--fix-dir", str(tmp_path / "fixes"))
    assert unread(*arguments, stderr=subprocess.STDOUT, environ=environ) == 3
    assert {"run.json", "report.html", "junit.xml"} <= {one.name for one in out.iterdir()}
    (journal,) = out.glob("*/record.jsonl")
    assert json.loads(journal.read_text().splitlines()[-1])["complete"] is True
    assert (tmp_path / "fixes" / "README.md").exists()


def test_an_interrupt_while_a_class_is_being_made_has_the_same_status(tmp_path: Path) -> None:
    """dataclasses run exec(); what CPython remembers of an interrupt in it ended ``python -m`` by SIGINT."""
    interrupted = (
        "from bringup.cli import entry\nentry._run = lambda _: exec('raise KeyboardInterrupt')\nentry.main()\n"
    )
    (tmp_path / "interrupted.py").write_text(interrupted)
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "bringup: interrupted\n")
