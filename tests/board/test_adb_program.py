"""A hint names an adb that is there: the one on PATH, else adbutils' own by its path."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from pathlib import Path

import adbutils
import pytest

from bringup.board.select import Selection, choose
from bringup.board.server import TcpAddress, adb_command, adb_program, start_server, with_adb
from bringup.board.states import next_step, refusal
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BoardNotFound


@pytest.fixture
def off_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ADBUTILS_ADB_PATH", raising=False)


@pytest.mark.usefixtures("off_path")
def test_off_path_a_hint_can_be_pasted() -> None:
    command = adb_command("version")
    assert Path(shlex.split(command)[0]).is_absolute()
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert "Android Debug Bridge" in done.stdout


@pytest.mark.usefixtures("off_path")
def test_every_hint_of_a_call_names_the_path() -> None:
    with pytest.raises(BoardNotFound) as nothing_listed:
        choose(Selection(), [])
    hints = (next_step("offline"), refusal("talk", "x", "device 'x' not found").hint, nothing_listed.value.hint)
    for hint in (*hints, next_step("a state of tomorrow")):
        assert shlex.quote(adb_program()) in hint
        assert "{" not in hint


def test_on_path_a_hint_says_adb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "adb").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "adb").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert next_step("recovery") == "leave recovery: adb reboot"
    assert with_adb("do {adb a} or {adb b}") == "do adb a or adb b"


@pytest.mark.usefixtures("off_path")
def test_without_any_adb_a_hint_is_given_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_found() -> str:
        raise adbutils.AdbError("No adb exe could be found. Install adb on your system")

    monkeypatch.setattr(adbutils, "adb_path", none_found)
    assert adb_command("devices") == "adb devices"
    with pytest.raises(AdbServerError, match="no adb program") as caught:
        adb_program()
    assert caught.value.hint.startswith("apt install adb")


@pytest.mark.usefixtures("off_path")
def test_an_adb_for_another_machine_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    x86_64 = tmp_path / "bundled-adb"
    x86_64.write_bytes(b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\x3e\0" + bytes(44))
    monkeypatch.setattr(adbutils, "adb_path", lambda: str(x86_64))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert adb_program() == str(x86_64)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(AdbServerError, match="for x86-64, and this machine is aarch64") as caught:
        adb_program()
    assert "apt install adb" in caught.value.hint


@pytest.mark.usefixtures("off_path")
def test_a_path_with_a_space_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "my tools" / "adb"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(program))
    assert shlex.split(adb_command("devices")) == [str(program), "devices"]


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        (None, True),
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.0.0.7", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("lab", False),
    ],
)
def test_which_servers_are_on_this_machine(host: str | None, *, is_local: bool) -> None:
    assert TcpAddress(host).is_local is is_local


@pytest.mark.parametrize("options", [["-P"], ["-H", "localhost", "-P"], ["-H", "127.0.0.1", "-P"], ["-H", "::1", "-P"]])
def test_a_server_is_started_where_adb_itself_starts_one_and_nowhere_else(
    options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADB_USB", "0")  # without USB here the server waits 3 s for it
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = TcpAddress(options[1] if "-H" in options else None, port)
    adb = [adbutils.adb_path(), *options, str(port)]
    started = subprocess.run([*adb, "start-server"], check=False, capture_output=True).returncode == 0
    subprocess.run([*adb, "kill-server"], check=False, capture_output=True)
    assert address.is_started_by_adb is started
    if not started:
        with pytest.raises(AdbServerError, match="a host is named") as caught:
            start_server(address, Deadline.after(60))
        assert "leave the host out" in caught.value.hint


@pytest.mark.parametrize(
    ("program", "seen"),
    [("echo x >&2; echo cannot bind >&2; exit 1", "cannot bind"), ("exit 3", "it ended with 3")],
)
def test_a_server_that_does_not_start_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, seen: str
) -> None:
    """The program is a script: a real adb starts."""
    (tmp_path / "adb").write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    (tmp_path / "adb").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(AdbServerError, match=seen) as caught:
        start_server(TcpAddress(port=1), Deadline.after(60))
    assert caught.value.hint.endswith("server nodaemon")
