"""What happens when a real board, its adbd or the adb server dies: noticed quickly, named rightly, and over again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bringup.board import Board, Heartbeat, Stdout, Target, connect_tcp, list_boards
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardLost, BoardNotReady, BoardRebooted, BringupError, DeadlineExceeded
from tests.support.faults.relay import Relay

if TYPE_CHECKING:
    from tests.support.native_adbd import AdbServer, MakeNativeBoard, NativeBoard

# A live board has a minute to answer, as on a busy machine it may need; one that is dead is not waited for as long.
PATIENT = Heartbeat(quiet=0.2, answer=60, most=60)
QUICK = Heartbeat(quiet=0.2, answer=0.8)


def soon() -> Deadline:
    return Deadline.after(120)


@pytest.fixture
def native(make_native_board: MakeNativeBoard) -> NativeBoard:
    return make_native_board()


@pytest.fixture
def board(native: NativeBoard) -> Board:
    return Board.open(native.server.transport, Target(native.serial), soon(), heartbeat=PATIENT)


def break_while_running(board: Board, fault: Callable[[], None]) -> BringupError:
    chunks = board.stream("echo started; sleep 99999", soon())
    assert next(chunks) == Stdout(b"started\n")
    fault()
    with pytest.raises(BringupError) as caught:
        list(chunks)
    return caught.value


def mute(board: Board, fault: Callable[[], None]) -> Callable[[], None]:
    """A fault after which nothing answers, and nothing is closed: the heartbeat alone can notice it."""

    def harm() -> None:
        fault()
        board._link.heartbeat = QUICK

    return harm


def heal(board: Board) -> None:
    board._link.heartbeat = PATIENT


def test_a_frozen_board_answers_nothing(native: NativeBoard, board: Board) -> None:
    error = break_while_running(board, mute(board, lambda: native.signal_adbd(signal.SIGSTOP)))
    assert type(error) is BoardLost
    assert "answers nothing" in str(error)
    assert "'device'" in str(error)
    native.signal_adbd(signal.SIGCONT)
    assert board.wait(soon()) == native.boot_id


def test_a_board_that_is_frozen_before_the_command_is_noticed_too(native: NativeBoard, board: Board) -> None:
    mute(board, lambda: native.signal_adbd(signal.SIGSTOP))()
    with pytest.raises(BoardLost, match="answers nothing"):
        board.shell("true", soon())
    with pytest.raises(BoardLost, match="answers nothing"):
        board.push(b"x", "/data/local/tmp/x", 0o644, soon())
    with pytest.raises(BoardLost, match="answers nothing"):
        board.boot_id(soon())
    with pytest.raises(BoardNotReady, match="answers nothing"):
        Board.open(native.server.transport, Target(native.serial), soon(), heartbeat=QUICK)
    native.signal_adbd(signal.SIGCONT)


def test_a_board_that_freezes_during_a_push_is_noticed(native: NativeBoard, board: Board, tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(8 << 30)
    there, over = native.files / "data/local/tmp/big", threading.Event()

    def freeze_once_it_comes() -> None:
        while not (there.exists() and there.stat().st_size) and not over.wait(0.01):
            pass
        mute(board, lambda: native.signal_adbd(signal.SIGSTOP))()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(freeze_once_it_comes)
        try:
            with pytest.raises(BoardLost, match="answers nothing"):
                board.push(tmp_path / "big", "/data/local/tmp/big", 0o644, soon())
        finally:
            over.set()
    native.signal_adbd(signal.SIGCONT)


def test_a_pulled_cable_is_noticed_and_the_board_found_again(native: NativeBoard, board: Board) -> None:
    error = break_while_running(board, mute(board, native.unplug))
    assert type(error) is BoardLost
    native.plug()
    heal(board)
    assert board.wait(soon()) == native.boot_id
    assert board.shell("echo back", soon()).stdout == b"back\n"


def test_power_lost(native: NativeBoard, board: Board) -> None:
    assert type(break_while_running(board, mute(board, native.stop))) is BoardLost
    with pytest.raises(DeadlineExceeded, match="wait for the board"):
        board.wait(Deadline.after(0.5))
    native.start()
    assert board.wait(soon()) == native.boot_id


def test_a_reboot_is_never_taken_for_an_answer(native: NativeBoard, board: Board) -> None:
    before = native.boot_id
    error = break_while_running(board, native.reboot)
    # adb may notice before the heartbeat asks: then the board is lost, and found with another boot_id
    assert isinstance(error, BoardLost)
    after = board.wait(soon())
    assert after == native.boot_id != before


def test_a_reboot_that_adb_has_got_over_is_one(native: NativeBoard, board: Board) -> None:
    native.reboot()
    native.connect()
    with pytest.raises(BoardRebooted, match="boot_id was"):
        board.shell("sleep 99999", soon())


def test_a_serial_that_is_another_boards_now_is_no_reboot(
    native: NativeBoard, make_native_board: MakeNativeBoard
) -> None:
    """The other board has been up for longer than the first one was away."""
    other = make_native_board()
    other.set_uptime(5000)
    relay = Relay((native.address, 5555))
    try:
        serial = connect_tcp(native.server.transport, f"127.0.0.1:{relay.port}", soon())
        board = Board.open(native.server.transport, Target(serial), soon(), heartbeat=PATIENT)

        def swap() -> None:
            relay.target = (other.address, 5555)
            relay.cut()
            connect_tcp(native.server.transport, serial, soon())

        error = break_while_running(board, swap)
        assert type(error) is BoardLost
        with pytest.raises(BoardLost, match="another board answers under this serial: it is up for 5000 s") as caught:
            board.wait(soon())
        assert "a serial or an address of its own" in caught.value.hint
        with pytest.raises(BoardLost, match="another board answers"):  # the heartbeat, amid a silent command
            list(board.stream("sleep 99999", soon()))
        other.set_uptime(3)
        assert board.wait(soon()) == other.boot_id, "as far as one can see, it rebooted"
    finally:
        relay.close()


def test_a_reboot_on_request_is_over_when_another_boot_answers(native: NativeBoard, board: Board) -> None:
    """adbd has no reboot service here; the command that is asked for instead tells the test to do it."""
    (native.files / "vendor/bin/reboot").write_text("#!/bin/sh\ntouch /tmp/asked\n")
    (native.files / "vendor/bin/reboot").chmod(0o755)
    before, files = native.boot_id, native.files
    with ThreadPoolExecutor(1) as pool:
        rebooted = pool.submit(board.reboot, soon())
        deadline = soon()
        while not (files / "tmp/asked").exists():
            assert not deadline.expired
            wait([rebooted], 0.02)
        native.reboot()
        assert rebooted.result() == native.boot_id != before
    assert board.shell("true", soon()).exit_code == 0


def test_a_board_that_does_not_reboot_is_said_not_to(board: Board) -> None:
    with pytest.raises(DeadlineExceeded, match="reboot"):
        board.reboot(Deadline.after(0.5))


def test_a_killed_adbd_is_noticed_at_once(native: NativeBoard, board: Board) -> None:
    error = break_while_running(board, lambda: native.signal_adbd(signal.SIGKILL))
    assert type(error) is BoardLost
    assert "closed" in str(error)
    assert board.wait(soon()) == native.boot_id


def test_a_killed_server_is_the_hosts_fault_and_not_started_again(
    make_native_board: MakeNativeBoard, own_server: AdbServer
) -> None:
    native = make_native_board(own_server)
    board = Board.open(own_server.transport, Target(native.serial), soon(), heartbeat=PATIENT)
    error = break_while_running(board, own_server.kill)
    assert type(error) is AdbServerError
    assert str(own_server.address) in str(error)
    with pytest.raises(AdbServerError, match="nothing answers"):
        board.shell("true", soon())
    own_server.restart()
    assert list_boards(own_server.transport, soon()) == []
    assert board.wait(soon()) == native.boot_id


def test_faults_come_within_the_callers_deadline_too(native: NativeBoard) -> None:
    """The board's death would be called BoardLost; it is not waited for."""
    slow = Board.open(native.server.transport, Target(native.serial), soon(), heartbeat=PATIENT)
    native.signal_adbd(signal.SIGSTOP)
    with pytest.raises(DeadlineExceeded):
        slow.shell("true", Deadline.after(0.3))
    with pytest.raises(DeadlineExceeded):
        slow.push(b"x", "/data/local/tmp/x", 0o644, Deadline.after(0.3))
    with pytest.raises(DeadlineExceeded):
        slow.boot_id(Deadline.after(0.3))
    native.signal_adbd(signal.SIGCONT)
