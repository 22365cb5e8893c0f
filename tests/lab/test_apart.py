"""Judging in a process of its own: what takes too much costs its own board a verdict, and nobody else anything."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bringup.board import Selection
from bringup.cli.actions.check import CheckOptions, judge_and_report
from bringup.config.shipped import load_all
from bringup.errors import HostError, RecordError
from bringup.facts.board import Facts
from bringup.lab import judging
from bringup.lab.apart import Limits, OutOfLimits, apart
from bringup.lab.run import Job, run_boards
from bringup.outcome import Outcome
from bringup.record import load
from bringup.record.observe import Observation
from tests.support.lying_board import lying_board
from tests.support.native_adbd import SECONDS, wait_for

SMALL = Limits(cpu_seconds=1, seconds=60, memory=256 << 20)


def loop(_: object) -> int:
    while True:
        pass


def in_c(_: object) -> int:
    """What no signal handler of Python can interrupt."""
    return len(str("a" * 30 + "!").translate({})) + sum(range(10**12))


def too_much(_: object) -> int:
    return len(bytes(1 << 30))


def killed(_: object) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.mark.parametrize("work", [loop, in_c, killed])
def test_what_does_not_end_is_ended(work: Callable[[object], int]) -> None:
    with apart(work, SMALL) as ask, pytest.raises(OutOfLimits, match="1 s of CPU time and 256 MiB"):
        ask(None)


def test_where_no_process_can_be_started_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root, who runs these tests, may have as many as there is room for: a scripted fork."""

    def no_process() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    monkeypatch.setattr("bringup.lab.apart.os.fork", no_process)
    with pytest.raises(HostError, match="Resource temporarily unavailable"), apart(loop, SMALL):
        pass
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208


def test_where_nobody_is_left_to_do_it_that_is_said() -> None:
    """As when the machine is short of memory, and the kernel chooses the process that starts the others."""
    with apart(lambda _: os.getppid(), SMALL) as ask:
        server = ask(None)
        os.kill(server, signal.SIGKILL)
        os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)
        with pytest.raises(OutOfLimits, match="its process was killed"):
            ask(None)


def test_memory_has_an_end() -> None:
    with apart(too_much, SMALL) as ask, pytest.raises(MemoryError):
        ask(None)


def test_what_is_raised_there_is_raised_here_and_what_is_answered_comes_whole() -> None:
    def work(number: int) -> list[int]:
        if number < 0:
            raise RecordError("read", "it is negative", hint="give another")
        return list(range(number))

    with apart(work, SMALL) as ask:
        assert ask(200_000) == list(range(200_000))
        with pytest.raises(RecordError, match="it is negative") as raised:
            ask(-1)
        assert raised.value.hint == "give another"
        with ThreadPoolExecutor(8) as pool:
            assert [len(answer) for answer in pool.map(ask, range(40))] == list(range(40))


def test_temporary_files_go_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def work(_: object) -> str:
        folder = tempfile.mkdtemp()
        os.kill(os.getpid(), signal.SIGKILL)
        return folder

    with apart(work, SMALL) as ask, pytest.raises(OutOfLimits):
        ask(None)
    assert not list(tmp_path.iterdir())


def test_who_waits_is_let_go_when_nobody_wants_an_answer_any_more() -> None:
    begun = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with apart(loop, Limits()) as ask:

            def wait() -> None:
                begun.set()
                ask(None)

            waiting = pool.submit(wait)
            begun.wait()
        with pytest.raises(OutOfLimits):
            waiting.result()


#: Asks for what does not end.
ASKS = """
import pathlib, sys, threading
from bringup.lab.apart import Limits, apart

def work(_):
    pathlib.Path(sys.argv[1]).touch()
    threading.Event().wait()

with apart(work, Limits(cpu_seconds=60, seconds=600, memory=1 << 30)) as ask:
    ask(None)
"""


def test_what_was_asked_goes_with_a_process_that_is_killed(tmp_path: Path) -> None:
    begun, scratch = tmp_path / "begun", tmp_path / "scratch"
    scratch.mkdir()
    asking = subprocess.Popen([sys.executable, "-c", ASKS, str(begun)], env=os.environ | {"TMPDIR": str(scratch)})
    wait_for(begun.exists, SECONDS, "the work has begun")
    assert any(scratch.glob("*/asked"))
    asking.kill()
    asking.wait()
    wait_for(lambda: not any(scratch.iterdir()), SECONDS, "nothing is left")


def test_a_board_whose_judging_does_not_end_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = Facts.heap_nodes

    def endless(facts: Facts) -> object:
        return loop(None) if facts.record.board.serial == "b" else nodes.__get__(facts)

    monkeypatch.setattr(Facts, "heap_nodes", property(endless))
    monkeypatch.setattr(judging, "LIMITS", SMALL)
    boards = [lying_board(serial=serial) for serial in "abc"]
    run, _ = run_boards(boards, Job(tmp_path / "run", load_all(), how=Observation(rounds=0)))
    assert [board.serial for board in run.boards] == ["a", "b", "c"]
    (verdict,) = run.boards[1].verdicts
    assert verdict.outcome is Outcome.ERROR
    assert "it took more than 1 s of CPU time and 256 MiB of memory" in (verdict.reason or "")
    assert run.boards[1].record == "b"
    assert all(len(board.verdicts) > 10 for board in (run.boards[0], run.boards[2]))
    again = judging.judge_folders([tmp_path / "run" / name for name in "abc"], load_all())
    assert [len(board.verdicts) > 10 for board in again.boards] == [True, False, True]


def test_check_reads_a_boards_record_in_that_process_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    readers = tmp_path / "readers"
    readers.touch()
    really = load._load

    def noted(folder: Path, named: Path) -> load.Record:
        with readers.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return really(folder, named)

    monkeypatch.setattr(load, "_load", noted)
    monkeypatch.setattr("bringup.cli.actions.check.selected_boards", lambda _: [lying_board()])
    options = CheckOptions(
        records=(), board=None, config_dir=None, output=None, rendered=None, root="auto", fix_dir=None, as_json=True
    )
    judge_and_report(Selection(), options)
    pids = readers.read_text().split()
    assert pids
    assert str(os.getpid()) not in pids
