"""Who holds buffers, on arm64 kernels: ION beside heaps, a buffer that a driver alone holds, the list in sysfs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.allocator.plan import Run
from bringup.board import Board
from bringup.deadline import Deadline
from bringup.facts.holders.buffer_lists import BUFFERS_FOLDER, BUFINFO
from bringup.facts.holders.sums import holders_facts
from bringup.lab.watching import WatchPlan, watch
from bringup.record.questions import HOLDERS
from bringup.results.watch import Look, WatchLine
from bringup.virtual import VirtualBoard
from tests.support.judged import Connect
from tests.support.planted_holders import HOLDS, SECONDS, assert_true, look, planted, push_program

pytestmark = pytest.mark.board

Shared = Callable[[str], VirtualBoard]


def ready(board: VirtualBoard, connected: Connect, folder: Path) -> Board:
    reached = connected(board)
    push_program(reached, "aarch64", folder)
    return reached


def shell(board: Board, command: str) -> str:
    done = board.shell(command, Deadline.after(SECONDS))
    assert done.exit_code == 0, done
    return done.stdout.decode()


@pytest.mark.kernels
def test_buffers_of_ion_and_of_heaps_at_once(shared_board: Shared, connected: Connect, tmp_path: Path) -> None:
    board = ready(shared_board("arm64-5.10"), connected, tmp_path)
    cases = (
        "ion/0x1 8192 forked",
        "ion/0x1 65536 mapped",
        "system 4096 plain",
        "linux,cma 16384 passed",
        "system 4096 in-flight",
    )
    with planted(board, *cases) as truth:
        holders = assert_true(truth, board, tmp_path / "record")
        (waiting,) = shell(board, "sleep 1000 </dev/ion >/dev/null 2>&1 & echo $!").split()
        truth.pids.append(int(waiting))
        opened = holders_facts(look(board, tmp_path / "opened"))
    exporters = {share.exporter for process in holders.processes for share in process.shares}
    assert exporters == {"ion", "heap_helpers"}, "5.10 calls the buffers of all heaps so (drivers/dma-buf/heaps)"
    assert opened is not None
    assert [(process.pid, process.ion) for process in opened.processes if process.ion] == [(int(waiting), 1)]


@pytest.mark.kernels
def test_the_list_in_sysfs_says_the_same(shared_board: Shared, connected: Connect, tmp_path: Path) -> None:
    board = ready(shared_board("arm64-6.12"), connected, tmp_path)
    with planted(board, "system 12288 forked", "linux,cma 65536 both", "system 4096 in-flight") as truth:
        holders = assert_true(truth, board, tmp_path / "both")
        assert {source.path for source in holders.sources if source.buffers is not None} == {BUFFERS_FOLDER, BUFINFO}
    assert_true(type(truth)(), board, tmp_path / "none")


@pytest.mark.kernels
def test_without_debugfs_the_list_in_sysfs_is_used(
    fresh_board: Callable[..., VirtualBoard], connected: Connect, tmp_path: Path
) -> None:
    board = ready(fresh_board("arm64-6.12"), connected, tmp_path)
    shell(board, "umount /sys/kernel/debug")
    with planted(board, "system 12288 mapped", "system 4096 in-flight", "system 8192 plain") as truth:
        holders = assert_true(truth, board, tmp_path / "used")
        ends = Run(
            10_000, 1000, ("/bin/sh", "-c", f"kill -9 {truth.pids[-1]}; while kill -0 {truth.pids[-1]}; do :; done")
        )
        freed = holders_facts(look(board, tmp_path / "freed", (*HOLDERS[:-1], ends, HOLDERS[-1])))
        made = Run(60_000, 1000, (HOLDS, "system", "16384", "plain"))
        facts = look(board, tmp_path / "made", (*HOLDERS[:-1], made, HOLDERS[-1]))
        ran = facts.record.ran(HOLDS)
        assert ran is not None
        truth.read(ran.stdout.text())
        new = holders_facts(facts)
        lines: list[WatchLine] = []
        watch(board, WatchPlan(rounds=1, steps=("true",), interval=0), lines.append)
    looks = [{(share.process, share.bytes) for share in line.shares} for line in lines if isinstance(line, Look)]
    assert len(looks) == 2
    assert all(("no process", 4096) in shares for shares in looks), "heap watch reads sysfs, too"
    assert [source.path for source in holders.sources if source.used] == [BUFFERS_FOLDER]
    for changed in (freed, new):
        assert changed is not None
        assert changed.unheld is not None
        assert {one.inode for one in changed.unheld} == truth.unheld, (
            "what was freed or made meanwhile is not held by nobody"
        )


def test_a_buffer_that_a_driver_alone_holds(shared_board: Shared, connected: Connect, tmp_path: Path) -> None:
    """Pages of a memfd as a buffer (udmabuf), imported by vgem; the process has nothing but vgem's node."""
    board = ready(shared_board("arm64-debian"), connected, tmp_path)
    with planted(board, "udmabuf 65536 imported", "udmabuf 4096 plain", "udmabuf 8192 mapped") as truth:
        holders = assert_true(truth, board, tmp_path / "record")
    assert holders.unheld is not None
    (unheld,) = holders.unheld
    assert (unheld.size, unheld.exporter, unheld.devices) == (65536, "udmabuf", ("vgem",))
    assert [(one.name, one.buffers, one.bytes) for one in holders.devices] == [("vgem", 1, 65536)]
