"""``bringup config init``: the first config of a board, from the board itself and from a record of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.board import connect_tcp
from bringup.config.load import load_config
from bringup.config.schema import BoardConfig, HeapKind
from bringup.deadline import Deadline
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.judged import Healthy, HealthyRun
from tests.support.native_adbd import AdbServer
from tests.support.scripted_record import ScriptedBoard
from tests.support.sources import unsourced


def begun(folder: Path, *source: str, server: AdbServer | None = None) -> tuple[BoardConfig, list[str]]:
    """The config that was written, and what was said."""
    path = folder / "configs" / "new.yaml"
    environ = {} if server is None else {"ANDROID_ADB_SERVER_PORT": str(server.address.port)}
    done = bringup("config", "init", *source, "-o", str(path), environ=environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert bringup("config", "check", str(path)).returncode == 0
    lines = path.read_text().splitlines()
    said = [line for line in done.stderr.splitlines() if ": look: " in line]
    marked = [
        f"{path}:{at}: look: {line.partition('# LOOK: ')[2]}" for at, line in enumerate(lines, 1) if "# LOOK: " in line
    ]
    assert said == marked
    return load_config(path, lambda _: None), done.stderr.splitlines()


def failures(record: Path, *options: str) -> tuple[str, set[tuple[str, str | None]]]:
    """The config a record is judged against, and what fails."""
    (board,) = json.loads(bringup("check", str(record), "--json", *options).stdout)["boards"]
    return str(board["config"]), {(v["id"], v.get("heap")) for v in board["verdicts"] if v["outcome"] == "fail"}


def test_from_a_record_it_fits_the_board_and_invents_no_failure(tmp_path: Path) -> None:
    told = {"ro.product.device": "yukawa", "ro.hardware": "yukawa", "ro.serialno": "C8631", "ro.build.id": "AP2A"}
    ScriptedBoard(properties=told).record(tmp_path / "record")
    config, said = begun(tmp_path, "--record", str(tmp_path / "record"))
    assert unsourced(config) == ()
    assert not re.search("C8631|AP2A|scripted", (tmp_path / "configs/new.yaml").read_text())
    assert [(heap.name, heap.kind) for heap in config.heaps] == [
        ("linux,cma", HeapKind.CMA),
        ("system", HeapKind.SYSTEM),
    ]
    assert config.heaps[0].node is not None
    assert (config.heaps[0].node.mode, config.heaps[0].node.owner, config.heaps[0].node.group) == (
        "0666",
        "system",
        "graphics",
    )
    name, failed = failures(tmp_path / "record", "--config-dir", str(tmp_path / "configs"))
    assert (name, failed) == ("new", set())
    assert any("vim3 and vim3l fit equally" in line for line in said)


def test_what_is_wrong_on_the_board_stays_wrong(tmp_path: Path) -> None:
    """The draft describes what was seen; it excuses nothing that fails without it."""
    board = ScriptedBoard(properties={"ro.product.device": "x"})
    board.files["dmesg"] = str(board.files["dmesg"]) + "[    0.0] Reserved memory: incorrect alignment of CMA region\n"
    board.record(tmp_path / "record")
    begun(tmp_path, "--record", str(tmp_path / "record"))
    assert failures(tmp_path / "record")[1] == {("cma.rejected", None)}
    assert failures(tmp_path / "record", "--config-dir", str(tmp_path / "configs"))[1] == {("cma.rejected", None)}


def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    record = ["--record", str(tmp_path / "record")]
    there = tmp_path / "there.yaml"
    there.write_text("mine")
    for options, words in [
        ([*record, "-o", str(there)], "a file of that name is there"),
        ([*record, "-o", str(tmp_path / "x.yml")], "a board config is called NAME.yaml"),
        ([*record, "-o", str(tmp_path / "Two Words.yaml")], "name the config 'Two Words'"),
        ([*record, "-s", "serial"], "both -s and --record are given"),
        (["--record", str(tmp_path)], "record.jsonl"),
    ]:
        done = bringup("config", "init", *options)
        assert done.returncode in (2, 3)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["record", "there.yaml"]
    assert there.read_text() == "mine"
    assert bringup("config", "init", *record, "-o", str(there), "--force").returncode == 0
    assert there.read_text().startswith("name: there\n")


def test_without_a_file_it_goes_to_stdout(tmp_path: Path) -> None:
    ScriptedBoard(properties={"ro.product.device": "My Board"}).record(tmp_path / "record")
    done = bringup("config", "init", "--record", str(tmp_path / "record"))
    assert done.stdout.startswith("name: my-board\n")
    assert "<stdout>:4: look: " in done.stderr


def check_against_itself(board: VirtualBoard, observed: HealthyRun, server: AdbServer, folder: Path) -> BoardConfig:
    """Begin a config from the board, judge another record of it by the config: it is found, and nothing fails."""
    serial = connect_tcp(server.transport, board.serial, Deadline.after(300))
    config, said = begun(folder, "-s", serial, server=server)
    assert any(f"already has a config: virtual-{board.profile}" in line for line in said)
    assert failures(observed.record, "--config-dir", str(folder / "configs")) == ("new", set())
    return config


@pytest.mark.board
def test_from_a_virtual_board(
    amd64_board: VirtualBoard, healthy_run: Healthy, adb_server: AdbServer, tmp_path: Path
) -> None:
    config = check_against_itself(amd64_board, healthy_run("amd64"), adb_server, tmp_path)
    assert [(heap.name, heap.kind) for heap in config.heaps] == [("system", HeapKind.SYSTEM)]
    assert config.identity is not None
    assert dict(config.identity.properties) == {"ro.product.device": "amd64", "ro.hardware": "q35"}


@pytest.mark.board
@pytest.mark.kernels
@pytest.mark.parametrize("profile", ["arm64-5.10", "arm64-6.12", "arm64-7.x"])
def test_from_a_board_with_pools(
    profile: str,
    shared_board: Callable[[str], VirtualBoard],
    healthy_run: Healthy,
    adb_server: AdbServer,
    tmp_path: Path,
) -> None:
    config = check_against_itself(shared_board(profile), healthy_run(profile), adb_server, tmp_path)
    regions = {heap.name: heap.region for heap in config.heaps if heap.region is not None}
    assert regions["linux,cma"].size == 32 << 20
    assert regions["linux,cma"].default
    assert config.memory is not None
    assert (config.memory.address_cells, config.memory.size_cells) == (2, 2)
    if profile == "arm64-7.x":
        assert regions["video@50000000"].base == 0x50000000
        assert config.kernel is not None
        assert config.kernel.modules == ("system_heap", "cma_heap")
