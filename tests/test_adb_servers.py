"""No test leaves an adb server: one that a session left is found, ended and named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import adbutils
import pytest

from tests.support import adb_servers


def test_a_server_that_was_left_is_ended_and_named_and_no_other_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ADB_USB", "0")  # without USB here the server waits 3 s for it
    marks = []
    sockets = [f"localfilesystem:{tmp_path}/{name}" for name in ("mine", "anothers")]
    for socket in sockets:
        with monkeypatch.context() as environment:
            environment.delenv("BRINGUP_TEST_SESSION")
            mark = adb_servers.mark_session()
            assert mark is not None
            assert adb_servers.mark_session() is None, "a process of the session does not begin another"
            marks.append(mark)
            subprocess.run([adbutils.adb_path(), "-L", socket, "start-server"], check=True, capture_output=True)
    try:
        (left,) = adb_servers.end_left_servers(marks[0])
        assert left.startswith(f"adb -L {sockets[0]} fork-server")
    finally:
        (left,) = adb_servers.end_left_servers(marks[1])
    assert sockets[1] in left
