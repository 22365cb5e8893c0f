"""The pytest plug-in on a board of a labgrid place, beside labgrid's own plug-in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.board import disconnect_tcp, list_boards
from bringup.deadline import Deadline
from bringup.report.load import load_run
from tests.support.labgrid_lab import ADB_PORT, Lab
from tests.support.native_adbd import SECONDS, AdbServer, MakeNativeBoard

STRATEGY_FILE = Path(__file__).parents[2] / "examples" / "labgrid" / "strategy.py"

TESTS = """
from bringup.lab.places.adb_resources import RemoteUSBADBDevice

def test_both_have_the_same_board(board, target, deadline):
    resource = target.get_resource(RemoteUSBADBDevice)
    assert resource.serialno == board.serial
    assert board.shell(["id", "-u"], deadline).exit_code == 0

def test_labgrid_alone(env):
    assert env.config.get_imports() == ["bringup.lab.places.adb_resources"]
"""


def run_pytest(folder: Path, *arguments: str, tests: str = TESTS, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_vendor.py").write_text(tests, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "-rA", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "CI": "", **environ}, capture_output=True, text=True, check=False
    )


def test_beside_labgrids_plug_in(lab: Lab, tmp_path: Path) -> None:
    exporter = lab.exporters["rack1"]
    device = f"{{host: {exporter.network.address}, port: {ADB_PORT}, serialno: '{exporter.board.serial}'}}"
    (tmp_path / "env.yaml").write_text(
        f"imports: [bringup.lab.places.adb_resources]\ntargets:\n  main:\n    resources:\n      RemoteUSBADBDevice: {device}\n"
    )
    ours = ("--bringup-place", "rack1", "--lg-env", "env.yaml")
    done = run_pytest(tmp_path, *ours, "--lg-coordinator", lab.address, "--bringup-output", "run")
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "run" / "report.html").exists()
    assert load_run(tmp_path / "run").chosen_by == ("--place", "rack1", "--coordinator", lab.address)
    assert lab.owners == {}

    lab.acquire("rack1", "desk/alice")
    done = run_pytest(tmp_path, *ours, LG_COORDINATOR=lab.address)
    assert done.returncode == 1
    assert "desk/alice" in done.stdout
    assert "1 passed, 1 error" in done.stdout, "what needs no board of ours runs"
    lab.release("rack1")


def test_one_board_is_chosen_in_one_way(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--bringup-place", "rack1", "--bringup-serial", "x")
    assert "--bringup-serial and --bringup-place both choose the board" in done.stdout + done.stderr


DRIVEN = """
import pytest
from labgrid.driver.exception import ExecutionError

def test_commands_and_files(target, tmp_path):
    command = target.get_driver("CommandProtocol")
    assert command.run_check("echo one; echo 'two  three'") == ["one", "two  three"]
    assert command.run("echo no >&2; exit 3") == ([], ["no"], 3)
    with pytest.raises(ExecutionError):
        command.run_check("false")
    with pytest.raises(ExecutionError, match="run 'sleep 1000'"):
        command.run("sleep 1000", timeout=1.0)
    assert command.poll_until_success("true")
    command.wait_for("echo ready", "ready")

    files = target.get_driver("FileTransferProtocol")
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    (tmp_path / "back").mkdir()
    files.put(str(tmp_path / "a.bin"), "/data/local/tmp")
    files.get("/data/local/tmp/a.bin", str(tmp_path / "back"))
    assert (tmp_path / "back" / "a.bin").read_bytes() == bytes(range(256))
    command.run_check("rm /data/local/tmp/a.bin")
    with pytest.raises(ExecutionError, match="no such file|No such file"):
        files.get("/data/local/tmp/a.bin", str(tmp_path))
    target.deactivate(command)
"""


@pytest.mark.parametrize("is_behind_a_server", [True, False])
def test_labgrids_commands_and_files(
    own_server: AdbServer, make_native_board: MakeNativeBoard, tmp_path: Path, is_behind_a_server: bool
) -> None:
    board, port = make_native_board(own_server), own_server.address.port
    device = f"RemoteUSBADBDevice: {{host: 127.0.0.1, port: {port}, serialno: '{board.serial}'}}"
    if not is_behind_a_server:
        disconnect_tcp(own_server.transport, board.serial, Deadline.after(SECONDS))
        device = f"NetworkADBDevice: {{host: {board.address}, port: 5555}}"
    (tmp_path / "env.yaml").write_text(
        "imports: [bringup.lab.places.adb_driver]\ntargets:\n  main:\n    resources:\n"
        f"      {device}\n    drivers:\n      ADBDriver: {{}}\n"
    )
    done = run_pytest(tmp_path, "--lg-env", "env.yaml", tests=DRIVEN, ANDROID_ADB_SERVER_PORT=str(port))
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    listed = [one.serial for one in list_boards(own_server.transport, Deadline.after(SECONDS))]
    assert listed == ([board.serial] if is_behind_a_server else [])


NOT_BOOTED = """
import pytest
from labgrid.strategy import StrategyError

def test_off_again(strategy):
    strategy.transition("off")
    with pytest.raises(StrategyError, match="not booted"):
        strategy.transition("adb")
    strategy.transition("off")
"""


def test_the_example_strategy_switches_a_board_off_that_did_not_boot(adb_server: AdbServer, tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text(
        f"imports: [bringup.lab.places.adb_resources, {STRATEGY_FILE}]\ntargets:\n  main:\n    resources:\n"
        f"      RemoteUSBADBDevice: {{host: 127.0.0.1, port: {adb_server.address.port}, serialno: nobody}}\n    drivers:\n"
        "      ExternalPowerDriver: {cmd_on: 'sh -c \"echo on >>power\"', cmd_off: 'sh -c \"echo off >>power\"', delay: 0.0}\n"
        "      BringupStrategy: {boot_seconds: 0}\n"
    )
    done = run_pytest(tmp_path, "--lg-env", "env.yaml", tests=NOT_BOOTED)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "power").read_text().split() == ["off", "off", "on", "off"]


STRATEGY = """
def test_power_boot_adb(strategy, target):
    strategy.transition("adb")
    assert strategy.status.name == "adb"
    strategy.transition("off")
"""


def test_the_example_strategy(lab: Lab, tmp_path: Path) -> None:
    """Power is the board's link here: without it adb has no board, as after a power cycle until it has booted."""
    exporter = lab.exporters["rack1"]
    device = f"{{host: {exporter.network.address}, port: {ADB_PORT}, serialno: '{exporter.board.serial}'}}"
    link = f"ip netns exec {exporter.network.name} ip link set bringup{exporter.board.number}"
    (tmp_path / "env.yaml").write_text(
        f"imports: [bringup.lab.places.adb_resources, {STRATEGY_FILE}]\ntargets:\n  main:\n    resources:\n"
        f"      RemoteUSBADBDevice: {device}\n    drivers:\n"
        f"      ExternalPowerDriver: {{cmd_on: '{link} up', cmd_off: '{link} down', delay: 0.1}}\n"
        "      ExternalConsoleDriver: {cmd: 'sh -c \"echo U-Boot; exec cat\"'}\n"
        "      BringupStrategy: {boot_seconds: 300}\n"
    )
    try:
        done = run_pytest(tmp_path, "--lg-env", "env.yaml", tests=STRATEGY)
    finally:
        exporter.board.plug()
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert b"U-Boot" in (tmp_path / "console.log").read_bytes()
