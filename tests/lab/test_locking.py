"""One process at a time uses a board: real processes, a real adbd, and locks that other hosts left."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from bringup.allocator.run import REMOTE_FOLDERS
from bringup.board import LOCK_NAME, Board, Claim, Heartbeat, Owner, Target, connect_tcp
from bringup.deadline import Deadline
from bringup.errors import BoardInUse
from bringup.lab.locking import Use, is_gone, sweep_locks, using
from bringup.record.observe import Observation, observe
from tests.support.command import bringup
from tests.support.faults.process import RunProcess
from tests.support.faults.relay import Relay
from tests.support.hung_allocator import hang_the_allocator
from tests.support.native_adbd import AdbServer, MakeNativeBoard, NativeBoard

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FOREIGN = Owner("feedfacefeedface", "alice", "lab7", "0123", 4242, "bringup run --all", "2026-01-01T00:00:00Z", 600)
UPTIME = 5000
QUICK = Observation(heaps=None, rounds=0)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks of this host in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/bringup/locks"


@pytest.fixture
def native(make_native_board: MakeNativeBoard) -> NativeBoard:
    return make_native_board()


@pytest.fixture
def start(native: NativeBoard, tmp_path: Path) -> Iterator[Callable[..., RunProcess]]:
    """``bringup run`` on the board, as a process."""
    started: list[RunProcess] = []

    def run(*arguments: str) -> RunProcess:
        output = str(tmp_path / f"run-{len(started)}")
        environ = {"ANDROID_ADB_SERVER_PORT": str(native.server.address.port)}
        fixed = ("run", "-s", native.serial, "--json-lines", "--rounds", "0", "-o", output)
        started.append(RunProcess([*fixed, *arguments], environ))
        return started[-1]

    yield run
    for process in started:
        if process.process.poll() is None:
            process.process.kill()
            process.end()


def lock_of(native: NativeBoard) -> Path:
    return native.files / "data/local/tmp" / LOCK_NAME


def leave(native: NativeBoard, owner: Owner, *, boot_id: str | None = None, age: int = 0, seconds: int = 600) -> Path:
    """A lock as another host leaves it."""
    native.set_uptime(UPTIME)
    line = msgspec.json.encode(owner).decode()
    lock_of(native).write_text(f"{line}\n{boot_id or native.boot_id} {UPTIME - age} {seconds}\n")
    return lock_of(native)


def nobody_uses(native: NativeBoard, state: Path) -> bool:
    return not lock_of(native).exists() and not list(state.glob("*"))


def answer_again(native: NativeBoard) -> None:
    """What hangs is not believed to be the test allocator any more."""
    (native.files / "vendor/bin/sha256sum").unlink()


def is_observing(event: dict[str, object]) -> bool:
    return event.get("step") == "facts and tests"


def test_a_second_process_is_refused_and_says_whose_board_it_is(
    native: NativeBoard, start: Callable[..., RunProcess], state: Path
) -> None:
    hang_the_allocator(native)
    first = start()
    first.wait_for(is_observing, "the first observes")
    status, said = start().end()
    assert status == 3
    assert f"{native.serial}: use the board: in use for " in said
    assert f"(process {first.process.pid}): bringup run -s {native.serial}" in said
    assert "→ wait for it: --wait SECONDS" in said
    assert "--break-lock" in said
    first.process.send_signal(signal.SIGTERM)
    assert first.end()[0] == 130
    assert nobody_uses(native, state)


@pytest.mark.parametrize("number", ENDING)
def test_every_end_gives_the_board_back(
    native: NativeBoard, start: Callable[..., RunProcess], state: Path, number: signal.Signals
) -> None:
    hang_the_allocator(native)
    process = start()
    process.wait_for(is_observing, "it observes")
    assert lock_of(native).exists()
    assert len(list(state.glob("*"))) == 1
    process.process.send_signal(number)
    assert process.end()[0] == 130
    assert nobody_uses(native, state)


def test_the_board_of_a_process_that_was_killed_is_free_at_once(
    native: NativeBoard, start: Callable[..., RunProcess], state: Path
) -> None:
    hang_the_allocator(native)
    process = start()
    process.wait_for(is_observing, "it observes")
    process.process.kill()
    process.end()
    assert lock_of(native).exists()
    answer_again(native)
    status, said = start().end()
    assert status == 1, said  # no heaps on this board
    assert nobody_uses(native, state)


@pytest.mark.parametrize("seconds", ["300", "inf"])
def test_who_waits_gets_the_board_when_it_is_free(
    native: NativeBoard, start: Callable[..., RunProcess], seconds: str
) -> None:
    lock = leave(native, FOREIGN)
    process = start("--wait", seconds)
    process.wait_for(lambda event: event.get("step") == "wait until nobody else uses the board", "it waits")
    lock.unlink()
    status, said = process.end()
    assert status == 1, said
    assert not lock.exists()


def test_a_lock_can_be_broken(native: NativeBoard, start: Callable[..., RunProcess], state: Path) -> None:
    hang_the_allocator(native)
    first = start()
    first.wait_for(is_observing, "the first observes")
    answer_again(native)
    status, said = start("--break-lock").end()
    assert status == 1, said
    first.process.send_signal(signal.SIGTERM)
    first.end()
    assert nobody_uses(native, state)


def seen_of(native: NativeBoard, tmp_path: Path) -> str:
    """What an observation of the board ends with; empty: with nothing."""
    board = native.connect()
    with using(board, Use("test"), 60) as claim:
        error = observe(board, tmp_path / "record", QUICK, claim=claim)
    assert error is None or isinstance(error, BoardInUse)
    return "" if error is None else f"{error.seen} → {error.hint}"


def test_another_host_uses_the_board(native: NativeBoard, tmp_path: Path) -> None:
    lock = leave(native, FOREIGN, age=130)
    seen = seen_of(native, tmp_path)
    assert seen.startswith("in use for 2 min 1")
    assert "by alice on lab7 (process 4242): bringup run --all" in seen
    assert "that lock ends after 600 s" in seen
    assert lock.exists()


def test_a_lock_of_another_boot_does_not_count(native: NativeBoard, tmp_path: Path) -> None:
    lock = leave(native, FOREIGN, boot_id="00000000-0000-0000-0000-000000000000")
    assert not seen_of(native, tmp_path)
    assert not lock.exists()


def test_a_lock_ends_when_its_owner_said(native: NativeBoard, tmp_path: Path) -> None:
    leave(native, FOREIGN, age=599)
    assert seen_of(native, tmp_path)
    leave(native, FOREIGN, age=601)
    assert not seen_of(native, tmp_path / "later")


@pytest.mark.parametrize(
    "text",
    ["", "{", "nonsense", "{}\n\n", '{"token":1}\na b c\n', "\x00\xff" * 500, "x\nb 99999999999999999999999 9\n"],
)
def test_what_is_no_lock_keeps_nobody_out(native: NativeBoard, tmp_path: Path, text: str) -> None:
    lock_of(native).write_bytes(text.encode("latin-1"))
    assert not seen_of(native, tmp_path)
    assert not lock_of(native).exists()


def test_who_was_killed_while_it_removed_an_old_lock_keeps_nobody_out(native: NativeBoard, tmp_path: Path) -> None:
    lock = leave(native, FOREIGN, age=601)
    busy = lock.with_name(f"{LOCK_NAME}.busy")
    busy.touch()
    assert not seen_of(native, tmp_path)
    assert not busy.exists()
    assert not lock.exists()


@pytest.mark.parametrize("since", ["2026-01-01T00:00:00", "yesterday", ""])
def test_a_damaged_lock_of_this_host_is_one_of_an_unknown_process(native_board: NativeBoard, since: str) -> None:
    """Whoever has it has it: the kernel says so."""
    board = native_board.connect()
    with using(board, Use("first"), 60) as claim:
        owner = msgspec.structs.replace(claim.owner, since=since)
        Path(claim.owner.file).write_bytes(msgspec.json.encode(owner))
        with pytest.raises(BoardInUse, match="in use by an unknown process"), using(board, Use("second"), 60):
            pass


def test_a_lock_in_another_folder_counts(native: NativeBoard, tmp_path: Path) -> None:
    leave(native, FOREIGN).rename(native.files / "tmp" / LOCK_NAME)
    assert "alice" in seen_of(native, tmp_path)


@pytest.mark.parametrize("stale", [False, True])
def test_of_many_at_once_one_gets_the_lock(native: NativeBoard, stale: bool) -> None:
    """On the board alone: as if each were of another host."""
    patient, way = Heartbeat(answer=60), native.server.transport
    boards = [Board.open(way, Target(native.serial), Deadline.after(60), heartbeat=patient) for _ in range(8)]
    claims = [Claim(Owner(f"{number:016}", seconds=60), REMOTE_FOLDERS, Deadline.after(0)) for number in range(8)]

    def take(board: Board, claim: Claim) -> bool:
        answer = board.shell(claim.take_script(), Deadline.after(60)).stdout.decode()
        try:
            claim.require(answer.splitlines()[0], board.serial)
        except BoardInUse:
            return False
        return True

    for _ in range(5):
        if stale:
            leave(native, FOREIGN, age=601)
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(take, boards, claims))
        assert taken.count(True) == 1
        for board, claim in zip(boards, claims, strict=True):
            board.release(claim, Deadline.after(60))
        assert not lock_of(native).exists()


def test_nobody_on_the_board_has_commands_run(native: NativeBoard, tmp_path: Path) -> None:
    """A lock's token ends in a script; an owner of no host is not one of this host that ended."""
    owner = msgspec.structs.replace(FOREIGN, token="x*) id >/tmp/pwned;; y", host_id="", file="/nonexistent/x")
    leave(native, owner)
    seen = seen_of(native, tmp_path)
    assert not (native.files / "tmp/pwned").exists()
    assert "an unknown process" in seen
    assert not is_gone(msgspec.structs.replace(FOREIGN, host_id="", file="/nonexistent/x"))


def test_a_host_without_a_place_for_locks_goes_without(
    native: NativeBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    board = native.connect()
    with using(board, Use("test"), 60) as claim:
        assert claim.owner.file == ""
        assert not is_gone(claim.owner)
        assert observe(board, tmp_path / "record", QUICK, claim=claim) is None


def test_a_share_without_locks_leaves_nothing_open(native: NativeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    board = native.connect()
    with using(board, Use("test"), 60) as claim:
        monkeypatch.setattr("bringup.lab.locking.fcntl.flock", no_locks)
        assert not is_gone(claim.owner), "nobody knows"
    before = set(Path("/proc/self/fd").iterdir())
    with using(board, Use("test"), 60) as claim:
        assert claim.owner.file == ""
    assert set(Path("/proc/self/fd").iterdir()) <= before


def test_a_second_way_to_a_board_is_refused_on_the_board(
    native: NativeBoard, tmp_path: Path, adb_server: AdbServer
) -> None:
    """As over USB and TCP: this host has two locks then, and the board has one."""
    relay = Relay((native.address, 5555))
    try:
        first, serial = native.connect(), f"127.0.0.1:{relay.port}"
        connect_tcp(adb_server.transport, serial, Deadline.after(60))
        second = Board.open(adb_server.transport, Target(serial), Deadline.after(60))
        with using(first, Use("first"), 60) as claim, using(second, Use("second"), 60) as other:
            first.shell(claim.take_script(), Deadline.after(60))
            error = observe(second, tmp_path / "record", QUICK, claim=other)
            assert isinstance(error, BoardInUse)
            assert ": first" in error.seen
            first.release(claim, Deadline.after(60))
            assert observe(second, tmp_path / "again", QUICK, claim=other) is None
    finally:
        relay.close()


def test_collect_holds_the_board_too(native: NativeBoard, tmp_path: Path) -> None:
    leave(native, FOREIGN)
    environ = {"ANDROID_ADB_SERVER_PORT": str(native.server.address.port)}
    done = bringup("collect", "-s", native.serial, "-o", str(tmp_path / "r"), environ=environ)
    assert done.returncode == 3
    assert "in use for " in done.stderr
    end = json.loads((tmp_path / "r/record.jsonl").read_text().splitlines()[-1])
    assert "in use" in end["why"]
    assert list((tmp_path / "r" / "files").iterdir()) == []


@pytest.mark.parametrize("command", [["heap", "list"], ["collect", "--no-tests"]])
def test_who_only_looks_keeps_nobody_out_and_is_not_kept_out(
    native: NativeBoard, tmp_path: Path, command: list[str]
) -> None:
    lock = leave(native, FOREIGN)
    environ = {"ANDROID_ADB_SERVER_PORT": str(native.server.address.port)}
    output = ["-o", str(tmp_path / "r")] if command[0] == "collect" else []
    done = bringup(*command, "-s", native.serial, *output, environ=environ)
    assert done.returncode == 0, done.stderr
    assert "alice" in lock.read_text()


@pytest.mark.parametrize("command", [["check"], ["heap", "test"], ["heap", "bench", "--time", "1"]])
def test_who_tests_or_measures_is_kept_out(native: NativeBoard, command: list[str]) -> None:
    lock = leave(native, FOREIGN)
    environ = {"ANDROID_ADB_SERVER_PORT": str(native.server.address.port)}
    done = bringup(*command, "-s", native.serial, "--wait", "0", environ=environ)
    assert done.returncode == 3
    assert "in use for 0 s by alice on lab7" in done.stderr
    assert bringup(*command, "-s", native.serial, "--break-lock", environ=environ).returncode != 2
    assert not lock.exists()


def test_what_killed_processes_left_is_swept_and_what_is_locked_is_not(state: Path) -> None:
    state.mkdir(parents=True)
    for name in ("held", "left", "fresh"):
        (state / f"{name}.json").touch()
        if name != "fresh":
            os.utime(state / f"{name}.json", (1, 1))
    with (state / "held.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        sweep_locks()
    assert {path.name for path in state.iterdir()} == {"held.json", "fresh.json"}
