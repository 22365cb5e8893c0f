"""ION's tests on a real kernel's real ION: arm64-5.10, by programs of 64 and of 32 bits; and boards that have none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.allocator.abi import Abi
from bringup.allocator.answer import HeapsFact, Hello, IonFact, Latency, Line, ReadTimes, Result, State
from bringup.allocator.manifest import binary
from bringup.allocator.plan import Bench, Heaps, Ion, Plan, Reads, Test
from bringup.allocator.run import Program, ensure_pushed, run
from bringup.board import Board, Target, connect_tcp
from bringup.config.shipped import config_dirs, load_all
from bringup.deadline import Deadline
from bringup.lab.judging import judge_record
from bringup.outcome import Outcome
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.results.ion import PointResult
from bringup.results.verdict import Outcome as Judged
from bringup.text import from_board
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.heap_tests import ON_ION
from tests.support.ktap import below, parse
from tests.support.native_adbd import AdbServer

pytestmark = pytest.mark.board

SECONDS = 300
NAMES = tuple(
    f"ion/{name}{flags}"
    for name in ("ion_system_contig_heap", "ion_system_heap", "linux,cma")
    for flags in ("", "/cached")
)
#: Linux 5.10 has no sync files and no statistics in sysfs, the board no DRM driver.
NOT_ON_5_10 = {"sync_file.rw", "sync_file.bad", "account.sysfs", "share.drm", "poll.fence"}
EXPECTED = {
    **dict.fromkeys(ON_ION, Outcome.PASS),
    **dict.fromkeys(NOT_ON_5_10, Outcome.SKIP),
    "ion.after_efault": Outcome.WARN,  # never fixed
}


@pytest.fixture(scope="module")
def board(shared_board: Callable[[str], VirtualBoard], adb_server: AdbServer) -> Board:
    return opened(shared_board("arm64-5.10"), adb_server)


def opened(started: VirtualBoard, adb_server: AdbServer) -> Board:
    deadline = Deadline.after(SECONDS)
    connect_tcp(adb_server.transport, started.serial, deadline)
    return Board.open(adb_server.transport, Target(started.serial), deadline)


def answer(board: Board, program: Program, plan: Plan) -> list[Line]:
    return list(run(board, program, plan, Deadline.after(SECONDS)))


@pytest.fixture(scope="module")
def program(board: Board) -> Program:
    return ensure_pushed(board, Deadline.after(SECONDS))


@pytest.mark.kernels
def test_every_heap_of_ion_passes_and_again(board: Board, program: Program) -> None:
    for _ in range(2):
        lines = answer(board, program, Plan().add(Ion(), Heaps("ion/*"), Test("*"), Reads(3), Bench(2)))
        told = next(one for one in lines if isinstance(one, IonFact))
        assert (told.state, told.abi) == (State.OK, "4.12")
        assert told.heaps == (("linux,cma", 4, 2), ("ion_system_contig_heap", 1, 1), ("ion_system_heap", 0, 0))
        assert next(one for one in lines if isinstance(one, HeapsFact)).names == NAMES
        for name in NAMES:
            results = [one for one in lines if isinstance(one, Result) and one.heap == name]
            assert {one.test: one.outcome for one in results} == EXPECTED, name
            warned = next(one for one in results if one.outcome is Outcome.WARN)
            assert "ALLOC gave EFAULT" in warned.seen
        assert {one.heap for one in lines if isinstance(one, ReadTimes)} == set(NAMES)
        assert {one.heap for one in lines if isinstance(one, Latency)} == set(NAMES)


@pytest.mark.kernels
def test_a_program_of_32_bits(board: Board) -> None:
    """On a kernel of 64: the structures are the same, and handles and pointers go through its translation."""
    path = "/data/local/tmp/bringup-test-ion-32"
    deadline = Deadline.after(SECONDS)
    board.push(binary(Abi.ARM).path.read_bytes(), path, 0o755, deadline)
    try:
        lines = answer(
            board, Program(path, True, "armv8l"), Plan().add(Ion(), Heaps("ion/ion_system_heap/cached"), Test("*"))
        )
        assert next(one for one in lines if isinstance(one, Hello)).abi == "armeabi-v7a"
        assert next(one for one in lines if isinstance(one, IonFact)).abi == "4.12"
        assert {one.test: one.outcome for one in lines if isinstance(one, Result)} == EXPECTED
    finally:
        board.shell(["rm", "-f", path], deadline)


@pytest.mark.kernels
def test_by_hand_at_the_boards_prompt(board: Board, program: Program) -> None:
    done = board.shell([program.path, "--ktap", "ion/*/cached"], Deadline.after(SECONDS))
    whole = parse(from_board(done.stdout))
    assert (done.exit_code, done.stderr) == (0, b"")
    assert [(good, name) for good, name, _, _ in whole.results] == [(True, name) for name in NAMES if "cached" in name]
    assert {name for _, name, _, _ in below(whole, 0).results} == ON_ION


@pytest.mark.kernels
def test_both_mappings_of_the_board_config_are_compared(board: Board, tmp_path: Path) -> None:
    """What an emulator does not show, its caches, is said to be not known; the rest is alike."""
    assert observe(board, tmp_path / "record", Observation(rounds=5, seconds=SECONDS)) is None
    judged = judge_record(load_record(tmp_path / "record"), load_all(config_dirs(())))
    assert judged.config == "virtual-arm64-5.10"
    assert judged.ion is not None
    assert [(one.heap, one.source) for one in judged.ion.comparisons] == [
        ("system", "ion/ion_system_heap/cached"),
        ("linux,cma", "ion/linux,cma/cached"),
    ]
    for one in judged.ion.comparisons:
        points = {point.name: point.result for point in one.points}
        assert (points["size"], points["zeroing"]) == (PointResult.SAME, PointResult.SAME)
        assert (points["contiguity"], points["alignment"]) == (PointResult.SAME, PointResult.SAME)
        assert points["cacheability"] is PointResult.UNKNOWN
        assert points["latency"] is not PointResult.UNKNOWN
        assert one.equivalent is None
    told = {(one.id, one.heap): one.outcome for one in judged.verdicts if one.id.startswith("ion.")}
    assert told["ion.heaps", None] is Judged.PASS
    assert told["ion.replaced", "system"] is told["ion.replaced", "linux,cma"] is Judged.WARN
    assert not [one for one in judged.verdicts if one.outcome in (Judged.FAIL, Judged.ERROR)]


@pytest.mark.kernels
def test_heap_list_and_heap_test_have_ion_without_being_asked(board: Board, adb_server: AdbServer) -> None:
    environ = {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}
    listed = bringup("heap", "list", "-s", board.serial, environ=environ)
    assert listed.returncode == 0, listed.stderr
    assert "ion/ion_system_heap" in listed.stdout
    done = bringup("heap", "test", "-s", board.serial, "--json", environ=environ)
    assert done.returncode == 0, done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    assert {one.get("heap") for one in verdicts if one["id"] == "allocator.zero.reuse"} == {
        "system",
        "linux,cma",
        *NAMES,
    }
    assert {one["heap"] for one in verdicts if one["id"] == "ion.replaced"} == {"system", "linux,cma"}


def test_a_board_without_ion(amd64_board: VirtualBoard, adb_server: AdbServer) -> None:
    board = opened(amd64_board, adb_server)
    lines = answer(board, ensure_pushed(board, Deadline.after(SECONDS)), Plan().add(Ion(), Heaps("ion/*"), Test("*")))
    assert next(one for one in lines if isinstance(one, IonFact)).state is State.MISSING
    assert [one for one in lines if isinstance(one, Result)] == []
