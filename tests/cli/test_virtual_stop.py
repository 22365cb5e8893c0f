"""``bringup virtual stop``: a name that is no running board is said, with what runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bringup.virtual.running.state import Folder
from tests.support.command import bringup
from tests.support.marked_process import marked_process


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A folder for running boards that no user shares, and a port on which no adb server is."""
    with tempfile.TemporaryDirectory(prefix="bv-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield {"XDG_RUNTIME_DIR": folder, "ADB_SERVER_SOCKET": f"localfilesystem:{folder}/no-adb"}


@pytest.fixture
def folder(environ: dict[str, str]) -> Iterator[Folder]:
    with marked_process("mine") as folder:
        assert folder.path.is_relative_to(Path(environ["XDG_RUNTIME_DIR"]))
        yield folder


def test_a_name_of_no_board_is_reported_with_those_that_run(environ: dict[str, str], folder: Folder) -> None:
    done = bringup("virtual", "stop", "mien", environ=environ)
    assert done.returncode == 2
    assert "stop mien: no virtual board of that name runs" in done.stderr
    assert "these run: mine" in done.stderr
    assert folder.pid() is not None


def test_those_that_run_are_stopped_all_the_same(environ: dict[str, str], folder: Folder) -> None:
    done = bringup("virtual", "stop", "mien", "mine", environ=environ)
    assert done.returncode == 2
    assert "mine: stopped" in done.stderr
    assert "stop mien:" in done.stderr
    assert "none runs" in done.stderr
    assert not folder.path.exists()


def test_a_board_that_runs_is_stopped(environ: dict[str, str], folder: Folder) -> None:
    done = bringup("virtual", "stop", "mine", environ=environ)
    assert (done.returncode, done.stderr) == (0, "mine: stopped\n")
    assert not folder.path.exists()


def test_nothing_to_stop_and_none_named_is_no_error(environ: dict[str, str]) -> None:
    assert bringup("virtual", "stop", environ=environ).returncode == 0
