"""Every documented exit status, produced by a command."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.errors import ExitCode
from tests.support.command import bringup
from tests.support.faults.process import no_signal_ignored
from tests.support.scripted_record import ScriptedBoard, broken, result

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
FAILED = broken(results=[result("system", "open", "fail"), result("linux,cma", "open")])
LOST = broken(end={"t": "end", "complete": False, "why": "the cable was pulled", "round_trips": 1}, hello=None)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    for name, board in (("healthy", ScriptedBoard()), ("failed", FAILED), ("lost", LOST)):
        board.record(folder / name)
    return folder


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("check healthy", 0),
        ("compare healthy failed", 0),
        ("check failed", 1),
        ("compare healthy failed --fail-on-regression", 1),
        ("check nowhere", 2),
        ("check --no-such-option", 2),
        ("check lost", 3),
        ("compare healthy healthy --fail-on-regression", 0),
        ("compare healthy lost", 0),
        ("compare healthy lost --fail-on-regression", 3),
        ("compare lost lost --fail-on-regression", 3),
        ("compare healthy failed --bisect", 1),
        ("compare healthy healthy --bisect", 0),
        ("compare lost lost --bisect", 125),
        ("compare --no-such-option --bisect", 125),
        ("compare healthy lost --bisect", 125),
        ("compare healthy nowhere --bisect", 125),
    ],
)
def test_a_command_ends_with_its_status(arguments: str, status: int, records: Path) -> None:
    done = bringup(*arguments.split(), cwd=records)
    assert done.returncode == status, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interrupted_command_ends_with_130(number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_adb_server:
        environ = os.environ | {"ANDROID_ADB_SERVER_PORT": str(silent_adb_server.getsockname()[1])}
        with no_signal_ignored():
            process = subprocess.Popen(
                [sys.executable, "-m", "bringup", "boards"], stderr=subprocess.PIPE, text=True, env=environ
            )
        connection, _ = silent_adb_server.accept()  # now the command waits for an answer
        with connection:
            process.send_signal(number)
            _, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in errors


def test_the_documentation_lists_them_all() -> None:
    section = ARCHITECTURE.read_text("utf-8").partition("## Exit status")[2]
    documented = {int(number) for number in re.findall(r"\b(?:[0-3]|125|130)\b", section)}
    assert documented == {*map(int, ExitCode)}
    assert all(str(int(code)) in bringup("--help").stdout for code in ExitCode)


COMMANDS = {"check healthy": 0, "check failed": 1, "check nowhere": 2, "check lost": 3, "check --no-such-option": 2}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("redirect", ["2>/dev/full", "2>&-"])
@pytest.mark.parametrize(("arguments", "status"), COMMANDS.items())
def test_what_is_unknown_does_not_change_the_status(records: Path, arguments: str, status: int, redirect: str) -> None:
    command = f"exec {sys.executable} -m bringup {arguments} {redirect} >/dev/null"
    assert subprocess.run(["sh", "-c", command], cwd=records, check=False).returncode == status


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("redirect", [">&- 2>&-", ">/dev/full 2>/dev/full", ">&-"])
def test_a_result_that_nobody_can_read_is_no_pass(records: Path, redirect: str) -> None:
    command = f"exec {sys.executable} -m bringup check healthy {redirect}"
    done = subprocess.run(["sh", "-c", command], cwd=records, capture_output=True, check=False)
    assert done.returncode == ExitCode.INFRASTRUCTURE
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "options",
    [["--heap", ""], ["--heap", "x" * 5000], ["--seconds", "inf"], ["--seconds", "1e300"], ["--seconds", "nan"]],
    ids=lambda options: " ".join(options)[:20],
)
def test_an_option_that_no_plan_can_hold_is_a_usage_error(options: list[str], tmp_path: Path) -> None:
    done = bringup("run", "-s", "nowhere", "-o", str(tmp_path / "r"), *options)
    assert done.returncode == ExitCode.USAGE
    assert "internal error" not in done.stderr
