"""The sync service over scripted connections."""

from __future__ import annotations

import stat
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.board.sync import FileStat, pull_chunks, push_chunks, stat_v1, stat_v2
from bringup.board.wire import Broken, Garbled, Refused, WireError
from bringup.deadline import Deadline
from tests.support.scripted_board import BROKEN, CLOSED, NOTHING, ScriptedStream, Step

NO_SPACE = b"write failed: No space left on device"


def soon() -> Deadline:
    return Deadline.after(60)


def message(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data


DONE = b"DONE" + struct.pack("<I", 0)
OKAY = b"OKAY" + struct.pack("<I", 0)


def push(stream: ScriptedStream, chunks: list[bytes]) -> int:
    return push_chunks(stream, chunks, "/data/x", 0o755, 1234, soon())


def test_a_pushed_file_is_named_with_its_mode_sent_in_pieces_and_dated() -> None:
    data = bytes(range(256)) * 300
    stream = ScriptedStream([NOTHING, NOTHING, OKAY])
    assert push(stream, [data]) == len(data)
    mode = stat.S_IFREG | 0o755
    head = message(b"SEND", f"/data/x,{mode}".encode())
    first, rest = data[: 64 * 1024], data[64 * 1024 :]
    assert stream.sent == head + message(b"DATA", first) + message(b"DATA", rest) + b"DONE" + struct.pack("<I", 1234)


def test_an_empty_file_has_no_data() -> None:
    stream = ScriptedStream([OKAY])
    assert push(stream, [b""]) == 0
    assert b"DATA" not in stream.sent


def test_a_refusal_while_sending_ends_the_push_at_once() -> None:
    stream = ScriptedStream([NOTHING, message(b"FAIL", NO_SPACE)])
    with pytest.raises(Refused, match="No space left"):
        push(stream, [bytes(64 * 1024)] * 1000)
    assert len(stream.sent) < 200_000


def test_a_refusal_may_come_byte_by_byte_between_data() -> None:
    refusal = message(b"FAIL", NO_SPACE)
    stream = ScriptedStream([refusal[at : at + 1] for at in range(len(refusal))])
    with pytest.raises(Refused, match="No space left"):
        push(stream, [bytes(1000)] * 50)


def test_a_refusal_at_the_end_is_one_too() -> None:
    with pytest.raises(Refused, match="No space left"):
        push(ScriptedStream([NOTHING, message(b"FAIL", NO_SPACE)]), [b"x"])


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([NOTHING, CLOSED], Broken),
        ([CLOSED], Broken),
        ([BROKEN], Broken),
        ([OKAY], Garbled),  # before DONE
        ([NOTHING, b"WHAT\0\0\0\0"], Garbled),
        ([NOTHING, b"FAIL\xff\xff\xff\xff"], Garbled),
    ],
)
def test_what_is_no_acknowledgement_is_no_success(pieces: list[bytes | Step], error: type[WireError]) -> None:
    with pytest.raises(error):
        push(ScriptedStream(pieces), [b"x"])


def pull(pieces: list[bytes | Step]) -> bytes:
    return b"".join(pull_chunks(ScriptedStream(pieces), "/x", soon()))


def test_a_pulled_file_comes_in_pieces() -> None:
    assert pull([message(b"DATA", b"ab") + message(b"DATA", b"c") + DONE]) == b"abc"


@given(st.lists(st.binary(min_size=1, max_size=200)), st.lists(st.integers(1, 50), max_size=60))
def test_a_pulled_file_survives_any_cutting(chunks: list[bytes], sizes: list[int]) -> None:
    wire = b"".join(message(b"DATA", chunk) for chunk in chunks) + DONE
    pieces, at = [], 0
    for size in sizes:
        pieces.append(wire[at : at + size])
        at += size
    assert pull([piece for piece in [*pieces, wire[at:]] if piece]) == b"".join(chunks)


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([message(b"FAIL", b"open failed: No such file or directory")], Refused),
        ([message(b"DATA", b"half") + b"DA", CLOSED], Broken),
        ([message(b"DATA", b"half"), CLOSED], Broken),
        ([b"DATA\xff\xff\xff\xff"], Garbled),
        ([b"STAT\0\0\0\0"], Garbled),
    ],
)
def test_half_a_file_is_no_file(pieces: list[bytes | Step], error: type[WireError]) -> None:
    with pytest.raises(error):
        pull(pieces)


def test_stat_v1_has_mode_size_and_time() -> None:
    reply = b"STAT" + struct.pack("<III", 0o100644, 5, 99)
    assert stat_v1(ScriptedStream([reply]), "/x", soon()) == FileStat(0o100644, 5, 99)


def test_stat_v1_has_mode_0_for_nothing() -> None:
    assert stat_v1(ScriptedStream([b"STAT" + bytes(12)]), "/x", soon()) is None


def v2(error: int, mode: int = 0, size: int = 0) -> bytes:
    return b"STA2" + struct.pack("<IQQIIIIQqqq", error, 1, 2, mode, 1, 1000, 2000, size, 7, 8, 9)


def test_stat_v2_has_sizes_beyond_4_gib_and_the_owner() -> None:
    found = stat_v2(ScriptedStream([v2(0, 0o40755, 1 << 40)]), "/x", soon())
    assert found == FileStat(0o40755, 1 << 40, 8, 1000, 2000)
    assert isinstance(found, FileStat)
    assert found.is_dir
    assert not found.is_file


def test_stat_v2_has_the_errno() -> None:
    assert stat_v2(ScriptedStream([v2(13)]), "/x", soon()) == 13


@pytest.mark.parametrize("ask", [stat_v1, stat_v2])
def test_stat_of_something_else_is_garbled(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(Garbled):
        ask(ScriptedStream([b"LIST" + bytes(80)]), "/x", soon())
