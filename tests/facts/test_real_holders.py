"""Who holds buffers, on real kernels with planted holders: right to the byte and the holder, nothing counted twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from bringup.allocator.plan import Run
from bringup.board import Board, RootPolicy
from bringup.deadline import Deadline
from bringup.document import read_document
from bringup.facts.holders.buffer_lists import BUFINFO
from bringup.facts.holders.sums import buffer_facts, holders_facts
from bringup.record.questions import AFTER_TESTS, WALK
from bringup.results.holders import HoldersDocument
from bringup.text import from_board
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.judged import Connect
from tests.support.native_adbd import AdbServer
from tests.support.planted_holders import HOLDS, SECONDS, Truth, assert_true, look, planted, push_program
from tests.support.schemas import closed, published

pytestmark = pytest.mark.board


@pytest.fixture
def board(amd64_board: VirtualBoard, connected: Connect, tmp_path: Path) -> Board:
    board = connected(amd64_board)
    push_program(board, "x86_64", tmp_path)
    return board


@pytest.mark.parametrize("case", ["plain", "named", "forked", "passed", "in-flight", "mapped", "both", "duplicated"])
def test_a_planted_holder_is_found(board: Board, tmp_path: Path, case: str) -> None:
    with planted(board, f"system 12288 {case}") as truth:
        assert_true(truth, board, tmp_path / "record")


def test_all_at_once_are_each_counted_once(board: Board, tmp_path: Path) -> None:
    cases = [
        f"system {size} {case}"
        for size, case in (
            (4096, "plain"), (8192, "named"), (12288, "forked"), (16384, "passed"), (20480, "in-flight"),
            (65536, "mapped"), (1 << 20, "both"), (4096, "duplicated"),
        )
    ]  # fmt: skip
    with planted(board, *cases) as truth:
        holders = assert_true(truth, board, tmp_path / "record")
    names = {share.name for process in holders.processes for share in process.shares}
    assert "camera\tpreview" in names
    assert_true(Truth(), board, tmp_path / "after")


def test_two_thousand_buffers_and_three_hundred_processes(board: Board, tmp_path: Path) -> None:
    with planted(board, "system 4096 crowd 300", "system 4096 plain 2000", "system 8192 mapped") as truth:
        holders = assert_true(truth, board, tmp_path / "record")
    assert holders.buffers == 2001
    assert holders.looked_at > 300


def test_after_the_tests_processes_are_looked_at_only_if_there_is_something_new(board: Board, tmp_path: Path) -> None:
    again = AFTER_TESTS[: len(WALK)]
    plants = Run(60_000, 1000, (HOLDS, "system", "8192", "plain"))
    with planted(board, "system 4096 plain") as truth:
        quiet = look(board, tmp_path / "quiet", (*WALK, *again))
        changed = look(board, tmp_path / "changed", (*WALK, plants, *again))
        ran = changed.record.ran(HOLDS)
        assert ran is not None
        truth.read(ran.stdout.text())
    assert [walk.unchanged for walk in quiet.record.walks] == [False, True]
    assert [walk.unchanged for walk in changed.record.walks] == [False, False]
    for facts, sizes in ((quiet, [4096]), (changed, [8192, 4096])):
        holders = holders_facts(facts)
        assert holders is not None
        assert [process.rss for process in holders.processes] == sizes
        assert holders.unheld == ()


def test_processes_that_die_meanwhile_change_nothing_for_the_others(board: Board, tmp_path: Path) -> None:
    with planted(board, "system 4096 plain 3", "system 65536 dying", "system 8192 passed") as truth:
        facts = look(board, tmp_path / "record")
        buffers = {one.inode: one for one in buffer_facts(facts)}
        holders = holders_facts(facts)
    assert holders is not None
    for inode, size in truth.sizes.items():
        assert buffers[inode].size == size
        own = {pid: (fds, mapped) for pid, fds, _, mapped in buffers[inode].holders if pid in truth.pids}
        assert own == truth.holds[inode]
    # A child of `dying` holds what it shares with its parent for a moment; nothing that it made is left without a holder.
    assert holders.unheld == ()
    assert sum(process.pss for process in holders.processes) == holders.held


def test_without_root_what_others_hold_is_not_said_to_be_held_by_no_process(
    fresh_board: Callable[..., VirtualBoard], connected: Connect, tmp_path: Path
) -> None:
    started = fresh_board(append="bringup.adbd_uid=2000 bringup.su=1 bringup.heap_mode=0666")
    board = connected(started)
    push_program(board, "x86_64", tmp_path)
    with planted(board, "system 12288 plain") as own:
        done = board.shell(f"su 0 {HOLDS} system 65536 plain", Deadline.after(SECONDS))
        others = Truth()
        others.read(from_board(done.stdout))
        for number, (prepare, why) in enumerate(
            (
                ("true", "may not be seen: that takes root"),
                ("mount -o remount,hidepid=2 /proc", "/proc shows no processes"),
            )
        ):
            assert board.shell(f"su 0 {prepare}", Deadline.after(SECONDS)).exit_code == 0
            facts = look(board, tmp_path / str(number), root=RootPolicy.NEVER)
            holders = holders_facts(facts)
            assert holders is not None
            assert any(why in note for note in holders.notes)
            assert holders.unheld is None
            assert {one.inode for one in holders.not_seen} == set(others.sizes)
            assert [(one.pid, one.rss) for one in holders.processes] == [(own.pids[0], 12288)]
            assert (holders.held, holders.bytes) == (12288, 12288 + 65536)
        seen = holders_facts(look(board, tmp_path / "root"))
    assert seen is not None
    assert (seen.unheld, seen.not_seen, len(seen.processes)) == ((), (), 2)


def test_names_may_hold_anything_and_a_file_called_like_a_buffer_is_none(board: Board, tmp_path: Path) -> None:
    with planted(board, "system 4096 odd", "system 8192 named") as truth:
        holders = assert_true(truth, board, tmp_path / "record")
    assert {share.name for process in holders.processes for share in process.shares} == {
        "\nTotal 0 objects, 0 bytes", "camera\tpreview",
    }  # fmt: skip
    assert "odd\n(x) S 1" in {process.name for process in holders.processes}


def test_processes_of_a_namespace_are_seen_with_their_numbers_here(board: Board, tmp_path: Path) -> None:
    wait = f"{HOLDS} system 8192 forked > {HOLDS}.said; while [ -e {HOLDS}.said ]; do sleep 0.1; done"
    board.shell(f"unshare -p -f sh -c '{wait}' </dev/null >/dev/null 2>&1 & echo $!", Deadline.after(SECONDS))
    said = f"while ! [ $(grep -c pid {HOLDS}.said) = 2 ]; do sleep 0.1; done"
    assert board.shell(said, Deadline.after(SECONDS)).exit_code == 0
    holders = holders_facts(look(board, tmp_path / "record"))
    assert holders is not None
    own = [process for process in holders.processes if process.name == "hold_buffers"]
    ended = f"rm {HOLDS}.said; while [ -d /proc/{own[0].pid} ] || [ -d /proc/{own[1].pid} ]; do sleep 0.1; done"
    assert board.shell(ended, Deadline.after(SECONDS)).exit_code == 0
    assert [(process.rss, process.pss) for process in own] == [(8192, 4096), (8192, 4096)]
    assert all(process.pid > 10 for process in own), "in its namespace they are the first processes"
    assert holders.unheld == ()


def test_the_command_prints_it(board: Board, adb_server: AdbServer, tmp_path: Path) -> None:
    environ = {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}
    with planted(board, "system 12288 forked", "system 65536 in-flight") as truth:
        done = bringup("heap", "holders", "-s", board.serial, "--json", "-o", str(tmp_path / "record"), environ=environ)
        text = bringup("heap", "holders", "-s", board.serial, environ=environ)
    assert done.returncode == 0, done.stderr
    document = read_document(done.stdout, HoldersDocument)
    jsonschema.Draft202012Validator(closed(published("report/schemas/holders-1.json"))).validate(
        json.loads(done.stdout)
    )
    assert {one.inode for one in document.list} == set(truth.sizes)
    assert (document.holders.bytes, document.holders.held) == (12288 + 65536, 12288)
    assert text.returncode == 0, text.stderr
    lines = [" ".join(line.split()) for line in text.stdout.splitlines()]
    assert f"hold_buffers {truth.pids[0]} 1 12 KiB 6 KiB –" in lines
    assert "held by no process 1 64 KiB 64 KiB" in lines
    assert f"  {BUFINFO}: 2 buffers, 76 KiB (77824 bytes): the same\n" in text.stdout
