"""Observations that end half-way on a real board: what was seen is kept, it says where it stops, nothing else passes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bringup.allocator.plan import Plan
from bringup.board import Board, Heartbeat, Target, connect_tcp
from bringup.checks.judge import judge
from bringup.deadline import Deadline
from bringup.errors import AllocatorError, BringupError
from bringup.facts.board import Facts
from bringup.record.journal import JOURNAL
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation, observe
from bringup.results.verdict import Outcome, Verdict
from bringup.text import from_board
from bringup.virtual import Qmp, VirtualBoard
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.virtual_board import Boot, MakeBoard

SECONDS = 300
MIB = 1 << 20


@pytest.fixture(scope="module")
def started(boot_or_resume: Boot) -> Iterator[VirtualBoard]:
    """A board of these tests' own, with little memory."""
    with ExitStack() as boards:
        yield boot_or_resume(boards, "amd64", memory=256)


def connect_to(started: VirtualBoard, adb_server: AdbServer, heartbeat: Heartbeat | None = None) -> Board:
    deadline = Deadline.after(SECONDS)
    connect_tcp(adb_server.transport, started.serial, deadline)
    return Board.open(adb_server.transport, Target(started.serial), deadline, heartbeat=heartbeat)


@pytest.fixture
def connected(started: VirtualBoard, adb_server: AdbServer) -> Callable[[], Board]:
    return lambda: connect_to(started, adb_server)


def shell(board: Board, script: str) -> str:
    return from_board(board.shell(script, Deadline.after(SECONDS)).stdout)


def program_of(folder: Path) -> int:
    """The program's pid on the board, from the record that is being written."""
    lines = [json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines()]
    return int(next(line["pid"] for line in lines if line["t"] == "hello"))


def observe_until(board: Board, folder: Path, test: str, act: Callable[[int], object]) -> BringupError | None:
    """Observe, and when that test has ended do something to the program with that pid."""
    acted: list[object] = []

    def on_step(name: str) -> None:
        if name == f"system: {test}" and not acted:
            acted.append(act(program_of(folder)))

    # What comes after that test goes on for so long that the program is still at it when it is acted upon.
    how = Observation(rounds=0, seconds=SECONDS, return_seconds=5, stress=(1, 20_000))
    return observe(board, folder, how, on_step)


def judged(folder: Path) -> tuple[Record, dict[str, Verdict]]:
    record = load_record(folder)
    return record, {one.id: one for one in judge(Facts(record)).verdicts}


def assert_nothing_unseen_passes(record: Record, verdicts: dict[str, Verdict], last: str) -> None:
    """What has a result is judged by it; the heap as such, and the observation, are not known."""
    assert record.results[-1].test == last or len(record.results) > 2
    of_tests = {name.removeprefix("allocator."): one for name, one in verdicts.items() if name.startswith("allocator.")}
    assert set(of_tests) == {one.test for one in record.results}
    assert verdicts["board.observed"].outcome is Outcome.ERROR
    assert verdicts["allocator"].outcome is Outcome.ERROR
    assert verdicts["allocator"].heap == "system"
    assert verdicts["allocator"].reason is not None
    assert f"the tests after {record.results[-1].test} are not known" in verdicts["allocator"].reason


@pytest.mark.board
def test_a_program_that_was_killed(connected: Callable[[], Board], tmp_path: Path) -> None:
    other = connected()
    failure = observe_until(connected(), tmp_path / "r", "alloc.page", lambda pid: shell(other, f"kill -9 {pid}"))
    assert isinstance(failure, AllocatorError)
    record, verdicts = judged(tmp_path / "r")
    assert record.incomplete is not None
    assert "killed by signal 9" in record.incomplete
    assert verdicts["allocator.alloc.page"].outcome is Outcome.PASS, "what was seen stands"
    assert record.file("/proc/meminfo") is not None
    assert_nothing_unseen_passes(record, verdicts, "alloc.page")
    assert shell(other, LEFT) == "0\n", "its children end with it"


# How many of the program's processes are left; they may take a while to go.
LEFT = """
i=0
count() { ps -A -o ARGS | grep -c '[b]ringup-'; }
until [ $(count) = 0 ] || [ $i = 100 ]; do i=$((i + 1)); sleep 0.2; done
count
"""

# The program waits, or it would be done before the memory is. What takes it is a file without a name: it ends with the
# process that holds it.
FILL = r"""
kill -STOP PID
echo -1000 > /proc/$(pidof adbd)/oom_score_adj
echo 1000 > /proc/PID/oom_score_adj
mkdir -p /tmp/full && mount -t tmpfs -o size=1g full /tmp/full
exec 3>/tmp/full/file
rm /tmp/full/file
umount -l /tmp/full
echo 500 > /proc/self/oom_score_adj
exec cat /dev/zero >&3
"""


def killed_first(started: VirtualBoard) -> str:
    """Which program the kernel killed first for memory; it may do so long after the board has stopped to answer."""
    deadline = Deadline.after(SECONDS)
    while True:
        console = started.console.read_text("utf-8", "replace")
        if killed := re.search(r"Out of memory: Killed process \d+ \(([^)]*)\)", console):
            return killed[1]
        assert not deadline.expired, console[-2000:]
        threading.Event().wait(0.1)


@pytest.mark.board
def test_a_program_that_the_kernel_killed_for_memory(
    fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    """The board runs out of memory; the kernel's own OOM killer ends the program first, then what took the memory."""
    started = fresh_board(memory=256)
    board, other = (connect_to(started, adb_server) for _ in range(2))
    failure = observe_until(
        board, tmp_path / "r", "alloc.page", lambda pid: shell(other, FILL.replace("PID", str(pid)))
    )
    assert killed_first(started).startswith("bringup-")
    assert isinstance(failure, BringupError)
    record, verdicts = judged(tmp_path / "r")
    assert record.incomplete is not None
    # While the kernel frees what it took back, it may find nobody left to kill: then it panics.
    ends = ("killed by signal 9", "the board answers nothing", "the board rebooted while it was observed")
    assert any(words in record.incomplete for words in ends), record.incomplete
    assert_nothing_unseen_passes(record, verdicts, "alloc.page")


@pytest.mark.board
def test_a_board_with_little_free_memory(fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    """Most of it is taken: the tests hold at most half of what is left, none ends in an error, the board lives."""
    board = connect_to(fresh_board(memory=256), adb_server, Heartbeat(answer=60, most=60))
    free = int(shell(board, "grep MemFree: /proc/meminfo").split()[1]) // 1024
    mount = "mkdir -p /tmp/full && mount -t tmpfs -o size=1g full /tmp/full"
    shell(board, f"{mount} && head -c {(free - 24) * MIB} /dev/zero > /tmp/full/file")
    failure = observe(board, tmp_path / "r", Observation(rounds=0, seconds=SECONDS))
    assert failure is None
    record, verdicts = judged(tmp_path / "r")
    assert record.incomplete is None
    # A warning is a defect that this kernel is known for, and not for want of memory.
    assert {one.outcome for one in record.results} - {"warn"} == {"pass", "skip"}
    assert verdicts["allocator.alloc.1m"].outcome is Outcome.PASS


def _available(board: Board) -> int:
    """MiB"""
    return int(shell(board, "grep MemAvailable: /proc/meminfo").split()[1]) // 1024


@pytest.mark.board
def test_a_board_with_next_to_no_free_memory(fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    """13 MB available, less than what stays free: nothing is held, all of it is reported, and nothing is killed for memory."""
    started = fresh_board(memory=256)
    board = connect_to(started, adb_server, Heartbeat(answer=60, most=60))
    shell(board, "mkdir -p /tmp/full && mount -t tmpfs -o size=1g full /tmp/full")
    shell(board, "echo 3 > /proc/sys/vm/drop_caches")
    available = _available(board)
    for _ in range(12):  # it shrinks by less than what is filled: pages of files go first
        shell(board, f"head -c {max(0, available - 11) * MIB} /dev/zero >> /tmp/full/file")
        available = _available(board)
        if available <= 13:
            break
    assert available <= 13
    failure = observe(board, tmp_path / "r", Observation(seconds=SECONDS))
    assert failure is None
    record, verdicts = judged(tmp_path / "r")
    assert record.incomplete is None
    assert record.hello is not None
    assert record.hello.budget < MIB
    assert verdicts["allocator.alloc.1m"].outcome is Outcome.ERROR
    assert "MemAvailable less what stays free" in (verdicts["allocator.alloc.1m"].reason or "")
    said = verdicts["heap.latency"]
    assert any("could be held in buffers" in line for line in (*said.evidence, said.reason or ""))
    assert "Out of memory" not in started.console.read_text("utf-8", "replace")


@pytest.mark.board
def test_a_heap_that_is_not_there(connected: Callable[[], Board], tmp_path: Path) -> None:
    failure = observe(connected(), tmp_path / "r", Observation(heaps="absent", rounds=0, seconds=SECONDS))
    assert failure is None
    record, verdicts = judged(tmp_path / "r")
    assert (verdicts["allocator.open"].outcome, verdicts["allocator.open"].heap) == (Outcome.FAIL, "absent")
    assert {one.outcome for one in record.results if one.test != "open"} == {"skip"}
    assert (verdicts["allocator"].outcome, verdicts["allocator"].heap) == (Outcome.SKIP, "system"), (
        "it was not asked for"
    )


def test_a_plan_that_is_refused(native_board: NativeBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "encode", lambda _: b"plan\t1\nread\t/proc/version\t0\nend\n")
    failure = observe(native_board.connect(), tmp_path / "r", Observation(seconds=SECONDS))
    assert isinstance(failure, AllocatorError)
    record, verdicts = judged(tmp_path / "r")
    assert record.incomplete is not None
    assert "it refused its plan: a number outside its limits" in record.incomplete
    assert verdicts["board.observed"].outcome is Outcome.ERROR
    assert not [one.id for one in verdicts.values() if one.outcome is Outcome.PASS and one.id.startswith("allocator")]


@pytest.mark.board
def test_power_that_is_lost(fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    started, deadline = fresh_board(memory=256), Deadline.after(SECONDS)
    board = connect_to(started, adb_server)
    failure = observe_until(board, tmp_path / "r", "alloc.page", lambda _: Qmp(started.qmp).quit(deadline))
    assert isinstance(failure, BringupError)
    record, verdicts = judged(tmp_path / "r")
    assert record.incomplete is not None
    assert_nothing_unseen_passes(record, verdicts, "alloc.page")
