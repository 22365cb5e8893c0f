"""The test allocator on boards: Debian's adbd, run natively."""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import signal
import subprocess
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from bringup.allocator import run as running
from bringup.allocator.abi import abi_of_machine
from bringup.allocator.answer import Bye, FileFact, Hello, Line, NodeFact, Ran, Refused, State
from bringup.allocator.manifest import Binary, binary
from bringup.allocator.plan import Dmesg, Node, Plan, Read, Run
from bringup.allocator.run import Program, ensure_pushed, run
from bringup.board import Board
from bringup.deadline import Deadline
from bringup.errors import AllocatorError, BoardError, DeadlineExceeded
from tests.support.native_adbd import MakeNativeBoard, NativeBoard

SECONDS = 60


def own_binary() -> Binary:
    """The one for this machine, which is the native board's, too."""
    return binary(abi_of_machine(platform.machine()))


@pytest.fixture
def fresh(make_native_board: MakeNativeBoard) -> NativeBoard:
    return make_native_board()


@pytest.fixture(scope="module")
def program(native_board: NativeBoard) -> tuple[Board, Program]:
    board = native_board.connect()
    return board, ensure_pushed(board, Deadline.after(SECONDS))


def test_it_is_pushed_once(fresh: NativeBoard) -> None:
    board, wanted = fresh.connect(), own_binary()
    first = ensure_pushed(board, Deadline.after(SECONDS))
    assert first == Program(f"/data/local/tmp/{wanted.remote_name}", pushed=True, machine=platform.machine())
    again = ensure_pushed(board, Deadline.after(SECONDS))
    assert again == dataclasses.replace(first, pushed=False)
    assert [path.name for path in (fresh.files / "data/local/tmp").iterdir()] == [wanted.remote_name]


def test_half_a_file_of_that_name_is_not_taken_for_it(fresh: NativeBoard) -> None:
    board, wanted = fresh.connect(), own_binary()
    there = fresh.files / "data/local/tmp" / wanted.remote_name
    there.write_bytes(wanted.path.read_bytes()[:5000])
    there.chmod(0o755)
    assert ensure_pushed(board, Deadline.after(SECONDS)).pushed
    assert there.read_bytes() == wanted.path.read_bytes()


def test_what_was_planted_under_its_name_is_never_run(fresh: NativeBoard) -> None:
    board, wanted = fresh.connect(), own_binary()
    there = fresh.files / "data/local/tmp" / wanted.remote_name
    there.write_text("#!/system/bin/sh\n: >/tmp/planted\n")
    there.chmod(0o755)
    assert ensure_pushed(board, Deadline.after(SECONDS)).pushed
    assert there.read_bytes() == wanted.path.read_bytes()
    assert not (fresh.files / "tmp/planted").exists()


def test_a_board_that_cannot_hash_gets_it_each_time(fresh: NativeBoard) -> None:
    board = fresh.connect()
    (fresh.files / "vendor/bin/sha256sum").write_text("#!/system/bin/sh\nexit 127\n")
    (fresh.files / "vendor/bin/sha256sum").chmod(0o755)
    assert [ensure_pushed(board, Deadline.after(SECONDS)).pushed for _ in range(2)] == [True, True]


def test_to_a_machine_without_a_program_nothing_is_pushed(fresh: NativeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_LOOK", "echo mips64 # {files}")
    with pytest.raises(AllocatorError, match="the board's machine is 'mips64'"):
        ensure_pushed(fresh.connect(), Deadline.after(SECONDS))
    assert list((fresh.files / "data/local/tmp").iterdir()) == []


def mount(board: NativeBoard, folder: str, options: str) -> None:
    """Mount a tmpfs in the board's own namespace."""
    pid = board._first_process()
    place = f"{board._folder}/root{folder}"
    command = ["nsenter", f"--mount=/proc/{pid}/ns/mnt", "mount", "-t", "tmpfs", "-o", options, "tmpfs", place]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("options", ["noexec", "ro", "size=16k"])
def test_a_folder_that_does_not_do_is_passed_over(fresh: NativeBoard, options: str) -> None:
    if not shutil.which("nsenter"):
        pytest.skip("no nsenter here")
    board, wanted = fresh.connect(), own_binary()
    mount(fresh, "/data/local/tmp", options)
    found = ensure_pushed(board, Deadline.after(SECONDS))
    assert (found.path, found.pushed) == (f"/tmp/{wanted.remote_name}", True)
    hello = next(run(board, found, Plan(), Deadline.after(SECONDS)))
    assert isinstance(hello, Hello)
    assert list((fresh.files / "data/local/tmp").iterdir()) == [], "nothing is left where it did not do"


def test_where_no_folder_does_each_says_why(fresh: NativeBoard) -> None:
    if not shutil.which("nsenter"):
        pytest.skip("no nsenter here")
    board = fresh.connect()
    for folder, options in (("/data/local/tmp", "noexec"), ("/tmp", "ro"), ("/dev", "size=16k")):
        mount(fresh, folder, options)
    with pytest.raises(AllocatorError) as raised:
        ensure_pushed(board, Deadline.after(SECONDS))
    noexec, read_only, full = raised.value.seen.split("; ")
    assert noexec.startswith("/data/local/tmp: it may not be run there (noexec, or SELinux)")
    assert "Read-only file system" in read_only
    assert "No space left on device" in full
    assert "bytes are needed" in raised.value.hint


def answer(program: tuple[Board, Program], plan: Plan) -> list[Line]:
    return list(run(*program, plan, Deadline.after(SECONDS)))


def test_a_plan_is_carried_out_and_the_answer_comes_whole(program: tuple[Board, Program]) -> None:
    plan = Plan().add(Read("/proc/version", 4096), Run(60_000, 100, ("sh", "-c", "echo $$; exit 3")), Dmesg(1 << 20))
    lines = answer(program, plan)
    hello, version, ran, *_, bye = lines
    assert isinstance(hello, Hello)
    assert isinstance(version, FileFact)
    assert isinstance(ran, Ran)
    assert isinstance(bye, Bye)
    assert version.data == Path("/proc/version").read_bytes()
    assert (ran.exit, bye.lines) == (3, len(lines) - 1)


def test_a_plan_passes_through_no_shell(program: tuple[Board, Program]) -> None:
    words = ["$(reboot)", "`x`", "'", '"', "\\", "a\tb\n", "; exit 9", "*", "\udcff"]
    (ran,) = [
        one
        for one in answer(program, Plan().add(Run(60_000, 1000, ("printf", "%s\\0", *words))))
        if isinstance(one, Ran)
    ]
    assert ran.stdout.split(b"\0")[:-1] == [word.encode("utf-8", "surrogateescape") for word in words]


def test_a_large_answer_streams(program: tuple[Board, Program]) -> None:
    plan = Plan()
    for _ in range(4):
        plan = plan.add(Run(60_000, 2 << 20, ("head", "-c", str(2 << 20), "/dev/urandom")))
    sizes = [len(one.stdout) for one in answer(program, plan) if isinstance(one, Ran)]
    assert sizes == [2 << 20] * 4


def test_lines_come_as_they_are_written(program: tuple[Board, Program]) -> None:
    lines = run(*program, Plan().add(Run(600_000, 10, ("sleep", "500"))), Deadline.after(SECONDS))
    assert isinstance(lines, Generator)
    assert isinstance(next(lines), Hello)
    lines.close()


def test_the_deadline_ends_it_on_the_board_and_what_came_stands(fresh: NativeBoard, time_to_kill: Deadline) -> None:
    board = fresh.connect()
    program = ensure_pushed(board, Deadline.after(SECONDS))
    deadline = dataclasses.replace(time_to_kill, at=Deadline.after(time_to_kill.budget).at)  # pushing took its time
    lines = run(board, program, Plan().add(Node("/"), Run(600_000, 10, ("sleep", "500"))), deadline)
    assert [type(next(lines)), type(next(lines))] == [Hello, NodeFact]
    with pytest.raises(DeadlineExceeded):
        next(lines)
    # what the program has started is told of its end by the kernel, and goes after it
    soon, pause = Deadline.after(SECONDS), threading.Event()
    while left := [one for one in fresh.processes().values() if "bringup-" in one or "sleep 500" in one]:
        assert not soon.expired, left
        pause.wait(0.02)


def test_a_program_that_was_killed_leaves_an_answer_that_is_said_to_be_incomplete(fresh: NativeBoard) -> None:
    board = fresh.connect()
    program = ensure_pushed(board, Deadline.after(SECONDS))
    lines = run(board, program, Plan().add(Run(600_000, 10, ("sleep", "500"))), Deadline.after(SECONDS))
    assert isinstance(next(lines), Hello)
    # the first; its child bears the same name until it runs sleep
    pid = min(pid for pid, command in fresh.processes().items() if command.startswith(program.path))
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(AllocatorError, match=r"it ends after 1 lines without bye \(killed by signal 9") as raised:
        list(lines)
    assert raised.value.board == fresh.serial


def test_a_program_that_is_gone_or_is_none_says_so(program: tuple[Board, Program]) -> None:
    board, _ = program
    with pytest.raises(AllocatorError, match=r"it is empty .*it is gone"):
        list(run(board, Program("/data/local/tmp/nothing", pushed=False, machine=""), Plan(), Deadline.after(SECONDS)))
    with pytest.raises(AllocatorError, match="not a JSON line: 'plan"):
        list(run(board, Program("/system/bin/cat", pushed=False, machine=""), Plan(), Deadline.after(SECONDS)))


def test_a_refused_plan_is_a_line_and_no_exception(
    program: tuple[Board, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plan, "encode", lambda _: b"plan\t1\nfrob\nend\n")
    (line,) = answer(program, Plan())
    assert isinstance(line, Refused)
    assert (line.line, line.reason) == (2, "an unknown item")


def test_a_board_that_goes_away_is_a_board_error(fresh: NativeBoard) -> None:
    board = fresh.connect()
    program = ensure_pushed(board, Deadline.after(SECONDS))
    lines = run(board, program, Plan().add(Run(600_000, 10, ("sleep", "500"))), Deadline.after(SECONDS))
    assert isinstance(next(lines), Hello)
    fresh.stop()
    with pytest.raises(BoardError):
        list(lines)


def test_a_user_who_is_not_root_gets_denied_and_not_missing(make_native_board: MakeNativeBoard) -> None:
    board = make_native_board(uid=2000).connect()
    program = ensure_pushed(board, Deadline.after(SECONDS))
    hello, file, _ = run(board, program, Plan().add(Read("/proc/1/environ", 10)), Deadline.after(SECONDS))
    assert isinstance(hello, Hello)
    assert isinstance(file, FileFact)
    assert (hello.uid, file.state) == (2000, State.DENIED)
