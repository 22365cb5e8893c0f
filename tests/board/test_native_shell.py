"""Commands on real adbd behind a real adb server."""

from __future__ import annotations

import gc
import hashlib
import itertools
import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bringup.board import Board, Exit, Stderr, Stdout
from bringup.board.server import UnixAddress
from bringup.board.wire import ServerTransport
from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, HostError

if TYPE_CHECKING:
    from tests.support.native_adbd import NativeBoard


def soon() -> Deadline:
    return Deadline.after(60)


@pytest.fixture
def board(native_board: NativeBoard) -> Board:
    return native_board.connect()


def sleepers(native: NativeBoard) -> list[str]:
    return [command for command in native.processes().values() if re.search(r"sleep \d{5}", command)]


@pytest.mark.parametrize("code", [0, 1, 126, 127, 255])
def test_the_exit_code_is_the_commands(board: Board, code: int) -> None:
    assert board.shell(f"exit {code}", soon()).exit_code == code


def test_a_signal_is_128_and_its_number(board: Board) -> None:
    assert board.shell("kill -9 $$", soon()).exit_code == 137


def test_stdout_and_stderr_come_apart(board: Board) -> None:
    done = board.shell("echo out; echo err >&2; echo out2", soon())
    assert (done.stdout, done.stderr) == (b"out\nout2\n", b"err\n")


def test_stderr_is_what_the_command_wrote_and_no_more(board: Board) -> None:
    assert board.shell("printf no-newline >&2", soon()).stderr == b"no-newline"
    assert board.shell("true", soon()).stderr == b""
    assert board.shell("exec 2>&-; echo x", soon()).stderr == b""


def test_every_byte_comes_through(board: Board) -> None:
    every = bytes(range(256)) + b"\r\n\0\x1b[31m\xff"
    assert board.shell("cat", soon(), stdin=every).stdout == every


def test_a_missing_command_is_an_exit_code_and_a_word(board: Board) -> None:
    done = board.shell(["no-such-command"], soon())
    assert done.exit_code == 127
    assert b"not found" in done.stderr


def test_stdin_is_empty_where_none_is_given(board: Board) -> None:
    assert board.shell("cat; echo end", soon()).stdout == b"end\n"


def test_stdin_may_be_long_while_output_comes(board: Board) -> None:
    data = hashlib.sha256(b"seed").digest() * (1 << 17)  # 4 MiB, in both directions at once
    assert board.shell("cat", soon(), stdin=data).stdout == data


def test_stdin_may_come_piece_by_piece(board: Board) -> None:
    pieces = (f"{number}\n".encode() for number in range(1000))
    assert board.shell("wc -l", soon(), stdin=pieces).stdout.split() == [b"1000"]


def test_a_command_may_end_without_reading_its_stdin(board: Board) -> None:
    done = board.shell("echo enough; exit 3", soon(), stdin=itertools.repeat(bytes(65536)))
    # one socket is the command's stdin and stdout: adbd gives up both when it cannot write (1 time of 300 here)
    assert done.stdout in (b"enough\n", b"")
    assert done.exit_code == 3


def test_eight_mebibytes_come_whole(board: Board) -> None:
    done = board.shell("head -c 8388608 /dev/zero", soon())
    assert done.stdout == bytes(8 << 20)
    assert not done.truncated


def test_output_beyond_the_limit_is_dropped_and_said_so(board: Board) -> None:
    done = board.shell("head -c 8388608 /dev/zero; exit 5", soon(), limit=1000)
    assert (done.stdout, done.truncated, done.exit_code) == (bytes(1000), True, 5)


def test_output_is_streamed_as_it_comes(board: Board, native_board: NativeBoard) -> None:
    """Each line is written when the one before has been read here."""
    script = "echo one; until [ -e one ]; do sleep 0.02; done; echo two; until [ -e two ]; do sleep 0.02; done; echo e >&2; exit 4"
    folder = native_board.files / "tmp/streamed"
    folder.mkdir()
    chunks = board.stream(f"cd /tmp/streamed; {script}", soon())
    assert next(chunks) == Stdout(b"one\n")
    (folder / "one").touch()
    assert next(chunks) == Stdout(b"two\n")
    (folder / "two").touch()
    assert list(chunks) == [Stderr(b"e\n"), Exit(4)]
    shutil.rmtree(folder)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), max_size=5))
def test_arguments_arrive_as_they_are(board: Board, arguments: list[str]) -> None:
    script = 'for a; do printf "%s\\0" "$a"; done'
    done = board.shell(["sh", "-c", script, "sh", *arguments], soon())
    assert done.stdout == b"".join(argument.encode() + b"\0" for argument in arguments)


def test_a_session_of_two_hundred_commands_leaves_nothing_open(board: Board, native_board: NativeBoard) -> None:
    from pathlib import Path

    board.shell("true", soon())
    gc.collect()  # what an earlier test left to it shall not be closed meanwhile
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(200):
        board.shell("true", soon())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# The deadline


@pytest.mark.parametrize(
    "script",
    [
        "sleep 99999",
        "sleep 99999 & sleep 88888 & wait",
        "(sleep 99999 & sleep 88888)",
        "trap '' HUP TERM INT; while :; do sleep 99999; done",
        "sh -c 'sh -c \"sleep 99999; true\"; true'; true",
        "sleep 99999 | cat",
        "cat /dev/zero | sleep 99999",
    ],
)
def test_after_the_deadline_nothing_of_the_command_is_left(
    board: Board, native_board: NativeBoard, time_to_kill: Deadline, script: str
) -> None:
    with pytest.raises(DeadlineExceeded, match="did not end within 60 s and was killed") as caught:
        board.shell(script, time_to_kill)
    assert sleepers(native_board) == []
    assert caught.value.board == native_board.serial


def test_a_command_that_never_stops_writing_is_stopped_as_well(
    board: Board, native_board: NativeBoard, time_to_kill: Deadline
) -> None:
    with pytest.raises(DeadlineExceeded, match="s and was killed"):
        board.shell("yes sleep 99999", time_to_kill, limit=1000)
    assert sleepers(native_board) == []


@pytest.mark.usefixtures("time_to_kill")
def test_a_command_that_is_not_wanted_any_more_is_killed(board: Board, native_board: NativeBoard) -> None:
    chunks = board.stream("echo started; sleep 99999", Deadline.after(120))
    assert next(chunks) == Stdout(b"started\n")
    chunks.close()
    assert sleepers(native_board) == []


@pytest.mark.usefixtures("time_to_kill")
def test_an_exception_of_the_caller_ends_the_command(board: Board, native_board: NativeBoard) -> None:
    def interrupted() -> Iterator[bytes]:
        yield b"x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        board.shell("echo started; cat; sleep 99999", Deadline.after(120), stdin=interrupted())
    assert sleepers(native_board) == []


def test_a_deadline_that_has_passed_starts_nothing(board: Board) -> None:
    with pytest.raises(DeadlineExceeded):
        board.shell("touch /tmp/started", Deadline.after(-1))
    assert board.shell("test -e /tmp/started", soon()).exit_code == 1


def test_other_commands_are_left_alone(board: Board, native_board: NativeBoard, time_to_kill: Deadline) -> None:
    other = board.stream("echo up; sleep 77777", Deadline.after(120))
    assert next(other) == Stdout(b"up\n")
    with pytest.raises(DeadlineExceeded):
        board.shell("sleep 99999", time_to_kill)
    left = sleepers(native_board)
    assert left
    assert {command.split()[-1] for command in left} == {"77777"}
    other.close()


def test_the_boot_id_is_the_boards(board: Board, native_board: NativeBoard) -> None:
    assert board.boot_id(soon()) == native_board.boot_id == board.known_boot_id


def test_scripts_of_adbutils_reach_the_same_board(board: Board) -> None:
    same = board.adb
    boot_id = board.shell("cat /proc/sys/kernel/random/boot_id", soon()).stdout.decode().strip()
    # Without v2 adbd makes a pseudo-terminal, which this adbd does not have.
    assert same.shell2("cat /proc/sys/kernel/random/boot_id", v2=True).stdout.strip() == boot_id
    assert same.shell2("id", v2=True).stdout.startswith("uid=")


def test_adbutils_cannot_use_a_server_on_a_unix_socket(board: Board) -> None:
    board._link.transport = ServerTransport(UnixAddress("/run/adb.sock"))
    with pytest.raises(HostError, match=r"cannot use the adb server at localfilesystem:/run/adb\.sock"):
        _ = board.adb
