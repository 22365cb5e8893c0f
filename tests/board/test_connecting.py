"""From a selection to boards, through real adb servers and boards in every state."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bringup.board import (
    Selection,
    ServerTransport,
    TcpAddress,
    UnixAddress,
    connect,
    connect_all,
    connect_tcp,
    disconnect_tcp,
    list_boards,
    reach,
)
from bringup.board.wire import Broken, query
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardNotFound, BoardNotReady, DeadlineExceeded, UsageError
from tests.support.scripted_board import answer
from tests.support.stub_adbd import StubAdbd

if TYPE_CHECKING:
    from tests.support.native_adbd import AdbServer, MakeNativeBoard


def soon() -> Deadline:
    return Deadline.after(60)


@pytest.fixture
def server(own_server: AdbServer) -> AdbServer:
    return own_server


@pytest.fixture
def stubs() -> Iterator[list[StubAdbd]]:
    made: list[StubAdbd] = []
    yield made
    for stub in made:
        stub.close()


def on(server: AdbServer, *serials: str) -> Selection:
    return Selection(server=server.address, serials=serials)


def test_no_board(server: AdbServer) -> None:
    with pytest.raises(BoardNotFound, match="adb lists no board"):
        connect(on(server), soon())


def test_one_board_is_chosen(server: AdbServer, make_native_board: MakeNativeBoard) -> None:
    native = make_native_board(server)
    board = connect(on(server), soon())
    assert (board.serial, board.known_boot_id) == (native.serial, native.boot_id)
    assert "shell_v2" in board.features


def test_several_boards_and_none_named_are_listed(server: AdbServer, make_native_board: MakeNativeBoard) -> None:
    boards = [make_native_board(server), make_native_board(server)]
    with pytest.raises(UsageError, match="there are 2") as caught:
        connect(on(server), soon())
    assert all(f"{native.serial} (device)" in str(caught.value) for native in boards)
    assert "-s " in caught.value.hint
    assert connect(on(server, boards[1].serial), soon()).known_boot_id == boards[1].boot_id


def test_an_unknown_serial_is_answered_with_those_there_are(
    server: AdbServer, make_native_board: MakeNativeBoard
) -> None:
    native = make_native_board(server)
    with pytest.raises(BoardNotFound, match="-s names 'nope'") as caught:
        connect(on(server, "nope"), soon())
    assert native.serial in str(caught.value)


def test_all_boards_are_taken_once_and_the_others_explained(
    server: AdbServer, make_native_board: MakeNativeBoard, stubs: list[StubAdbd]
) -> None:
    boards = [make_native_board(server), make_native_board(server)]
    # the same board under another spelling of its address, as adb would list it under another serial
    again = f"{int(ipaddress.ip_address(boards[0].address))}:5555"
    connect_tcp(server.transport, again, soon())
    stubs.append(StubAdbd(unauthorized=True))
    with pytest.raises(BoardNotReady):
        connect_tcp(server.transport, stubs[0].serial, soon())

    chosen = connect_all(on(server), soon())
    assert {board.known_boot_id for board in chosen.boards} == {native.boot_id for native in boards}
    assert len(chosen.boards) == 2
    ((kept, others),) = chosen.also.items()
    assert {kept, *others} == {boards[0].serial, again}
    assert [(error.board, type(error)) for error in chosen.unusable] == [(stubs[0].serial, BoardNotReady)]


def test_two_boards_of_one_boot_id_are_two_where_android_says_so(
    server: AdbServer, make_native_board: MakeNativeBoard
) -> None:
    """As continued from one saved state. The serialno is Android's."""
    boards = [make_native_board(server), make_native_board(server)]
    for native, serialno in zip(boards, ("one", "two"), strict=True):
        (native._folder / "boot_id").write_text(boards[0].boot_id + "\n")
        program = native.files / "vendor/bin/getprop"
        program.write_text(f"#!/bin/sh\n[ $1 = ro.serialno ] && echo {serialno}\n")
        program.chmod(0o755)
    chosen = connect_all(on(server), soon())
    assert {board.serial for board in chosen.boards} == {native.serial for native in boards}
    assert {board.identity for board in chosen.boards} == {(boards[0].boot_id, "one"), (boards[0].boot_id, "two")}
    (boards[1].files / "vendor/bin/getprop").write_text("#!/bin/sh\necho one\n")
    again = connect_all(on(server), soon())
    assert len(again.boards) == 1
    assert len(again.also[again.boards[0].serial]) == 1


def test_an_unauthorized_board_is_not_waited_for(server: AdbServer, stubs: list[StubAdbd]) -> None:
    stubs.append(StubAdbd(unauthorized=True))
    with pytest.raises(BoardNotReady, match="unauthorized") as caught:
        connect_tcp(server.transport, stubs[0].serial, soon())
    assert "RSA key" in caught.value.hint
    with pytest.raises(BoardNotReady, match="unauthorized"):
        connect(on(server), soon())


def test_a_board_that_stays_offline_says_so(
    server: AdbServer, stubs: list[StubAdbd], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bringup.board.connecting.SETTLE_SECONDS", 0.3)
    stubs.append(StubAdbd(unauthorized=False))
    with pytest.raises(DeadlineExceeded, match="did not get through"):
        connect_tcp(server.transport, stubs[0].serial, Deadline.after(0.5))
    query(server.transport, f"host:connect:{stubs[0].serial}", soon())
    with pytest.raises(BoardNotReady, match="offline") as caught:
        connect(on(server), soon())
    assert "adb reconnect offline" in caught.value.hint


def test_a_board_that_comes_up_later_is_waited_for(server: AdbServer, make_native_board: MakeNativeBoard) -> None:
    native = make_native_board(server)
    disconnect_tcp(server.transport, native.serial, soon())
    native.stop()
    with ThreadPoolExecutor(1) as pool:
        connected = pool.submit(connect_tcp, server.transport, native.serial, soon())
        assert not wait([connected], 0.3).done
        native.start()
        assert connected.result() == native.serial


def test_an_address_where_nothing_listens(server: AdbServer) -> None:
    with pytest.raises(DeadlineExceeded, match="connect to 127") as caught:
        connect_tcp(server.transport, "127.0.0.1:1", Deadline.after(0.5))
    assert caught.value.hint


def test_disconnecting_twice_is_no_error(server: AdbServer, make_native_board: MakeNativeBoard) -> None:
    native = make_native_board(server)
    disconnect_tcp(server.transport, native.serial, soon())
    disconnect_tcp(server.transport, native.serial, soon())
    assert list_boards(server.transport, soon()) == []


# The server


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_server_is_started_where_none_listens(kind: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = TcpAddress(port=port) if kind == "tcp" else UnixAddress(str(tmp_path / "adb"))
    environ = os.environ | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "ADB_MDNS": "0"}
    transport = reach(address, soon(), environ=environ)
    try:
        assert reach(address, soon(), environ={}) == transport, "the second time it is there"
    finally:
        with pytest.raises(Broken):
            query(transport, "host:kill", soon())


def test_no_server_is_started_on_another_machine() -> None:
    with pytest.raises(AdbServerError) as caught:
        reach(TcpAddress("203.0.113.1", 5037), Deadline.after(0.2), environ={})
    assert "203.0.113.1" in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "seen"),
    [
        (answer("001f"), "version 31"),
        (answer("new!"), "'new!'"),
        (b"HTTP/1.1 400 Bad Request\r\n", "not an adb server"),
    ],
)
def test_a_server_that_we_cannot_talk_to_is_left_alone(reply: bytes, seen: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stub:

        def serve() -> None:
            connected, _ = stub.accept()
            with connected:
                connected.recv(100)
                connected.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(AdbServerError, match="talk to the adb server") as caught:
            reach(TcpAddress(port=stub.getsockname()[1]), soon(), environ={})
        thread.join()
    assert seen in str(caught.value)


def test_importing_the_room_does_not_import_adbutils() -> None:
    import subprocess
    import sys

    script = "import sys, bringup.board; print('adbutils' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"False\n"


def test_the_transport_can_be_compared() -> None:
    assert ServerTransport(TcpAddress()) == ServerTransport(TcpAddress())
