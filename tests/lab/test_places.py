"""Places of labgrid: a real coordinator, two real exporters on two networks, native boards behind them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from getpass import getuser
from pathlib import Path
from socket import gethostname

import pytest

from bringup.board import connect_tcp, disconnect_tcp, list_boards
from bringup.deadline import Deadline
from bringup.outcome import Outcome
from bringup.record.load import load_record
from bringup.report.load import load_run
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.faults.relay import Relay
from tests.support.hung_allocator import hung
from tests.support.judged import Healthy
from tests.support.labgrid_lab import ADB_PORT, Alone, Lab, Running, answers
from tests.support.native_adbd import SECONDS, AdbServer, MakeNativeBoard, wait_for
from tests.support.plug_in import put_plug_in
from tests.support.ssh_server import SshServer

pytestmark = pytest.mark.usefixtures("nothing_stays_held")

BOTH = ("--place", "rack1", "--place", "rack2")


def test_two_hosts_give_what_their_boards_say_alone(lab: Lab, alone: Alone, tmp_path: Path) -> None:
    running = Running(lab, tmp_path / "r", *BOTH)
    running.wait_for_event("facts")
    assert lab.owners == dict.fromkeys(("rack1", "rack2"), f"{gethostname()}/{getuser()}")
    assert running.end() == 1, "native boards have no heaps"
    run = load_run(tmp_path / "r")
    assert {board.serial: answers(board) for board in run.boards} == alone
    assert run.chosen_by == (*BOTH, "--coordinator", lab.address)
    assert lab.owners == {}


def test_a_place_of_somebody_else_is_named_and_left_alone(lab: Lab, tmp_path: Path) -> None:
    lab.acquire("rack2", "desk/alice")
    running = Running(lab, tmp_path / "r", *BOTH)
    assert running.end() == 3
    assert "rack2" in running.said
    assert "desk/alice" in running.said
    assert "--reserve" in running.said
    assert not (tmp_path / "r").exists(), "rack1 was not used either"
    assert lab.owners == {"rack2": "desk/alice"}

    running = Running(lab, tmp_path / "tag", "--tag", "board=native", "--tag", "floor=two")
    assert running.end() == 3
    assert "desk/alice" in running.said

    running = Running(lab, tmp_path / "tags", "--tag", "board=native")
    assert running.end() == 1, "the other one fails, and a failure is worse than what is unknown"
    used, held = load_run(tmp_path / "tags").boards
    assert used.serial == lab.exporters["rack1"].board.serial
    assert (held.serial, held.unusable, held.outcome) == ("rack2", "held", Outcome.ERROR)
    assert "desk/alice" in str(held.verdicts[0].reason)
    assert lab.owners == {"rack2": "desk/alice"}

    waiting = Running(lab, tmp_path / "wait", "--tag", "floor=two", "--reserve", "300")
    waiting.wait_until_said("waiting for a place (floor=two)")
    assert len(lab.reservations) == 1
    lab.release("rack2")
    assert waiting.end() == 1
    assert lab.owners == {}
    assert lab.reservations == []


def test_a_reservation_that_takes_too_long_is_given_back(lab: Lab, tmp_path: Path) -> None:
    lab.acquire("rack2", "desk/alice")
    running = Running(lab, tmp_path / "r", "--place", "rack2", "--reserve", "0")
    assert running.end() == 3
    assert "within 0 s" in running.said
    assert lab.reservations == []
    waiting = Running(lab, tmp_path / "r", "--place", "rack2", "--reserve", "300")
    waiting.wait_until_said("waiting")
    waiting.process.send_signal(signal.SIGTERM)
    assert waiting.end() == 130
    assert lab.reservations == []
    lab.release("rack2")


def assert_rack2_says_what_it_says_alone(lab: Lab, alone: Alone, folder: Path) -> None:
    running = Running(lab, folder, "--place", "rack2")
    assert running.end() == 1, running.said
    (board,) = load_run(folder).boards
    serial = lab.exporters["rack2"].board.serial
    assert (board.serial, answers(board)) == (serial, alone[serial])


@pytest.mark.parametrize("cls", ["NetworkADBDevice", "NetworkUSBADBDevice"])
def test_a_board_of_an_adb_server_by_another_name(lab: Lab, alone: Alone, tmp_path: Path, cls: str) -> None:
    """labgrid's pull request was renamed, and its exporter gives a third name."""
    host = lab.exporters["rack2"]
    host.kill()
    host.cls = cls
    host.start()
    try:
        assert_rack2_says_what_it_says_alone(lab, alone, tmp_path / "r")
    finally:
        host.kill()
        host.cls = "RemoteUSBADBDevice"
        host.start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_place_stays_held_however_bringup_ends(lab: Lab, tmp_path: Path, number: signal.Signals) -> None:
    with hung(*(host.board for host in lab.exporters.values())):
        running = Running(lab, tmp_path / "r", *BOTH)
        running.wait_for_event("facts")
        assert len(lab.owners) == 2
        running.process.send_signal(number)
        assert running.end() == (-9 if number is signal.SIGKILL else 130)
    if number is not signal.SIGKILL:
        assert f"to observe the rest: bringup run --resume {tmp_path / 'r'}" in running.said
    if number is signal.SIGKILL:
        wait_for(lambda: not lab.owners, SECONDS, "the places are released")
    assert lab.owners == {}


def test_a_plug_in_that_waits_keeps_no_place(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "asked"
    source = f"import pathlib, threading; pathlib.Path({str(asked)!r}).touch(); threading.Event().wait()"
    (tmp_path / "site").mkdir()
    put_plug_in(tmp_path / "site", "waits", source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"), prepend=os.pathsep)
    running = Running(lab, tmp_path / "r", "--place", "first-floor")
    wait_for(asked.exists, SECONDS, "the plug-in is asked")
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == 130
    assert lab.owners == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_while_boards_are_waited_for(lab: Lab, tmp_path: Path, number: signal.Signals) -> None:
    exporter = lab.exporters["rack1"]
    exporter.board.unplug()
    running = Running(lab, tmp_path / "r", "--place", "rack1", "--wait-for-boot", "3600")
    threads = Path(f"/proc/{running.process.pid}/task")
    wait_for(lambda: bool(lab.owners) and len(list(threads.iterdir())) > 1, SECONDS, "its board is waited for")
    running.process.send_signal(number)
    try:
        assert running.end() == 130
        assert lab.owners == {}
    finally:
        running.process.kill()
        exporter.board.plug()
        connect_tcp(exporter.server.transport, exporter.board.serial, Deadline.after(SECONDS))


def test_a_place_that_was_reserved_is_had_while_others_are_waited_for(lab: Lab, tmp_path: Path) -> None:
    """A reservation that nobody asks about lapses within a minute."""
    lab.acquire("rack2", "desk/alice")
    running = Running(lab, tmp_path / "r", *BOTH, "--reserve", "300")
    running.wait_until_said("waiting for a place (name=rack2)")
    assert set(lab.owners) == {"rack1", "rack2"}
    lab.release("rack2")
    assert running.end() == 1
    assert lab.owners == {}


def test_the_process_that_holds_is_killed(lab: Lab, alone: Alone, tmp_path: Path) -> None:
    """labgrid itself ties a place to no connection: it stays held until somebody releases it. That is said."""
    running = Running(lab, tmp_path / "r", *BOTH)
    running.wait_for_event("facts")
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    (keeper,) = [pid for pid in children if b"places.keeper" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(keeper), signal.SIGKILL)
    assert running.end() == 1
    assert {board.serial: answers(board) for board in load_run(tmp_path / "r").boards} == alone
    assert "may still be held" in running.said
    assert set(lab.owners) == {"rack1", "rack2"}
    again = Running(lab, tmp_path / "again", *BOTH)
    assert again.end() == 3
    assert "which is you" in again.said
    assert "labgrid-client -p rack1 release" in again.said
    for place in ("rack1", "rack2"):
        lab.release(place)


def test_an_exporter_that_ends_during_a_run(lab: Lab, alone: Alone, tmp_path: Path) -> None:
    """The resource is orphaned then, and nobody else is given it; adb's way to the board is not the exporter's."""
    running = Running(lab, tmp_path / "r", *BOTH)
    running.wait_for_event("facts")
    lab.exporters["rack2"].kill()
    assert running.end() == 1
    assert {board.serial: answers(board) for board in load_run(tmp_path / "r").boards} == alone
    assert lab.owners == {}

    running = Running(lab, tmp_path / "gone", *BOTH)
    assert running.end() == 1
    used, lost = load_run(tmp_path / "gone").boards
    assert answers(used) == alone[used.serial]
    assert (lost.serial, lost.unusable, lost.outcome) == ("rack2", "lost", Outcome.ERROR), "lost is not failed"
    assert lab.owners == {}

    running = Running(lab, tmp_path / "only", "--place", "rack2")
    assert running.end() == 3
    assert "nobody exports rack2/slot1" in running.said
    lab.exporters["rack2"].start()


def test_a_host_that_is_cut_off_loses_its_board_alone(lab: Lab, alone: Alone, tmp_path: Path) -> None:
    host = lab.exporters["rack2"]
    with hung(host.board):
        running = Running(lab, tmp_path / "r", *BOTH, "--seconds", "5")
        running.wait_for_event("facts")
        host.network.unplug()
        assert running.end() in (1, 3), "rack1 fails, as it does alone"
    assert f"not observed to the end: {host.board.serial}" in running.said
    assert f"→ bringup run --resume {tmp_path / 'r'} observes 1 board again" in running.said
    host.network.plug()
    boards = {board.serial: board for board in load_run(tmp_path / "r").boards}
    ours = boards[lab.exporters["rack1"].board.serial]
    assert answers(ours) == alone[ours.serial]
    lost = boards[host.board.serial]
    assert load_record(tmp_path / "r" / str(lost.record)).board.place == "rack2"
    remedies = [line for verdict in lost.verdicts if verdict.id == "board.observed" for line in verdict.remedy]
    assert any("bringup run --place rack2" in line for line in remedies)
    assert not any(host.board.serial in line for line in remedies), "adb here does not list it"
    assert Outcome.ERROR in {verdict.outcome for verdict in lost.verdicts}
    passed = {answer for answer in answers(lost) if answer[2] == Outcome.PASS}
    assert passed <= set(alone[host.board.serial]), "nothing passes that did not before"
    host.kill()
    host.start()
    assert lab.owners == {}


def test_the_coordinator_is_started_again_during_a_run(lab: Lab, alone: Alone, tmp_path: Path) -> None:
    running = Running(lab, tmp_path / "r", *BOTH)
    running.wait_for_event("facts")
    lab.kill_coordinator()
    lab.start_coordinator()
    for exporter in lab.exporters.values():  # they end with their coordinator, and systemd starts them again
        exporter.kill()
        exporter.start()
    lab.acquire("rack2", "desk/alice")
    assert running.end() == 1
    assert "coordinator went away" in running.said
    assert {board.serial: answers(board) for board in load_run(tmp_path / "r").boards} == alone
    assert lab.owners == {"rack2": "desk/alice"}, "hers is not released"
    lab.release("rack2")


@pytest.mark.parametrize("cls", ["NetworkADBDevice", "RemoteADBDevice"])
def test_a_board_whose_adbd_is_on_the_network(
    lab: Lab, alone: Alone, own_server: AdbServer, make_native_board: MakeNativeBoard, tmp_path: Path, cls: str
) -> None:
    """The adb server of whoever runs connects to it, and lets it go."""
    native, host = make_native_board(own_server), lab.exporters["rack2"]
    disconnect_tcp(own_server.transport, native.serial, Deadline.after(SECONDS))
    host.kill()
    host.more = f"{cls}: {{host: {native.address}}}"
    host.start()
    running = Running(lab, tmp_path / "r", "--place", "more", "-P", str(own_server.address.port))
    assert running.end() == 1, running.said
    (board,) = load_run(tmp_path / "r").boards
    assert board.serial == native.serial
    assert answers(board) == alone[host.board.serial], "as any native board"
    assert list_boards(own_server.transport, Deadline.after(SECONDS)) == []
    assert lab.owners == {}


def test_a_virtual_board_behind_an_exporter(
    lab: Lab, shared_board: Callable[[str], VirtualBoard], healthy_run: Healthy, tmp_path: Path
) -> None:
    """A board with heaps, which the adb server beside the exporter reaches over a network of its own."""
    alone, host = healthy_run("amd64").board, lab.exporters["rack2"]
    relay = Relay(("127.0.0.1", int(shared_board("amd64").serial.rpartition(":")[2])), host=host.network.gateway)
    serial = f"{host.network.gateway}:{relay.port}"
    try:
        connect_tcp(host.server.transport, serial, Deadline.after(300))
        host.kill()
        host.more = f"RemoteUSBADBDevice: {{host: {host.network.address}, port: {ADB_PORT}, serialno: '{serial}'}}"
        host.start()
        running = Running(lab, tmp_path / "r", "--place", "more", "--rounds", "3", "--seconds", "600")
        assert running.end() == 0, running.said
        (board,) = load_run(tmp_path / "r").boards
        assert board.serial == serial
        # how fast an emulated board is depends on what else this host does
        both = (*alone.verdicts, *board.verdicts)
        slow = {verdict.id for verdict in both if verdict.cause and verdict.cause.id == "heap.slow"}
        assert [answer for answer in answers(board) if answer[0] not in slow] == [
            answer for answer in answers(alone) if answer[0] not in slow
        ]
        assert lab.owners == {}
    finally:
        disconnect_tcp(host.server.transport, serial, Deadline.after(SECONDS))
        relay.close()


def test_an_isolated_host_is_reached_through_ssh(
    lab: Lab, alone: Alone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = lab.exporters["rack2"]
    server = SshServer(tmp_path / "ssh", host.network.name, host.network.address)
    monkeypatch.setenv("PATH", str(server.path), prepend=os.pathsep)
    host.kill()
    host.is_isolated = True
    host.start()
    try:
        assert_rack2_says_what_it_says_alone(lab, alone, tmp_path / "r")
        assert "Accepted publickey" in server.said
        assert lab.owners == {}
        server.stop()
        running = Running(lab, tmp_path / "lost", "--place", "rack2")
        assert running.end() == 3
        assert "cannot be reached" in running.said
        assert lab.owners == {}
    finally:
        server.stop()
        host.kill()
        host.is_isolated = False
        host.start()


def test_no_coordinator_no_place_no_board(lab: Lab, tmp_path: Path) -> None:
    done = bringup("run", "--place", "rack1", "--coordinator", "127.0.0.1:9", "-o", str(tmp_path / "r"))
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "labgrid-coordinator" in done.stderr
    running = Running(lab, tmp_path / "r", "--place", "rack9")
    assert running.end() == 2
    assert "there is no place 'rack9'; there are more, no-board, rack1, rack2, rack3" in running.said
    running = Running(lab, tmp_path / "r", "--tag", "board=pixel")
    assert running.end() == 2
    running = Running(lab, tmp_path / "r", "--place", "no-board")
    assert running.end() == 3
    assert "no board behind adb" in running.said
    assert not (tmp_path / "r").exists()


def test_two_boards_of_one_serial(lab: Lab, tmp_path: Path) -> None:
    """Cheap boards have one serial number in the whole factory."""
    there = lab.exporters["rack1"]
    twin = lab.add_exporter("rack3", number=there.board.number)
    try:
        assert twin.board.serial == there.board.serial
        running = Running(lab, tmp_path / "r", "--place", "rack1", "--place", "rack3")
        assert running.end() == 1
        first, second = load_run(tmp_path / "r").boards
        assert first.serial == second.serial
        assert answers(first) == answers(second)
        boot_ids = [load_record(tmp_path / "r" / str(board.record)).board.boot_id for board in (first, second)]
        assert boot_ids == [there.board.boot_id, twin.board.boot_id]
    finally:
        lab.exporters.pop("rack3").kill()
