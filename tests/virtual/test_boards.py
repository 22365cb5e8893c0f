"""Virtual boards that really boot. Few boots, each asked much."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.virtual import (
    Qmp,
    VirtualBoard,
    find_image,
    find_profile,
    running,
    running_board,
    save_snapshot,
    setup,
    start,
    stop,
)
from bringup.virtual.boot.initramfs import TOYBOX_APPLETS
from bringup.virtual.running.state import folders
from tests.support.adbd import shell
from tests.support.virtual_board import BOOT_SECONDS, MakeBoard, require_virtual_board

pytestmark = pytest.mark.board
AMD64 = find_profile("amd64")


def ask(board: VirtualBoard, command: str) -> str:
    return shell(board.port, command, Deadline.after(120)).strip()


@pytest.fixture
def board_possible() -> None:
    require_virtual_board()


def test_it_looks_like_an_android_board(amd64_board: VirtualBoard) -> None:
    image = find_image(AMD64)
    assert image is not None
    assert ask(amd64_board, "id -u; uname -r; readlink -f /bin/sh").split() == ["0", image.release, "/system/bin/sh"]
    assert ask(amd64_board, "stat -c '%a %U %G' /dev/dma_heap/system /data/local/tmp /").splitlines() == [
        "444 system system",
        "771 shell shell",
        "755 root root",
    ]
    names = ("ro.product.cpu.abi", "ro.debuggable", "no.such", "sys.boot_completed")
    answers = ask(amd64_board, "; ".join(f"getprop {name}" for name in names)).splitlines()
    assert answers == ["x86_64", "1", "", "1"]
    paths = ["/sys/kernel/tracing/trace", "/system/etc/ueventd.rc", "/vendor/etc/ueventd.rc"]
    assert ask(amd64_board, f"ls {' '.join(paths)}").split() == paths


def test_the_kernels_configuration_is_on_the_board(amd64_board: VirtualBoard) -> None:
    image = find_image(AMD64)
    assert image is not None
    assert ask(amd64_board, "sha256sum < /boot/config-$(uname -r)").split()[0] == _sha256(image.config)
    assert "CONFIG_DMABUF_HEAPS_SYSTEM=y" in image.config.read_text().splitlines()


def test_every_linked_program_is_one_that_toybox_has(amd64_board: VirtualBoard) -> None:
    assert set(TOYBOX_APPLETS) <= set(ask(amd64_board, "toybox").split())


def test_options_of_the_command_line(fresh_board: MakeBoard) -> None:
    options = "bringup.adbd_uid=2000 bringup.su=1 bringup.heap_mode=0600 bringup.data_size=64k androidboot.hardware=x"
    board = fresh_board(append=options, properties={"ro.product.model": "other"}, extra_files={"vendor/a/b": b"hello"})
    assert ask(board, "id -u; su 0 id -u; su root id -un; su -c 'id -u'").split() == ["2000", "0", "root", "0"]
    assert "Permission denied" in ask(board, "cat /dev/dma_heap/system")
    assert "No space left" in ask(board, "head -c 100000 /dev/zero >/data/local/tmp/full")
    assert ask(board, "getprop ro.boot.hardware; getprop ro.product.model; cat /vendor/a/b") == "x\nother\nhello"


def test_a_board_without_heaps_config_or_su(fresh_board: MakeBoard) -> None:
    board = fresh_board(append="bringup.noheaps=1 bringup.noconfig=1 bringup.adbd_uid=12345")
    assert ask(board, "ls -d /dev/dma_heap 2>&1").endswith("No such file or directory")
    assert ask(board, "ls /boot; id -u") == "12345"
    assert ask(board, "su 0 id -u").endswith("su: inaccessible or not found")


def test_a_board_continues_where_another_was_saved(fresh_board: MakeBoard, tmp_path: Path) -> None:
    saved, deadline, snapshot = fresh_board(memory=256), Deadline.after(BOOT_SECONDS), tmp_path / "a snapshot"
    assert ask(saved, "echo kept >/data/file; stat -c %U /data/file") == "root"
    save_snapshot(saved, snapshot, deadline)
    assert Qmp(saved.qmp).status(deadline) == "postmigrate"
    with running_board(AMD64, deadline, snapshot=snapshot, memory=256) as board:
        assert ask(board, "cat /data/file") == "kept"
        assert b"adbd started" not in board.console.read_bytes()


@pytest.mark.usefixtures("board_possible", "own_runtime")
def test_a_file_that_is_no_snapshot_is_refused_with_qemus_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"something else")
    board = running_board(AMD64, Deadline.after(BOOT_SECONDS), snapshot=tmp_path / "file")
    with pytest.raises(VirtualBoardError, match="Not a migration stream") as caught, board:
        pass
    assert "continue the virtual board amd64-" in str(caught.value)
    assert running() == []


def test_a_board_that_cannot_be_saved_says_why(fresh_board: MakeBoard, tmp_path: Path) -> None:
    with pytest.raises(VirtualBoardError, match=r"save the virtual board amd64-\d+-\d+: \w+"):
        save_snapshot(fresh_board(memory=256), tmp_path / "none" / "file", Deadline.after(BOOT_SECONDS))


@pytest.mark.usefixtures("board_possible")
def test_a_started_board_stays_is_found_again_and_is_stopped(own_runtime: Path) -> None:
    board = start(AMD64, Deadline.after(BOOT_SECONDS), name="stays")
    try:
        assert start(AMD64, Deadline.after(60), name="stays") == board
        assert (running(), board.owner) == ([board], None)
        assert ask(board, "getprop ro.serialno") == "stays"
        assert "[ro.serialno]: [stays]" in ask(board, "getprop").splitlines()
        with pytest.raises(VirtualBoardError, match="started with other options") as caught:
            start(AMD64, Deadline.after(60), name="stays", append="quiet")
        assert "bringup virtual stop stays" in caught.value.hint
        with pytest.raises(VirtualBoardError) as taken:
            start(AMD64, Deadline.after(60), name="second", port=board.port)
        assert "the port is in use" in taken.value.hint
    finally:
        assert stop("stays", Deadline.after(60)) is True
    assert running() == []
    assert _command(Path(f"/proc/{board.pid}/cmdline")) == b""  # gone, or a zombie that nobody has waited for
    assert stop("stays", Deadline.after(60)) is False


@pytest.mark.usefixtures("board_possible", "own_runtime")
@pytest.mark.parametrize("victim", ["process", "guard"])
def test_no_qemu_outlives_a_process_that_is_killed(victim: str) -> None:
    program = (
        "from bringup.deadline import Deadline; from bringup import virtual\n"
        f"with virtual.running_board(virtual.find_profile('amd64'), Deadline.after({BOOT_SECONDS})): pass"
    )
    deadline, pause = Deadline.after(BOOT_SECONDS), Event()
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as process:
        while (pid := next((folder.pid() for folder in folders()), None)) is None:
            pause.wait(min(0.02, deadline.require("wait for QEMU")))
        handle = os.pidfd_open(pid)
        assert [folder.owner() for folder in folders()] == [process.pid]
        if victim == "guard":
            process.send_signal(signal.SIGSTOP)  # it must not be the one that cleans up
            os.kill(_parent(pid), signal.SIGKILL)
        else:
            process.kill()
        ended = select.select([handle], [], [], 60)[0]
        os.close(handle)
        process.kill()
    assert ended, "QEMU still runs"


@pytest.mark.usefixtures("board_possible", "own_runtime")
def test_a_kernel_that_panics_is_reported_with_its_words() -> None:
    with (
        pytest.raises(VirtualBoardError, match=r"Kernel panic - not syncing: \w+"),
        running_board(AMD64, Deadline.after(BOOT_SECONDS), append="rdinit=/none"),
    ):
        pass
    assert running() == []


@pytest.mark.usefixtures("board_possible")
@pytest.mark.parametrize("detached", [True, False])
def test_a_boot_that_takes_too_long_leaves_nothing_behind(own_runtime: Path, detached: bool) -> None:
    with contextlib.ExitStack() as stack, pytest.raises(DeadlineExceeded):
        start(AMD64, Deadline.after(1), name="slow") if detached else stack.enter_context(
            running_board(AMD64, Deadline.after(1))
        )
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if os.fsencode(own_runtime) in _command(path)]


@pytest.mark.usefixtures("board_possible", "own_runtime")
def test_a_qemu_that_refuses_is_quoted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(VirtualBoardError, match="host forwarding rule") as caught:
            running_board(AMD64, Deadline.after(120), port=port).__enter__()
    assert "the port is in use" in caught.value.hint


def test_without_qemu_the_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VirtualBoardError, match="qemu-system-x86_64 is not on PATH") as caught:
        start(AMD64, Deadline.after(60))
    assert "qemu-system-x86" in caught.value.hint


@pytest.mark.usefixtures("board_possible")
def test_a_board_that_is_set_up_is_not_set_up_again() -> None:
    class Watcher:
        steps: tuple[str, ...] = ()

        def step(self, text: str) -> None:
            self.steps += (text,)

        def bytes(self, done: int, total: int) -> None:
            raise AssertionError(f"nothing is to be downloaded: {done} of {total}")

    watcher = Watcher()
    assert setup(AMD64, Deadline.after(60), watcher) == find_image(AMD64)
    assert watcher.steps == ()


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
