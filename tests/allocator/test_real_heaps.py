"""The heap tests on real kernels' real heaps: amd64 has the system heap, arm64-6.12 CMA and all statistics, too."""

from __future__ import annotations

import dataclasses

import pytest

from bringup.allocator.answer import Bye, Hello, Latency, Line, NodeType, Result, State
from bringup.allocator.plan import Bench, Heaps, Plan, Test
from bringup.allocator.run import Program, ensure_pushed, run
from bringup.board import Board, Target, connect_tcp
from bringup.deadline import Deadline
from bringup.outcome import Outcome
from bringup.record.load import Record, load_record
from bringup.text import from_board
from bringup.virtual import VirtualBoard, find_profile, running_board
from bringup.virtual.kernel.kernels import DebianKernel
from tests.support.heap_tests import EVERY
from tests.support.judged import Healthy
from tests.support.known_defects import settled
from tests.support.ktap import parse
from tests.support.native_adbd import AdbServer
from tests.support.virtual_board import SETUP_SECONDS, require_virtual_board

pytestmark = pytest.mark.board

SECONDS = 300
#: No virtual board has a protected heap or a DRM driver.
NOWHERE = {"protected.mmap", "share.drm"}
#: Debian's kernel for amd64 is built without CONFIG_SYNC_FILE and CONFIG_DMABUF_SYSFS_STATS.
NOT_ON_AMD64 = {*NOWHERE, "poll.fence", "mmap.private", "sync_file.rw", "sync_file.bad", "account.sysfs"}


def outcomes(results: list[Result]) -> dict[str, Outcome]:
    return {one.test: one.outcome for one in results}


def assert_nothing_else_is_seen(results: list[Result]) -> None:
    """A kernel that is known for it may leave a descriptor open where it cannot write its answer."""
    for result in results:
        if result.outcome is Outcome.WARN:
            assert result.test == "fd.after_efault"
            assert "ALLOC gave EFAULT" in result.seen
        elif result.outcome is Outcome.PASS:
            assert result.seen == ""


def release_of(record: Record) -> str:
    assert record.hello is not None
    return record.hello.release


@pytest.fixture(scope="module")
def board(amd64_board: VirtualBoard, adb_server: AdbServer) -> Board:
    deadline = Deadline.after(SECONDS)
    connect_tcp(adb_server.transport, amd64_board.serial, deadline)
    return Board.open(adb_server.transport, Target(amd64_board.serial), deadline)


@pytest.fixture(scope="module")
def program(board: Board) -> Program:
    return ensure_pushed(board, Deadline.after(SECONDS))


def answer(board: Board, program: Program, plan: Plan) -> list[Line]:
    return list(run(board, program, plan, Deadline.after(SECONDS)))


def test_the_system_heap_passes_every_test(healthy_run: Healthy) -> None:
    record = load_record(healthy_run("amd64").record)
    node = record.node("/dev/dma_heap/system")
    assert node is not None
    assert (node.state, node.type) == (State.OK, NodeType.CHAR)
    assert {one.heap for one in record.results} == {"system"}
    assert_nothing_else_is_seen(record.results)
    assert settled(outcomes(record.results), release_of(record)) == {
        **dict.fromkeys(EVERY, Outcome.PASS),
        **dict.fromkeys(NOT_ON_AMD64, Outcome.SKIP),
    }


@pytest.mark.kernels
def test_cma_and_every_statistic(healthy_run: Healthy) -> None:
    """On arm64-6.12 nothing is skipped but what only CMA heaps promise."""
    record = load_record(healthy_run("arm64-6.12").record)
    assert record.tested_heaps == {"linux,cma", "system"}
    for name in record.tested_heaps:
        results = [one for one in record.results if one.heap == name]
        assert_nothing_else_is_seen(results)
        skipped = {*NOWHERE, *({"mmap.private"} if name == "system" else ())}
        assert settled(outcomes(results), release_of(record)) == {
            **dict.fromkeys(EVERY, Outcome.PASS),
            **dict.fromkeys(skipped, Outcome.SKIP),
        }


@pytest.mark.kernels
def test_a_drm_driver_imports_a_buffer(adb_server: AdbServer) -> None:
    """Debian's kernel for PCs has vgem, which the cloud kernel of the board amd64 has not."""
    require_virtual_board("amd64")
    kernel = DebianKernel("trixie", r"linux-image-6\.12\.\d+\+deb13-amd64", direct=True)
    with_vgem = dataclasses.replace(
        find_profile("amd64"), name="amd64-vgem", kernel=kernel, modules=("virtio_net", "vgem")
    )
    with running_board(with_vgem, Deadline.after(SETUP_SECONDS)) as started:
        deadline = Deadline.after(SECONDS)
        connect_tcp(adb_server.transport, started.serial, deadline)
        board = Board.open(adb_server.transport, Target(started.serial), deadline)
        lines = answer(board, ensure_pushed(board, deadline), Plan().add(Heaps("system"), Test("share.drm")))
    (result,) = (one for one in lines if isinstance(one, Result))
    assert (result.outcome, result.seen) == (Outcome.PASS, "")


def test_latency_is_measured_on_the_board(board: Board, program: Program) -> None:
    found = [one for one in answer(board, program, Plan().add(Heaps("system"), Bench(20))) if isinstance(one, Latency)]
    assert [one.size for one in found] == [4096, 65536, 1 << 20, 4 << 20]
    assert {len(one.alloc_ns) for one in found} == {20}
    assert min(ns for one in found for ns in one.alloc_ns) > 0


def test_a_budget_is_kept_on_a_real_board(board: Board, program: Program) -> None:
    lines = answer(board, program, Plan(budget_bytes=1 << 20).add(Heaps("system"), Test("*"), Bench(1)))
    skipped = {one.test for one in lines if isinstance(one, Result) and one.outcome is Outcome.SKIP}
    assert skipped == {"alloc.4m"} | NOT_ON_AMD64
    assert max(one.size for one in lines if isinstance(one, Latency)) == 1 << 20
    assert_nothing_is_left(board, program)


def test_the_boards_boot_id_is_in_the_first_and_the_last_line(board: Board, program: Program) -> None:
    first, *_, last = answer(board, program, Plan())
    assert isinstance(first, Hello)
    assert isinstance(last, Bye)
    assert first.boot_id == last.boot_id == board.boot_id(Deadline.after(SECONDS))


def test_by_hand_at_the_boards_prompt(board: Board, program: Program) -> None:
    done = board.shell([program.path, "--ktap"], Deadline.after(SECONDS))
    whole = parse(from_board(done.stdout))
    assert (done.exit_code, done.stderr) == (0, b"")
    assert [(good, name) for good, name, _, _ in whole.results] == [(True, "system")]
    listed = board.shell([program.path, "--list"], Deadline.after(SECONDS))
    assert b'"id":"zero.reuse"' in listed.stdout
    assert_nothing_is_left(board, program)


def assert_nothing_is_left(board: Board, program: Program) -> None:
    seen = board.shell("ps -A -o ARGS; ls /data/local/tmp", Deadline.after(SECONDS)).stdout
    names = [line for line in from_board(seen).splitlines() if "bringup-" in line]
    assert names == [program.path.rpartition("/")[2]]
