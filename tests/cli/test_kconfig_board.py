"""``bringup kconfig`` of the kernel that runs on a board: a real adbd on this machine, a real kernel in QEMU."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bringup.board import connect_tcp
from bringup.deadline import Deadline
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.scripted_record import CONFIG, ScriptedBoard

OURS = """\
schema: bringup.kconfig-requirements/1
requirements:
  - {id: ours.node, title: It is there, need: {NO_SUCH_SYMBOL: y}, proof: [{node: system}], why: the node decides}
  - {id: ours.other, title: It is not, need: {NO_SUCH_SYMBOL: y}, proof: [{node: nobody}], why: the node decides}
"""


@pytest.fixture
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    """A server of the test's own: what it lists decides here."""
    server = AdbServer(tmp_path_factory.mktemp("adb"))
    yield server
    server.kill()


@pytest.fixture
def board(make_native_board: Callable[..., NativeBoard]) -> NativeBoard:
    """A board whose kernel tells its configuration in ``/proc/config.gz``, where this machine's does, or in ``/boot``."""
    made = make_native_board()
    (made.files / "boot").mkdir()
    (made.files / f"boot/config-{os.uname().release}").write_text(CONFIG)
    return made


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The same configuration as a file."""
    running = Path("/proc/config.gz")
    text = gzip.decompress(running.read_bytes()).decode() if running.exists() else CONFIG
    (tmp_path / "config").write_text(text)
    return tmp_path / "config"


def server_of(board: NativeBoard) -> dict[str, str]:
    return {"ANDROID_ADB_SERVER_PORT": str(board.server.address.port)}


def test_the_running_kernel_is_judged_with_all_that_is_seen_beside(board: NativeBoard, config: Path) -> None:
    done = bringup("kconfig", "check", "-s", board.serial, "--json", environ=server_of(board))
    document = json.loads(done.stdout)
    assert document["kernel"] == os.uname().release
    assert document["source"] == f"{board.serial} (running kernel)"
    verdicts = {one["id"]: one for one in document["verdicts"]}
    assert "/dev/dma_heap/system is not there" in verdicts["heaps.system"]["evidence"]
    assert verdicts["heaps.system"]["outcome"] in {"fail", "warn"}
    file = json.loads(bringup("kconfig", "check", str(config), "--json").stdout)
    assert [one["id"] for one in file["verdicts"]] == list(verdicts)


def test_one_board_connected_is_chosen(board: NativeBoard) -> None:
    done = bringup("kconfig", "check", "--json", environ=server_of(board))
    assert json.loads(done.stdout)["source"].startswith(board.serial)


def test_android_serial_does_not_turn_a_file_into_a_board(board: NativeBoard, config: Path) -> None:
    done = bringup("kconfig", "check", str(config), environ=server_of(board) | {"ANDROID_SERIAL": board.serial})
    assert done.stdout.startswith(f"{config}: configuration")


def test_a_fragment_for_the_running_kernel_is_the_fragment_for_its_file(board: NativeBoard, config: Path) -> None:
    def settings(*arguments: str) -> set[str]:
        done = bringup("kconfig", "fragment", "--kernel", os.uname().release, *arguments, environ=server_of(board))
        return {line for line in done.stdout.splitlines() if line.startswith("CONFIG_")}

    # without heap nodes nothing but the configuration can satisfy, so both ask for the same
    assert settings("-s", board.serial) >= settings(str(config))


def test_do_running_kernel_and_build_agree(board: NativeBoard, config: Path, tmp_path: Path) -> None:
    done = bringup("kconfig", "diff", "--same", str(config), "-s", board.serial, environ=server_of(board))
    assert (done.returncode, done.stdout) == (0, "2 sources agree\n"), done.stderr
    other = tmp_path / "vendor.config"
    other.write_text("CONFIG_PRINTK=m\n")
    done = bringup("kconfig", "diff", "--same", str(config), str(other), "-s", board.serial, environ=server_of(board))
    assert done.returncode == 1
    assert "running kernel" in done.stdout
    assert "3 sources disagree on 1 symbol\n" in done.stdout


def test_two_boards_are_compared_and_not_judged_at_once(make_native_board: Callable[..., NativeBoard]) -> None:
    boards = [make_native_board() for _ in range(2)]
    both = [word for board in boards for word in ("-s", board.serial)]
    for board in boards:
        (board.files / "boot").mkdir()
        (board.files / f"boot/config-{os.uname().release}").write_text(CONFIG)
    done = bringup("kconfig", "diff", "--same", *both, environ=server_of(boards[0]))
    assert (done.returncode, done.stdout) == (0, "2 sources agree\n"), done.stderr
    done = bringup("kconfig", "check", *both, environ=server_of(boards[0]))
    assert (done.returncode, done.stdout) == (2, "")
    assert "2 boards are named" in done.stderr


def test_what_was_observed_is_what_was_needed(board: NativeBoard, tmp_path: Path) -> None:
    """One observation: no test of a heap, no file that says nothing of the kernel's configuration."""
    from bringup.board import RootPolicy
    from bringup.record.load import load_record
    from bringup.record.observe import Observation, observe
    from bringup.record.questions import KERNEL

    how = Observation(questions=KERNEL, root=RootPolicy.AUTO, heaps=None, rounds=0)
    assert observe(board.connect(), tmp_path / "record", how) is None
    record = load_record(tmp_path / "record")
    assert record.file("/proc/modules") is not None
    assert record.file("/proc/iomem") is None
    assert record.file("dmesg") is None
    assert (record.results, record.latencies) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "FILE", "-s", "x"], "more than one kernel was named"),
        (["check", "FILE", "--record", "r"], "more than one kernel was named"),
        (["fragment", "--record", "r", "-s", "x"], "more than one kernel was named"),
        (["diff", "FILE"], "-s SERIAL"),
        (["diff", "-s", "x"], "compare configurations"),
        (["check", "-s", "x", "-e"], "more than one of -s, -t, -d and -e"),
    ],
)
def test_contradictions(arguments: list[str], said: str, config: Path) -> None:
    done = bringup("kconfig", *(str(config) if word == "FILE" else word for word in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_nothing_named_and_no_board(adb_server: AdbServer) -> None:
    done = bringup("kconfig", "check", environ={"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)})
    assert done.returncode == 2
    assert "nothing to read was named, and adb lists no board" in done.stderr
    assert "→ name a file, such as .config, a kernel or a boot image, or connect a board" in done.stderr


def test_a_record_may_be_named_as_a_source(tmp_path: Path) -> None:
    folder = ScriptedBoard().record(tmp_path / "r").folder
    by_option = bringup("kconfig", "check", "--record", str(folder), "--json")
    assert by_option.returncode in {0, 1}
    assert bringup("kconfig", "check", str(folder), "--json").stdout == by_option.stdout
    (tmp_path / "build").write_text(CONFIG)
    assert bringup("kconfig", "diff", "--same", str(tmp_path / "build"), str(folder)).returncode == 0
    done = bringup("kconfig", "check", str(tmp_path))
    assert done.returncode == 2
    assert "is a folder, but not a kernel source tree" in done.stderr


def test_a_record_is_compared_too(config: Path, tmp_path: Path) -> None:
    folder = ScriptedBoard().record(tmp_path / "r").folder
    (tmp_path / "build").write_text(CONFIG)
    assert bringup("kconfig", "diff", "--same", str(tmp_path / "build"), "--record", str(folder)).returncode == 0
    silent = ScriptedBoard(config=None).record(tmp_path / "s").folder
    done = bringup("kconfig", "diff", "--same", str(tmp_path / "build"), "--record", str(silent))
    assert done.returncode == 3
    assert "/proc/config.gz is not there" in done.stderr


@pytest.mark.board
def test_on_a_board_with_heaps_the_node_satisfies(
    amd64_board: VirtualBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    serial = connect_tcp(adb_server.transport, amd64_board.serial, Deadline.after(300))
    environ = {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}
    (tmp_path / "ours.yaml").write_text(OURS)
    more = ("--requirements", str(tmp_path / "ours.yaml"))
    done = bringup("kconfig", "check", "-s", serial, "--json", *more, environ=environ)
    document = json.loads(done.stdout)
    verdicts = {one["id"]: one for one in document["verdicts"]}
    assert verdicts["ours.node"]["satisfied_by"] == "/dev/dma_heap/system is there"
    assert verdicts["ours.other"]["outcome"] == "fail"
    assert verdicts["heaps.framework"]["outcome"] == verdicts["heaps.system"]["outcome"] == "pass"
    assert (document["arch"], done.returncode) == ("x86", 1)
    assert bringup("kconfig", "check", "-s", serial, environ=environ).returncode == 0
