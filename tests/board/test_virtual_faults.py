"""The faults that need a kernel of its own: reset, hang and cut link of a virtual board."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bringup.board import Board, Heartbeat, Stdout, Target, connect_tcp
from bringup.deadline import Deadline
from bringup.errors import BoardLost, BringupError
from bringup.virtual.running.answer import adbd_banner

if TYPE_CHECKING:
    from tests.support.native_adbd import AdbServer
    from tests.support.virtual_board import MakeBoard

# A live board has minutes to answer, as on a busy machine it may need; one that is dead is not waited for as long.
PATIENT = Heartbeat(quiet=0.5, answer=300, most=300)
QUICK = Heartbeat(quiet=0.5, answer=1.0)

pytestmark = pytest.mark.board


def lost_while_running(board: Board, fault: Callable[[], None], heartbeat: Heartbeat = PATIENT) -> BoardLost:
    chunks = board.stream("echo started; sleep 99999", Deadline.after(300))
    assert next(chunks) == Stdout(b"started\n")
    fault()
    board._link.heartbeat = heartbeat
    with pytest.raises(BoardLost) as caught:
        list(chunks)
    board._link.heartbeat = PATIENT
    return caught.value


def test_a_real_kernel_hangs_loses_its_link_and_reboots(fresh_board: MakeBoard, adb_server: AdbServer) -> None:
    """One board for all of it: booting is what takes the time."""
    from bringup.virtual import Qmp

    virtual = fresh_board()
    qmp = Qmp(virtual.qmp)
    transport = adb_server.transport

    def soon() -> Deadline:
        return Deadline.after(300)

    serial = connect_tcp(transport, virtual.serial, soon())
    board = Board.open(transport, Target(serial), soon(), heartbeat=PATIENT)
    first = board.known_boot_id

    error = lost_while_running(board, lambda: qmp.pause(soon()), QUICK)
    assert re.search(r"answers nothing for [\d.]+ s, while adb lists it as 'device'", str(error))
    assert qmp.status(soon()) == "paused"
    assert adbd_banner(virtual.port, Deadline.after(1)) is None
    qmp.resume(soon())
    assert board.wait(soon()) == first

    error = lost_while_running(board, lambda: qmp.set_link(up=False, deadline=soon()), QUICK)
    assert "answers nothing" in str(error)
    assert adbd_banner(virtual.port, Deadline.after(1)) is None
    qmp.set_link(up=True, deadline=soon())
    assert board.wait(soon()) == first

    lost_while_running(board, lambda: qmp.reset(soon()))
    second = board.wait(soon())
    assert second not in (None, first)

    killed = board.shell("pidof adbd", soon()).stdout
    with contextlib.suppress(BringupError):
        board.shell(f"kill {killed.decode()}", soon())
    assert board.wait(soon()) == second
    assert board.shell("pidof adbd", soon()).stdout not in (b"", killed), "adbd is started again"
