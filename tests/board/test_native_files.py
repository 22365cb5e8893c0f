"""Push, pull and stat on real adbd, and what the board says when it refuses."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bringup.board import Board
from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, HostError, TransferError

if TYPE_CHECKING:
    from tests.support.native_adbd import MakeNativeBoard, NativeBoard

FOLDER = "/data/local/tmp"


def soon() -> Deadline:
    return Deadline.after(60)


@pytest.fixture
def board(native_board: NativeBoard) -> Iterator[Board]:
    board = native_board.connect()
    yield board
    board.shell(f"umount {FOLDER}/small {FOLDER}/ro; rm -rf {FOLDER}/*", soon())


def on(board: Board, script: str) -> str:
    done = board.shell(script, soon())
    assert done.exit_code == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 3_000_000])
def test_a_pushed_file_is_pulled_as_it_was(board: Board, size: int) -> None:
    data = os.urandom(size)
    assert board.push(data, f"{FOLDER}/file", 0o644, soon()) == size
    pulled = board.pull(f"{FOLDER}/file", soon())
    assert (pulled.data == data, pulled.truncated) == (True, False)


def test_a_file_of_the_host_is_pushed_with_its_mode(board: Board, tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\necho it runs\n")
    board.push(tmp_path / "tool", f"{FOLDER}/tool", 0o755, soon())
    assert on(board, f"{FOLDER}/tool") == "it runs\n"
    found = board.stat(f"{FOLDER}/tool", soon())
    assert found is not None
    # adbd gives group and others the owner's bits (file_sync_service.cpp)
    assert (stat.S_IMODE(found.mode), found.uid, found.is_file) == (0o777, 0, True)


def test_64_mebibytes_go_there_and_back(board: Board, tmp_path: Path) -> None:
    size = 64 << 20
    with (tmp_path / "big").open("wb") as file:
        file.truncate(size - 1)
        file.seek(size - 1)
        file.write(b"!")
    assert board.push(tmp_path / "big", f"{FOLDER}/big", 0o600, soon()) == size
    found = board.stat(f"{FOLDER}/big", soon())
    assert found is not None
    assert found.size == size
    assert board.pull(f"{FOLDER}/big", soon(), limit=size).data[-2:] == b"\0!"


@pytest.mark.parametrize("name", ["with space", "quote'\"", "new\nline", "$HOME;x", "ümlaut", "-rf"])
def test_a_name_is_a_name_and_no_shell(board: Board, name: str) -> None:
    board.push(b"x", f"{FOLDER}/{name}", 0o644, soon())
    assert board.pull(f"{FOLDER}/{name}", soon()).data == b"x"
    assert board.shell(["cat", f"{FOLDER}/{name}"], soon()).stdout == b"x"


def test_a_file_of_procfs_is_pulled_though_its_size_is_0(board: Board) -> None:
    assert board.pull("/proc/version", soon()).data.startswith(b"Linux version")


@pytest.mark.parametrize(("limit", "truncated"), [(999, True), (1000, False), (1001, False), (0, True)])
def test_a_pull_stops_at_its_limit(board: Board, limit: int, truncated: bool) -> None:
    board.push(bytes(1000), f"{FOLDER}/file", 0o644, soon())
    pulled = board.pull(f"{FOLDER}/file", soon(), limit=limit)
    assert (len(pulled.data), pulled.truncated) == (min(limit, 1000), truncated)


def test_an_endless_file_is_pulled_up_to_the_limit(board: Board) -> None:
    assert board.pull("/dev/zero", soon(), limit=1 << 20).truncated


def test_stat_of_nothing_is_nothing(board: Board) -> None:
    assert board.stat("/nowhere", soon()) is None
    assert board.stat("/proc/version/below", soon()) is None


def test_stat_of_a_directory(board: Board) -> None:
    found = board.stat(FOLDER, soon())
    assert found is not None
    assert found.is_dir
    assert (found.uid, found.gid) == (2000, 2000)


def test_stat_v1_of_an_old_adbd(board: Board) -> None:
    board.features = frozenset({"shell_v2"})
    found = board.stat(FOLDER, soon())
    assert found is not None
    assert (found.is_dir, found.uid) == (True, None)
    assert board.stat("/nowhere", soon()) is None


# Refusals


def refused(board: Board, data: bytes, remote: str) -> TransferError:
    with pytest.raises(TransferError) as caught:
        board.push(data, remote, 0o644, soon())
    return caught.value


def test_a_full_file_system_says_so_with_the_bytes_needed_and_free(board: Board) -> None:
    on(board, f"mkdir {FOLDER}/small && mount -t tmpfs -o size=64k small {FOLDER}/small")
    error = refused(board, bytes(8 << 20), f"{FOLDER}/small/big")
    assert "No space left on device" in str(error)
    assert "8388608 bytes are needed, 65536 are free" in error.hint
    assert on(board, f"ls -A {FOLDER}/small") == "", "a failed push leaves no file"


def test_a_read_only_file_system_says_so(board: Board) -> None:
    on(board, f"mkdir {FOLDER}/ro && mount -t tmpfs -o ro ro {FOLDER}/ro")
    error = refused(board, b"x", f"{FOLDER}/ro/file")
    assert "Read-only file system" in str(error)
    assert "/data/local/tmp" in error.hint


def test_a_directory_in_the_way_is_left_alone(board: Board) -> None:
    on(board, f"mkdir -p {FOLDER}/dir/kept")
    assert refused(board, b"x", f"{FOLDER}/dir").hint
    assert on(board, f"ls {FOLDER}/dir") == "kept\n"


def test_a_file_in_place_of_a_directory_says_so(board: Board) -> None:
    on(board, f"touch {FOLDER}/file")
    assert "Not a directory" in str(refused(board, b"x", f"{FOLDER}/file/x"))


def test_without_permission_the_board_says_so(make_native_board: MakeNativeBoard) -> None:
    board = make_native_board(uid=2000).connect()
    error = refused(board, b"x", "/etc/passwd")
    assert "Permission denied" in str(error)
    assert "root" in error.hint
    with pytest.raises(TransferError, match="Permission denied"):
        board.pull("/proc/1/environ", soon())
    with pytest.raises(TransferError, match="Permission denied"):
        board.stat("/proc/1/cwd/x", soon())


def test_a_pull_of_nothing_says_so(board: Board) -> None:
    with pytest.raises(TransferError, match="No such file or directory") as caught:
        board.pull("/nowhere", soon())
    assert caught.value.hint.endswith("adb shell ls -l")


def test_a_push_of_nothing_is_the_hosts_fault(board: Board, tmp_path: Path) -> None:
    with pytest.raises(HostError, match="No such file or directory"):
        board.push(tmp_path / "none", f"{FOLDER}/file", 0o644, soon())
    assert board.stat(f"{FOLDER}/file", soon()) is None


def test_a_push_that_is_cut_short_leaves_no_file(board: Board) -> None:
    with pytest.raises(DeadlineExceeded):
        board.push(bytes(1 << 30), f"{FOLDER}/part", 0o644, Deadline.after(0.05))
    deadline = soon()
    while board.stat(f"{FOLDER}/part", deadline) is not None:
        assert not deadline.expired
