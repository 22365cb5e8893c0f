"""Waiting until a board has booted: a real adbd on a board whose properties the test writes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bringup.board import Selection, await_boot, disconnect_tcp
from bringup.deadline import Deadline
from bringup.errors import BoardNotFound, DeadlineExceeded
from tests.support.native_adbd import AdbServer, MakeNativeBoard, NativeBoard

SOON = 0.3


def give_properties(native: NativeBoard, boot_completed: str) -> Path:
    """A getprop that prints what is in a file; the file."""
    value = native.files / "data/local/tmp/boot_completed"
    value.write_text(boot_completed)
    program = native.files / "vendor/bin/getprop"
    program.write_text("#!/bin/sh\ncat /data/local/tmp/$(echo $1 | sed 's/.*[.]//')\n")
    program.chmod(0o755)
    return value


def test_a_board_without_android_has_booted_when_a_command_runs(
    own_server: AdbServer, make_native_board: MakeNativeBoard
) -> None:
    native = make_native_board(own_server)
    assert await_boot(Selection(server=own_server.address, serials=(native.serial,)), Deadline.after(60)) == []
    assert await_boot(Selection(server=own_server.address), Deadline.after(60)) == []


def test_android_says_when_it_has_booted(own_server: AdbServer, make_native_board: MakeNativeBoard) -> None:
    native = make_native_board(own_server)
    value = give_properties(native, "\n")
    chosen = Selection(server=own_server.address, serials=(native.serial,))
    (error,) = await_boot(chosen, Deadline.after(SOON))
    assert isinstance(error, DeadlineExceeded)
    assert error.board == native.serial
    assert "sys.boot_completed is ''" in error.seen
    waits = threading.Thread(target=lambda: results.append(await_boot(chosen, Deadline.after(60))))
    results: list[object] = []
    waits.start()
    value.write_text("1\n")
    waits.join()
    assert results == [[]]


def test_a_board_that_is_not_listed_yet_is_waited_for(
    own_server: AdbServer, make_native_board: MakeNativeBoard
) -> None:
    native = make_native_board(own_server)
    disconnect_tcp(own_server.transport, native.serial, Deadline.after(60))
    with pytest.raises(BoardNotFound):
        await_boot(Selection(server=own_server.address), Deadline.after(SOON))
    assert await_boot(Selection(server=own_server.address, serials=(native.serial,)), Deadline.after(60)) == []


def test_one_board_does_not_keep_the_others(own_server: AdbServer, make_native_board: MakeNativeBoard) -> None:
    natives = [make_native_board(own_server) for _ in range(3)]
    give_properties(natives[1], "0\n")
    (error,) = await_boot(Selection(server=own_server.address), Deadline.after(SOON * 10))
    assert error.board == natives[1].serial
