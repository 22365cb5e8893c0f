"""Virtual boards judged as a user does it: ``bringup run``, and what it found first. A pytest plugin.

Fixtures: ``connected(board)`` gives a :class:`Board`, ``judged(board, *arguments)`` the run of that board.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.board import Board, Selection, connect, connect_tcp
from bringup.deadline import Deadline
from bringup.outcome import Outcome
from bringup.report.load import load_run
from bringup.report.story import findings
from bringup.results.run import BoardRun
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.known_defects import expected_outcomes
from tests.support.native_adbd import AdbServer

__all__ = ["TRUE_OF_ONE", "Connect", "Judge", "first_cause", "nothing_is_wrong"]

Connect = Callable[[VirtualBoard], Board]
Judge = Callable[..., BoardRun]

#: What is true of these boards and no failure: they are emulated and small.
TRUE_OF_VIRTUAL_BOARDS = {"heap.slow", "dmabuf.no-statistics"}
TRUE_OF_ONE = {
    "amd64": {"kconfig.no-sync-file", "kconfig.no-proc-config", "kconfig.no-buffer-statistics"},
    # Two heaps compared on a busy emulator: one may be slower, and not every point can be known there.
    "arm64-5.10": {"kconfig.cma-sysfs-off", "ion.not-all-known", "ion.was-faster"},
    "arm64-6.12": {"kconfig.cma-sysfs-off", "kconfig.no-buffer-statistics"},
    "arm64-7.x": {"kconfig.cma-sysfs-off", "kconfig.no-buffer-statistics"},
}


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
