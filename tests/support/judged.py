"""Virtual boards judged as a user does it: ``bringup run``, and what it found first. A pytest plugin.

Fixtures: ``connected(board)`` gives a :class:`Board`, ``judged(board, *arguments)`` the run of that board, and
``healthy_run(profile)`` the one run of a session on a board as it boots: what is judged in many ways is observed once.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bringup.board import Board, Selection, connect, connect_tcp
from bringup.deadline import Deadline
from bringup.errors import ExitCode
from bringup.outcome import Outcome
from bringup.report.load import load_run
from bringup.report.story import findings
from bringup.results.run import BoardRun
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.known_defects import expected_outcomes
from tests.support.native_adbd import AdbServer
from tests.support.once import made_once

__all__ = ["TRUE_OF_ONE", "Connect", "Healthy", "HealthyRun", "Judge", "first_cause", "nothing_is_wrong"]

Connect = Callable[[VirtualBoard], Board]
Judge = Callable[..., BoardRun]

#: A busy machine may not answer for a board in time, and then nothing is known of it.
ATTEMPTS = 3

#: What is true of these boards and no failure: they are emulated, on a host that may be busy, and small.
TRUE_OF_VIRTUAL_BOARDS = {"heap.slow", "dmabuf.no-statistics", "kernel.cpu-starved"}
TRUE_OF_ONE = {
    "amd64": {"kconfig.no-sync-file", "kconfig.no-proc-config", "kconfig.no-buffer-statistics"},
    # Two heaps compared on a busy emulator: one may be slower, and not every point can be known there.
    "arm64-5.10": {"kconfig.cma-sysfs-off", "ion.not-all-known", "ion.was-faster"},
    "arm64-6.12": {"kconfig.cma-sysfs-off", "kconfig.no-buffer-statistics"},
    "arm64-7.x": {"kconfig.cma-sysfs-off", "kconfig.no-buffer-statistics"},
}


@dataclass(frozen=True)
class HealthyRun:
    """What ``bringup run`` wrote of a board as it boots. All tests of the session have it: leave it as it is."""

    folder: Path

    @property
    def status(self) -> int:
        return int((self.folder.parent / "status").read_text())

    @property
    def board(self) -> BoardRun:
        (board,) = load_run(self.folder).boards
        return board

    @property
    def record(self) -> Path:
        (record,) = (path for path in self.folder.iterdir() if path.is_dir())
        return record

    def judged_again(self, folder: Path, *arguments: str) -> tuple[int, BoardRun]:
        """By ``bringup check RECORD``: its exit status, and what it wrote to ``folder``."""
        done = bringup("check", str(self.record), "-o", str(folder), *arguments)
        assert (folder / "run.json").is_file(), done.stderr
        (board,) = load_run(folder).boards
        return done.returncode, board


Healthy = Callable[[str], HealthyRun]


@pytest.fixture(scope="session")
def healthy_run(
    request: pytest.FixtureRequest, adb_server: AdbServer, tmp_path_factory: pytest.TempPathFactory
) -> Healthy:
    def of(profile: str) -> HealthyRun:
        def observe(folder: Path) -> None:
            board: VirtualBoard = request.getfixturevalue("shared_board")(profile)
            serial = connect_tcp(adb_server.transport, board.serial, Deadline.after(300))
            for _ in range(ATTEMPTS):
                done = bringup(
                    "run", "-s", serial, "-o", str(folder / "run"), "--replace", "--rounds", "3", "--seconds", "600",
                    environ={"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)},
                )  # fmt: skip
                if done.returncode != ExitCode.INFRASTRUCTURE or not _was_lost(folder / "run"):
                    break
                sys.stderr.write(f"observed again, for the board did not answer:\n{done.stderr}\n")
            assert (folder / "run" / "run.json").is_file(), done.stderr
            (folder / "status").write_text(str(done.returncode))

        return HealthyRun(made_once(tmp_path_factory, f"healthy-{profile}", observe) / "run")

    return of


def _was_lost(folder: Path) -> bool:
    (board,) = load_run(folder).boards
    return any(verdict.id == "board.observed" and verdict.outcome is Outcome.ERROR for verdict in board.verdicts)


@pytest.fixture
def connected(adb_server: AdbServer) -> Connect:
    def connect_it(board: VirtualBoard) -> Board:
        deadline = Deadline.after(300)
        serial = connect_tcp(adb_server.transport, board.serial, deadline)
        return connect(Selection(server=adb_server.address, serials=(serial,)), deadline)

    return connect_it


@pytest.fixture
def judged(adb_server: AdbServer, connected: Connect, tmp_path: Path) -> Judge:
    """Run ``bringup run`` on a board as a user does, and read the run it wrote."""

    def run(board: VirtualBoard, *arguments: str) -> BoardRun:
        serial = connected(board).serial
        environ = {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}
        out = tmp_path / "run"
        done: subprocess.CompletedProcess[str] = bringup(
            "run", "-s", serial, "-o", str(out), "--rounds", "3", "--seconds", "600", *arguments, environ=environ
        )
        assert (out / "run.json").is_file(), done.stderr
        (one,) = load_run(out).boards
        return one

    return run


def first_cause(board: BoardRun) -> str | None:
    first = findings(board.verdicts)[0]
    return first.cause.id if first.cause else None


def nothing_is_wrong(board: BoardRun, profile: str) -> None:
    """No check failed, and nothing is warned of but what is true of every such board."""
    assert {one.outcome.value for one in board.verdicts} <= {"pass", "skip", "warn"}
    named = {one.cause.id if one.cause else one.id for one in board.verdicts if one.outcome.value == "warn"}
    assert board.kernel is not None
    leak = {"kernel.known-defect"} if Outcome.WARN in expected_outcomes("fd.after_efault", board.kernel) else set()
    assert named <= TRUE_OF_VIRTUAL_BOARDS | TRUE_OF_ONE.get(profile, set()) | leak
