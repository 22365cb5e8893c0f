"""Shell protocol v2 taken apart and put together, without a board."""

from __future__ import annotations

import shlex
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.board.shell import (
    Chunk,
    Exit,
    Packet,
    PidLines,
    ShellPackets,
    Stderr,
    Stdout,
    announce,
    converse,
    kill_script,
    packed,
    script_of,
)
from bringup.board.wire import Broken, Garbled
from bringup.deadline import Deadline
from tests.support.scripted_board import BROKEN, CLOSED, NOTHING, ScriptedStream, Step

if TYPE_CHECKING:
    from pathlib import Path

packets_strategy = st.lists(st.tuples(st.sampled_from([Packet.STDOUT, Packet.STDERR]), st.binary(max_size=300)))
cuts_strategy = st.lists(st.integers(1, 50), max_size=100)


def soon() -> Deadline:
    return Deadline.after(60)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [piece for piece in [*pieces, data[at:]] if piece]


def joined(pieces: list[tuple[int, bytes]]) -> dict[int, bytes]:
    streams: dict[int, bytes] = {}
    for kind, data in pieces:
        streams[kind] = streams.get(kind, b"") + data
    return {kind: data for kind, data in streams.items() if data}


@given(packets_strategy, cuts_strategy)
def test_packets_survive_any_cutting(packets: list[tuple[Packet, bytes]], sizes: list[int]) -> None:
    reader = ShellPackets()
    wire = b"".join(packed(kind, data) for kind, data in packets)
    seen = [item for piece in cut(wire, sizes) for item in reader.feed(piece)]
    assert joined(seen) == joined([(int(kind), data) for kind, data in packets])


@given(st.binary(max_size=400), cuts_strategy)
def test_no_bytes_break_the_reader(noise: bytes, sizes: list[int]) -> None:
    reader = ShellPackets()
    total = 0
    try:
        for piece in cut(noise, sizes):
            total += sum(len(data) for _, data in reader.feed(piece))
    except Garbled:
        pass
    assert total <= len(noise)


def test_a_huge_length_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(Garbled, match="4294967295"):
        list(ShellPackets().feed(struct.pack("<BI", Packet.STDOUT, 0xFFFFFFFF) + b"x"))


def test_a_long_packet_is_passed_on_as_it_comes() -> None:
    reader = ShellPackets()
    assert list(reader.feed(struct.pack("<BI", Packet.STDOUT, 1 << 20) + b"begin")) == [(Packet.STDOUT, b"begin")]
    assert list(reader.feed(b"more")) == [(Packet.STDOUT, b"more")]


def run(pieces: list[bytes | Step], stdin: bytes = b"") -> tuple[list[Chunk], ScriptedStream]:
    stream = ScriptedStream(pieces)
    return list(converse(stream, stdin, soon())), stream


def test_output_and_exit_code_come_apart() -> None:
    wire = packed(Packet.STDOUT, b"out") + packed(Packet.STDERR, b"err") + packed(Packet.EXIT, b"\x07")
    chunks, _ = run([wire])
    assert chunks == [Stdout(b"out"), Stderr(b"err"), Exit(7)]


def test_nothing_is_read_after_the_exit_code() -> None:
    chunks, _ = run([packed(Packet.EXIT, b"\0") + packed(Packet.STDOUT, b"late")])
    assert chunks == [Exit(0)]


def test_stdin_is_sent_in_packets_and_then_closed() -> None:
    data = bytes(range(256)) * 800
    _, stream = run([NOTHING] * 5 + [packed(Packet.EXIT, b"\0")], data)
    sent = list(ShellPackets().feed(stream.sent))
    assert b"".join(piece for kind, piece in sent if kind == Packet.STDIN) == data
    assert max(len(piece) for _, piece in sent) == 64 * 1024
    assert stream.sent.endswith(packed(Packet.CLOSE_STDIN, b""))


def test_a_command_may_end_without_reading_its_stdin() -> None:
    chunks, stream = run([packed(Packet.EXIT, b"\1")], bytes(10 << 20))
    assert chunks == [Exit(1)]
    assert len(stream.sent) < 100_000


def test_without_stdin_it_is_closed_at_once() -> None:
    _, stream = run([packed(Packet.EXIT, b"\0")])
    assert stream.sent == packed(Packet.CLOSE_STDIN, b"")


@pytest.mark.parametrize("end", [CLOSED, BROKEN])
def test_an_end_without_exit_code_is_an_error(end: bytes | Step) -> None:
    chunks = converse(ScriptedStream([packed(Packet.STDOUT, b"some"), end]), b"", soon())
    assert next(chunks) == Stdout(b"some")
    with pytest.raises(Broken):
        next(chunks)


def test_an_unknown_kind_of_packet_is_no_output() -> None:
    with pytest.raises(Garbled, match="77"):
        run([packed(77, b"x")])


# The line with which the shell tells its process id


@given(st.binary(max_size=200), cuts_strategy, st.integers(1, 99999))
def test_only_the_pid_line_is_taken_out_of_stderr(text: bytes, sizes: list[int], pid: int) -> None:
    lines = PidLines("t0ken", expected=1)
    wire = b"t0ken%d\n" % pid + text
    chunks = [chunk for piece in cut(wire, sizes) for chunk in lines.strip(Stderr(piece))]
    chunks += lines.strip(Exit(0))
    assert lines.pids == [pid]
    assert b"".join(chunk.data for chunk in chunks if isinstance(chunk, Stderr)) == text
    assert chunks[-1] == Exit(0)


@given(st.binary(max_size=200).filter(lambda text: b"t0ken" not in text), cuts_strategy)
def test_stderr_without_it_is_left_as_it_is(text: bytes, sizes: list[int]) -> None:
    lines = PidLines("t0ken", expected=1)
    chunks = [chunk for piece in cut(text, sizes) for chunk in lines.strip(Stderr(piece))]
    chunks += lines.strip(Exit(0))
    assert lines.pids == []
    assert b"".join(chunk.data for chunk in chunks if isinstance(chunk, Stderr)) == text


def test_what_su_says_in_between_is_kept() -> None:
    lines = PidLines("t0ken", expected=2)
    chunks = list(lines.strip(Stderr(b"t0ken11\nsu: hello\nt0ken12\nrest")))
    assert lines.pids == [11, 12]
    assert chunks == [Stderr(b"su: hello\nrest")]


def test_output_that_comes_first_waits_for_the_pid() -> None:
    lines = PidLines("t0ken", expected=1)
    assert list(lines.strip(Stdout(b"early"))) == []
    assert list(lines.strip(Stderr(b"t0ken1"))) == []
    assert list(lines.strip(Stderr(b"1\n"))) == [Stdout(b"early")]
    assert lines.pids == [11]
    assert list(lines.strip(Stderr(b"t0ken12\n"))) == [Stderr(b"t0ken12\n")]


def test_without_a_pid_output_is_held_until_the_end_or_a_mebibyte() -> None:
    lines = PidLines("t0ken", expected=1)
    assert list(lines.strip(Stderr(b"Enter: "))) == []
    assert list(lines.strip(Exit(1))) == [Stderr(b"Enter: "), Exit(1)]
    lines = PidLines("t0ken", expected=1)
    flood = [chunk for _ in range(40) for chunk in lines.strip(Stdout(bytes(65536)))]
    assert sum(len(chunk.data) for chunk in flood if isinstance(chunk, Stdout)) == 40 * 65536
    assert len(flood) > 20
    assert list(lines.strip(Stderr(b"t0ken11\nlate"))) == [Stderr(b"late")]
    assert lines.pids == [11], "it is still looked for"


def test_announcing_leaves_output_and_exit_code_alone() -> None:
    script = announce("echo out; exit 3", "t0ken")
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=False)
    assert (done.stdout, done.returncode) == (b"out\n", 3)
    assert done.stderr.startswith(b"t0ken")


# Quoting


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_arguments_are_quoted_so_that_they_split_back(arguments: list[str]) -> None:
    assert shlex.split(script_of(arguments)) == arguments


def test_a_string_is_a_script_as_it_is() -> None:
    assert script_of("a | b > 'c'") == "a | b > 'c'"


@pytest.mark.parametrize("command", ["a\0b", ["a", "b\0"]])
def test_a_nul_is_refused(command: str | list[str]) -> None:
    with pytest.raises(ValueError, match="NUL"):
        script_of(command)


# In place of kill: the group that process 7 leads answers as often as the file "alive" has bytes.
SCRIPTED_KILL = """
kill() {
    [ "$*" != "-0 -8" ] || return 1
    [ "$*" = "-0 -7" ] || return 0
    [ -s alive ] && truncate -s -1 alive
}
"""


@pytest.mark.parametrize("shells", [(7,), (7, 8), (8, 7)])
@pytest.mark.parametrize(("alive", "left", "exit_code"), [(0, 0, 0), (20, 0, 0), (60, 10, 1)])
def test_the_group_is_waited_for_whichever_shell_leads_it(
    tmp_path: Path, shells: tuple[int, ...], alive: int, left: int, exit_code: int
) -> None:
    (tmp_path / "alive").write_bytes(bytes(alive))
    done = subprocess.run(["sh", "-c", SCRIPTED_KILL + kill_script(shells)], cwd=tmp_path, check=False)
    assert done.returncode == exit_code
    assert (tmp_path / "alive").stat().st_size == left
