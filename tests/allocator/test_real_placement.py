"""Where pages lie and what heaps give, on real kernels: 5.10, 6.12 and 7.x tell it, Debian's arm64 kernel has no heap."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.allocator.answer import Exhaustion
from bringup.allocator.plan import Exhaust, Heaps, Pages, Plan
from bringup.allocator.run import ensure_pushed, run
from bringup.board import Board, Heartbeat, Target, connect_tcp
from bringup.checks.judge import judge
from bringup.deadline import Deadline
from bringup.facts.board import Facts
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.record.questions import TRACE_EVENTS
from bringup.results.run import BoardRun
from bringup.results.verdict import Outcome
from bringup.text import from_board
from bringup.virtual import VirtualBoard
from tests.support.native_adbd import AdbServer
from tests.support.virtual_board import MakeBoard

pytestmark = pytest.mark.board

SECONDS = 300
MIB = 1 << 20
#: An emulator that turns tracing on and off, on a busy machine, may answer nothing for longer than a board.
PATIENT = Heartbeat(answer=60)
STATE = "cd /sys/kernel/tracing; cat tracing_on set_event set_event_pid current_tracer buffer_size_kb"
INSTANCES = "/sys/kernel/tracing/instances"
#: Where the boards' default CMA area lies, by the overlay that they boot with: 32 MiB, of which a few pages are in use.
AREA = (0x5E000000, 0x60000000)
#: Kills the program, alone or with its group, when so many lines came after its first; then waits for the instance to go.
KILLED = """rm -f /tmp/answer; mkfifo /tmp/answer
setsid PROGRAM </tmp/plan >/tmp/answer &
{
  read -r hello; pid=${hello#*\\"pid\\":}; pid=${pid%%,*}
  for i in $(seq LINES); do read -r line; done
  echo "${line%%,*}"; kill -9 -- WHOM$pid
} </tmp/answer
for i in $(seq 300); do
  [ -z "$(ls /sys/kernel/tracing/instances)" ] && echo gone && break
  sleep 0.2
done
"""
#: Leaves one CPU and no debugfs, which has an exact count, and allocates and frees without end.
BUSY = """echo 0 >/sys/devices/system/cpu/cpu1/online; umount /sys/kernel/debug
mkdir -p /tmp/busy; mount -t tmpfs -o size=200m busy /tmp/busy
setsid sh -c 'while :; do dd if=/dev/zero of=/tmp/busy/x bs=64k count=600; rm -f /tmp/busy/x; done' </dev/null >/dev/null 2>&1 &
"""
Connect = Callable[[str], Board]


@pytest.fixture
def connect(shared_board: Callable[[str], VirtualBoard], adb_server: AdbServer) -> Connect:
    return lambda profile: connected(adb_server, shared_board(profile).serial, Deadline.after(SECONDS))


def connected(adb_server: AdbServer, serial: str, deadline: Deadline) -> Board:
    connect_tcp(adb_server.transport, serial, deadline)
    return Board.open(adb_server.transport, Target(serial), deadline, heartbeat=PATIENT)


def measured(board: Board, folder: Path) -> BoardRun:
    failure = observe(board, folder, Observation(tests=(), rounds=0, seconds=SECONDS))
    assert failure is None, failure
    return judge(Facts(load_record(folder)))


def outcomes(run: BoardRun, heap: str | None) -> dict[str, Outcome]:
    families = ("pages.", "exhaustion.", "cma.exhausted")
    return {one.id: one.outcome for one in run.verdicts if one.heap == heap and one.id.startswith(families)}


def shell(board: Board, script: str) -> str:
    return from_board(board.shell(script, Deadline.after(SECONDS)).stdout)


@pytest.mark.kernels
@pytest.mark.parametrize("profile", ["arm64-5.10", "arm64-6.12", "arm64-7.x"])
def test_a_kernel_shows_where_its_buffers_lie_and_what_it_gives(connect: Connect, tmp_path: Path, profile: str) -> None:
    board = connect(profile)
    before = shell(board, STATE)
    found = measured(board, tmp_path / "record")
    passed = dict.fromkeys(("pages.contiguous", "pages.region", "exhaustion.clean", "exhaustion.cma"), Outcome.PASS)
    counted = {} if profile == "arm64-5.10" else {"pages.counters": Outcome.PASS}
    skipped = {"pages.counters": Outcome.SKIP} if profile == "arm64-5.10" else {}
    assert outcomes(found, "linux,cma") == passed | counted | skipped
    assert outcomes(found, "system") == {"pages.runs": Outcome.PASS, "exhaustion.clean": Outcome.PASS}
    heaps = {one.name: one for one in found.heaps}
    for pages in heaps["linux,cma"].pages:
        assert pages.region is not None
        assert (pages.region.begin, pages.region.end) == AREA
        assert AREA[0] <= pages.lowest < pages.highest <= AREA[1]
        assert (pages.runs, pages.highest - pages.lowest) == (((pages.size // 4096, 1),), pages.size)
    assert [one.size for one in heaps["linux,cma"].pages] == [4096, 65536, MIB, 4 * MIB]
    orders = {order for one in heaps["system"].pages for order, _ in one.orders}
    assert orders == ({0} if profile == "arm64-5.10" else {0, 4, 8}), "5.10's heap takes single pages"
    gave = heaps["linux,cma"].exhaustion
    assert gave is not None
    assert (gave.stopped, gave.largest, gave.largest_after) == ("ENOMEM", 31 * MIB, 31 * MIB)
    assert 31 * MIB < gave.held <= 32 * MIB
    assert gave.largest_fragmented * 16 < gave.fragmented_free, "half of it is free, in pieces"
    after = shell(board, STATE)
    if profile == "arm64-5.10":
        # Before 6.7 the kernel's own buffer grows to what it announces when anybody enables an event: here, or in a test
        # before on this board.
        announced_or_grown = re.compile(r"(?:7 \(expanded: 1408\)|14\d\d)\n$")
        before, after = announced_or_grown.sub("", before), announced_or_grown.sub("", after)
    assert after == before
    assert shell(board, f"ls {INSTANCES}") == ""


@pytest.mark.kernels
def test_pages_on_a_cpus_own_list_are_free(fresh_board: MakeBoard, adb_server: AdbServer) -> None:
    """CmaFree does not count them, and since Linux 6.7 they may be most of an area: one CPU, and another program that
    allocates and frees."""
    deadline = Deadline.after(SECONDS)
    board = connected(adb_server, fresh_board("arm64-6.12", append="cma=16M", overlay=b"", memory=512).serial, deadline)
    program = ensure_pushed(board, deadline)
    shell(board, BUSY)
    plan = Plan().add(Heaps("reserved"), *[Exhaust(60_000)] * 3)
    gave = [line for line in run(board, program, plan, deadline) if isinstance(line, Exhaustion)]
    assert {(one.heap, one.cma) for one in gave} == {("reserved", True)}
    assert all(one.held > 14 * MIB and one.free - one.free_after < MIB for one in gave), gave


@pytest.mark.kernels
def test_failed_allocations_that_we_caused_are_not_the_boards_own(connect: Connect, tmp_path: Path) -> None:
    """The first observation fills the log with them; the second reads it."""
    board = connect("arm64-6.12")
    measured(board, tmp_path / "first")
    assert "alloc failed" in shell(board, "dmesg")
    assert outcomes(measured(board, tmp_path / "second"), None)["cma.exhausted"] is Outcome.PASS


@pytest.mark.kernels
def test_what_a_killed_predecessor_left_is_removed(connect: Connect) -> None:
    board = connect("arm64-6.12")
    program = ensure_pushed(board, Deadline.after(SECONDS))
    shell(board, f"mkdir {INSTANCES}/bringup-99999 {INSTANCES}/somebody")
    try:
        list(run(board, program, Plan().add(Heaps("system"), Pages(TRACE_EVENTS)), Deadline.after(SECONDS)))
        assert shell(board, f"ls {INSTANCES}").split() == ["somebody"]
    finally:
        shell(board, f"rmdir {INSTANCES}/somebody")


@pytest.mark.parametrize("group", [False, True], ids=["alone", "with its group"])
@pytest.mark.parametrize("profile", ["amd64", pytest.param("arm64-6.12", marks=pytest.mark.kernels)])
def test_a_killed_program_leaves_no_instance(connect: Connect, profile: str, group: bool) -> None:
    """The guard of the instance is in a session of its own. The host kills the whole group on Ctrl-C.

    The program is killed after each of its first lines, and then, either way, while it allocates.
    """
    board = connect(profile)
    program = ensure_pushed(board, Deadline.after(SECONDS))
    plan = Plan().add(Heaps("*"), *[Pages(TRACE_EVENTS)] * 4)
    board.push(plan.encode(), "/tmp/plan", 0o644, Deadline.after(SECONDS))
    killed = KILLED.replace("PROGRAM", program.path).replace("WHOM", "-" if group else "")
    counts = [1, 2, 3, *range(5 + 2 * group, 13, 4)]
    lines = [shell(board, killed.replace("LINES", str(count))) for count in counts]
    assert lines[0] == '{"t":"heaps"\ngone\n'
    assert lines[1] == '{"t":"tracing"\ngone\n'
    assert {line.partition("\n")[2] for line in lines} == {"gone\n"}


def test_debians_arm64_kernel_has_no_heap_to_trace(connect: Connect, tmp_path: Path) -> None:
    found = measured(connect("arm64-debian"), tmp_path / "record")
    told = {one.id: one for one in found.verdicts if one.id.startswith(("pages.", "exhaustion."))}
    assert {one.outcome for one in told.values()} == {Outcome.SKIP}
    assert all(one.reason for one in told.values())
