"""A run on places of labgrid is resumed: a real coordinator, two real exporters, native boards behind them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from bringup.lab.resuming import begin_run, is_open
from bringup.record.load import load_record
from bringup.report.load import load_run
from tests.support.command import bringup
from tests.support.hung_allocator import hung
from tests.support.labgrid_lab import Alone, Lab, Running, answers
from tests.support.native_adbd import SECONDS, wait_for

pytestmark = pytest.mark.usefixtures("nothing_stays_held")

BOTH = ("--place", "rack1", "--place", "rack2")


def resumed(lab: Lab, folder: Path, *more: str) -> Alone:
    """What its boards say once a run is resumed, by the coordinator that the run had."""
    before = {board.serial: board for board in load_run(folder).boards if not is_open(board)}
    done = bringup("run", "--resume", str(folder), "--no-history", *more)
    assert done.returncode in (1, 3), done.stderr
    assert lab.owners == {}
    boards = {board.serial: board for board in load_run(folder).boards}
    assert boards == boards | before, "what was done is kept"
    return {serial: answers(board) for serial, board in boards.items()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_is_resumed_on_its_places(lab: Lab, alone: Alone, tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "r"
    with hung(*(host.board for host in lab.exporters.values())):
        running = Running(lab, folder, "--tag", "board=native")
        running.wait_for_event("facts")
        running.process.send_signal(number)
        running.end()
    wait_for(lambda: not lab.owners, SECONDS, "the places are released")
    begun = load_run(folder)
    assert [board.place for board in begun.boards] == ["rack1", "rack2"]
    assert all(is_open(board) for board in begun.boards)

    lab.acquire("rack2", "desk/alice")
    done = bringup("run", "--resume", str(folder), "--no-history")
    assert done.returncode == 1, "rack1 fails, as it does alone"
    assert "desk/alice" in done.stderr
    assert f"→ bringup run --resume {folder} observes 1 board again" in done.stderr
    assert lab.owners == {"rack2": "desk/alice"}
    first, second = load_run(folder).boards
    assert answers(first) == alone[first.serial]
    assert is_open(second)
    lab.release("rack2")

    lab.acquire("rack1", "desk/bob")  # it is done, and not asked for any more
    done = bringup("run", "--resume", str(folder), "--no-history")
    assert done.returncode == 1, done.stderr
    assert lab.owners == {"rack1": "desk/bob"}
    lab.release("rack1")
    run = load_run(folder)
    assert {board.serial: answers(board) for board in run.boards} == alone
    assert run.boards[0] == first
    assert (run.started, run.chosen_by) == (begun.started, begun.chosen_by)
    assert all(load_record(folder / str(board.record)).incomplete is None for board in run.boards)
    lab.kill_coordinator()
    try:
        assert bringup("run", "--resume", str(folder), "--no-history").returncode == 1, "nothing is open any more"
    finally:
        lab.start_coordinator()
        for exporter in lab.exporters.values():
            exporter.kill()
            exporter.start()


def test_a_board_whose_host_was_cut_off_is_observed_again(lab: Lab, alone: Alone, tmp_path: Path) -> None:
    host = lab.exporters["rack2"]
    with hung(host.board):
        running = Running(lab, tmp_path / "r", *BOTH, "--seconds", "5")
        running.wait_for_event("facts")
        host.network.unplug()
        running.end()
    assert f"→ bringup run --resume {tmp_path / 'r'} observes 1 board again" in running.said
    host.network.plug()
    host.kill()
    host.start()
    assert resumed(lab, tmp_path / "r") == alone


def test_a_place_that_had_no_board_is_resumed_on_the_one_that_it_has(lab: Lab, alone: Alone, tmp_path: Path) -> None:
    host, folder = lab.exporters["rack2"], tmp_path / "r"
    host.kill()
    assert Running(lab, folder, *BOTH).end() == 1
    assert [(board.serial, board.place) for board in load_run(folder).boards] == [
        (lab.exporters["rack1"].board.serial, "rack1"),
        ("rack2", "rack2"),
    ]
    done = bringup("run", "--resume", str(folder), "--no-history")
    assert done.returncode == 1
    assert "nobody exports rack2/slot1" in done.stderr
    host.start()
    assert resumed(lab, folder) == alone


def test_another_board_at_the_place_is_not_the_one_of_the_run(lab: Lab, tmp_path: Path) -> None:
    host, folder = lab.exporters["rack2"], tmp_path / "r"
    folder.mkdir()
    begin_run(folder, ["other"], ("--place", "rack2", "--coordinator", lab.address), ["rack2"])
    done = bringup("run", "--resume", str(folder), "--no-history")
    assert done.returncode == 3
    assert f"other: resume the run: at the place rack2 is now: {host.board.serial}" in done.stderr
    assert lab.owners == {}
    assert [board.serial for board in load_run(folder).boards] == ["other"]


def test_of_two_boards_of_one_serial_the_open_one_is_observed(lab: Lab, tmp_path: Path) -> None:
    folder, there = tmp_path / "r", lab.exporters["rack1"]
    twin = lab.add_exporter("rack3", number=there.board.number)
    places = ("--place", "rack1", "--place", "rack3")
    try:
        assert Running(lab, folder, *places).end() == 1
        first, second = load_run(folder).boards
        (folder / str(second.record) / "record.jsonl").unlink()
        begin_run(folder, [first.serial, second.serial], (*places, "--coordinator", lab.address), ["rack1", "rack3"])
        done = bringup("run", "--resume", str(folder), "--no-history")
        assert done.returncode == 1, done.stderr
        assert [line for line in done.stderr.splitlines() if line.startswith("rack")] == [f"rack3: {second.serial}"]
        assert [board.place for board in load_run(folder).boards] == ["rack1", "rack3"]
        assert load_run(folder).boards[0] == first
        assert load_record(folder / str(second.record)).board.boot_id == twin.board.boot_id
    finally:
        lab.exporters.pop("rack3").kill()
