"""The host protocol over scripted connections, and the socket stream over real sockets."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.board import ServerTransport, Target, TcpAddress, UnixAddress
from bringup.board.wire import (
    Broken,
    Garbled,
    Refused,
    SocketStream,
    TimedOut,
    WireError,
    answering,
    open_service,
    query,
    receive,
    receive_exactly,
    request,
    send,
)
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, DeadlineExceeded
from tests.support.scripted_board import (
    BROKEN,
    CLOSED,
    OKAY,
    SILENCE,
    ScriptedStream,
    ScriptedTransport,
    Step,
    answer,
    fail,
)


def soon() -> Deadline:
    return Deadline.after(60)


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def test_a_request_has_its_length_in_front_and_is_granted() -> None:
    stream = ScriptedStream([OKAY])
    request(stream, "host:version", soon())
    assert stream.sent == b"000chost:version"


def test_a_grant_may_come_byte_by_byte() -> None:
    request(ScriptedStream(bytewise(OKAY)), "sync:", soon())


def test_the_length_counts_bytes_not_characters() -> None:
    stream = ScriptedStream([OKAY])
    request(stream, "shell,v2,raw:é", soon())
    assert stream.sent.startswith(b"000fshell")


def test_a_refusal_carries_the_text_of_the_other_side() -> None:
    with pytest.raises(Refused, match="device 'x' not found"):
        request(ScriptedStream(bytewise(fail("device 'x' not found\n"))), "host:transport:x", soon())


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([CLOSED], Broken),
        ([b"OK", CLOSED], Broken),
        ([b"FAIL00", CLOSED], Broken),
        ([b"FAIL0010half", CLOSED], Broken),
        ([BROKEN], Broken),
        ([SILENCE], TimedOut),
        ([b"HTTP/1.1 400 Bad Request"], Garbled),
        ([b"FAILxyz!"], Garbled),
    ],
)
def test_what_is_no_grant_is_an_error_of_its_own_kind(pieces: list[bytes | Step], error: type[WireError]) -> None:
    with pytest.raises(error):
        request(ScriptedStream(pieces), "sync:", soon())


def test_a_request_longer_than_four_hex_digits_can_say_is_not_sent() -> None:
    stream = ScriptedStream([OKAY])
    with pytest.raises(ValueError, match="65535"):
        request(stream, "x" * 65536, soon())
    assert stream.sent == b""


def test_a_question_is_answered_and_the_connection_closed() -> None:
    transport = ScriptedTransport([*bytewise(answer("0029"))])
    assert query(transport, "host:version", soon()) == "0029"
    assert transport.streams[0].closed


def test_the_connection_is_closed_after_a_refusal_too() -> None:
    transport = ScriptedTransport([fail("no")])
    with pytest.raises(Refused):
        query(transport, "host:version", soon())
    assert transport.streams[0].closed


@pytest.mark.parametrize(
    ("target", "switch", "question"),
    [
        (Target("10.0.0.1:5555"), "host:transport:10.0.0.1:5555", "host-serial:10.0.0.1:5555:features"),
        (Target("0123", 7), "host:transport-id:7", "host-transport-id:7:features"),
    ],
)
def test_a_board_is_named_by_serial_or_by_transport_id(target: Target, switch: str, question: str) -> None:
    stream = ScriptedStream([OKAY, OKAY])
    open_service(stream, target, "sync:", soon())
    assert stream.sent.endswith(b"0005sync:")
    assert switch.encode() in stream.sent
    assert target.ask("features") == question


@given(st.lists(st.integers(1, 9), max_size=40), st.text(max_size=60))
def test_however_it_is_cut_the_answer_is_the_same(cuts: list[int], text: str) -> None:
    whole = b"OKAY%04x%s" % (len(text.encode()), text.encode())
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(whole[at : at + cut])
        at += cut
    pieces = [piece for piece in [*pieces, whole[at:]] if piece]
    assert query(ScriptedTransport(pieces), "host:devices", soon()) == text


@given(st.binary(max_size=200))
def test_no_bytes_make_anything_but_an_answer_or_a_wire_error(noise: bytes) -> None:
    try:
        answered = query(ScriptedTransport([noise, CLOSED] if noise else [CLOSED]), "host:version", soon())
    except WireError:
        return
    assert noise.startswith(b"OKAY")
    assert len(answered) <= len(noise) * 4  # an undecodable byte is shown as four characters


@pytest.mark.parametrize(
    ("error", "meaning"),
    [(TimedOut(), DeadlineExceeded), (Broken("gone"), AdbServerError), (Garbled("b'HTTP'"), AdbServerError)],
)
def test_answering_names_what_was_asked(error: WireError, meaning: type[Exception]) -> None:
    with pytest.raises(meaning, match="list boards"), answering("list boards", soon()):
        raise error


# The socket stream, over real sockets


def pair() -> tuple[SocketStream, socket.socket]:
    ours, theirs = socket.socketpair()
    return SocketStream(ours), theirs


def test_waiting_ends_with_the_deadline() -> None:
    stream, theirs = pair()
    with theirs, pytest.raises(TimedOut):
        receive(stream, 10, Deadline.after(0.02))
    stream.close()


def test_a_passed_deadline_is_not_waited_for() -> None:
    stream, theirs = pair()
    with theirs:
        theirs.sendall(b"there")
        with pytest.raises(TimedOut):
            receive(stream, 10, Deadline.after(-1))
    stream.close()


def test_sending_into_a_full_pipe_ends_with_the_deadline() -> None:
    stream, theirs = pair()
    with theirs, pytest.raises(TimedOut):
        send(stream, bytes(64 << 20), Deadline.after(0.1))
    stream.close()


def test_what_was_answered_before_the_end_is_still_received_while_sending() -> None:
    stream, theirs = pair()
    theirs.sendall(b"FAIL")
    theirs.close()
    left, received = memoryview(bytes(8 << 20)), b""
    while left:
        sent, some = stream.exchange(left, 100, soon())
        left = left[sent:]
        received += some or b""
    assert received == b"FAIL"
    stream.close()


def test_both_directions_move_at_once() -> None:
    stream, theirs = pair()
    size = 4 << 20

    def echo() -> None:
        done = 0
        while done < size:
            data = theirs.recv(65536)
            theirs.sendall(data)
            done += len(data)

    other = threading.Thread(target=echo)
    other.start()
    left, received = memoryview(bytes(size)), 0
    while received < size:
        sent, some = stream.exchange(left, 65536, soon())
        left = left[sent:]
        received += len(some or b"")
    other.join()
    stream.close()
    theirs.close()


def test_a_reset_connection_is_broken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = ServerTransport(TcpAddress(port=server.getsockname()[1])).connect(soon())
        theirs, _ = server.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        theirs.close()
        with pytest.raises(Broken):
            receive_exactly(stream, 1, soon())
        stream.close()


def test_a_unix_socket_is_a_server_too(tmp_path: Path) -> None:
    path = str(tmp_path / "adb")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        stream = ServerTransport(UnixAddress(path)).connect(soon())
        theirs, _ = server.accept()
        with theirs:
            theirs.sendall(b"OKAY")
            assert receive_exactly(stream, 4, soon()) == b"OKAY"
        stream.close()


def test_a_unix_socket_whose_server_is_slow_to_accept_is_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "adb")
    with socket.socket(socket.AF_UNIX) as server, ThreadPoolExecutor(1) as pool:
        server.bind(path)
        server.listen(0)
        transport = ServerTransport(UnixAddress(path))
        first = transport.connect(soon())  # it has room for one that is not accepted yet
        with pytest.raises(AdbServerError, match="timed out"):
            transport.connect(Deadline.after(0.1))
        second = pool.submit(transport.connect, soon())
        for _ in range(2):
            server.accept()[0].close()
        second.result().close()
        first.close()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_where_nothing_listens_the_error_says_where_and_what_to_do(kind: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = TcpAddress(port=port) if kind == "tcp" else UnixAddress(str(tmp_path / "none"))
    with pytest.raises(AdbServerError, match="nothing answers at") as caught:
        ServerTransport(address).connect(soon())
    assert "start-server" in caught.value.hint


def test_no_connection_is_made_after_the_deadline() -> None:
    with pytest.raises(TimedOut):
        ServerTransport(TcpAddress(port=1)).connect(Deadline.after(-1))
