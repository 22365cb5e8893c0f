"""The main job on real boards: a real kernel with real DMA-BUF heaps, a real adbd, a real adb server, real faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bringup.board import connect_tcp
from bringup.deadline import Deadline
from bringup.virtual import Qmp, VirtualBoard
from tests.support.command import bringup
from tests.support.judged import Healthy
from tests.support.known_defects import expected_outcomes
from tests.support.native_adbd import AdbServer

pytestmark = pytest.mark.board

Fresh = Callable[..., VirtualBoard]


class Lab:
    """Runs ``bringup`` on a virtual board through the test's own adb server."""

    def __init__(self, server: AdbServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.environ = {"ANDROID_ADB_SERVER_PORT": str(server.address.port)}

    def connect(self, board: VirtualBoard) -> str:
        return connect_tcp(self.server.transport, board.serial, Deadline.after(300))

    def run(
        self, board: VirtualBoard, *arguments: str
    ) -> tuple[int, dict[tuple[str, str | None], dict[str, Any]], str]:
        """Exit status, verdicts by id and heap, and what was said on stderr."""
        serial = self.connect(board)
        done = bringup(
            "run",
            "-s",
            serial,
            "--json",
            "--seconds",
            "600",
            "-o",
            str(self.folder / "run"),
            *arguments,
            environ=self.environ,
        )
        assert done.stdout, done.stderr
        (one,) = json.loads(done.stdout)["boards"]
        return done.returncode, {(v["id"], v.get("heap")): v for v in one["verdicts"]}, done.stderr


@pytest.fixture
def lab(adb_server: AdbServer, tmp_path: Path) -> Lab:
    return Lab(adb_server, tmp_path)


def test_a_healthy_board_passes_every_test_of_every_heap(healthy_run: Healthy) -> None:
    run = healthy_run("amd64")
    (board,) = json.loads((run.folder / "run.json").read_text())["boards"]
    verdicts = {(one["id"], one.get("heap")): one for one in board["verdicts"]}
    assert run.status == 0, {key: one for key, one in verdicts.items() if one["outcome"] in ("fail", "error")}
    tests = {key[0] for key in verdicts if key[0].startswith("allocator.")}
    assert {"allocator.open", "allocator.zero.reuse", "allocator.bad.ioctl_number", "allocator.free.memory"} <= tests
    tested = {key[0]: one["outcome"] for key, one in verdicts.items() if key[0].startswith("allocator.")}
    assert tested.pop("allocator.fd.after_efault") in expected_outcomes("fd.after_efault", board["kernel"])
    assert set(tested.values()) <= {"pass", "skip"}
    assert verdicts["heap.mode", "system"]["outcome"] == "pass"
    assert verdicts["board.config", None]["evidence"][0].startswith("virtual-amd64")
    assert verdicts["kconfig.heaps.system", "system"]["outcome"] == "pass"
    for name in ("run.json", "report.html", "junit.xml"):
        assert (run.folder / name).stat().st_size > 1000


def test_the_seed_of_the_workers_is_set_and_recorded(lab: Lab, amd64_board: VirtualBoard) -> None:
    place = lab.folder / "record"
    asked = ("--test", "share.threads", "--seed", "7", "--stress", "50", "-o", str(place))
    done = bringup("heap", "test", "-s", lab.connect(amd64_board), *asked, environ=lab.environ)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (place / "record.jsonl").read_text().splitlines()]
    assert [(one["test"], one["seed"]) for one in lines if one["t"] == "result"] == [("share.threads", 7)]


def test_judged_again_without_the_board_it_is_the_same(healthy_run: Healthy) -> None:
    run = healthy_run("amd64")
    again = json.loads(bringup("check", str(run.record), "--json").stdout)
    first = json.loads((run.folder / "run.json").read_text())
    assert again["boards"][0]["verdicts"] == first["boards"][0]["verdicts"]


def test_without_heaps_config_and_room_each_is_reported(lab: Lab, fresh_board: Fresh) -> None:
    """Three of the bad boards at once: no /dev/dma_heap, no kernel configuration, a full /data."""
    board = fresh_board(append="bringup.noheaps=1 bringup.noconfig=1 bringup.data_size=64k")
    code, verdicts, _ = lab.run(board)
    assert code == 1
    assert verdicts["heap.folder", None]["outcome"] == "fail"
    assert verdicts["heap.expected", "system"]["outcome"] == "fail"
    assert verdicts["kconfig", None]["outcome"] == "error"
    assert "config.gz" in verdicts["kconfig", None]["reason"]
    assert verdicts["board.observed", None]["outcome"] == "pass"  # the allocator found another folder


def _while_it_runs(
    lab: Lab, board: VirtualBoard, harm: Callable[[], None], heal: Callable[[], None] = lambda: None
) -> tuple[int, dict[str, Any], str]:
    """Start a run, do the harm once the allocator's tests have begun, and see what the run says of it.

    :param heal: done once the run waits for the board.
    """
    out = lab.folder / "run"
    command = [
        sys.executable,
        "-m",
        "bringup",
        "run",
        "-s",
        lab.connect(board),
        "--json",
        "--rounds",
        "1000",
        "--seconds",
        "600",
        "-o",
        str(out),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | lab.environ
    ) as process:
        begun, deadline = threading.Event(), Deadline.after(300)
        while not any(b'"t":"result"' in one.read_bytes() for one in out.glob("*/record.jsonl")):
            assert process.poll() is None, process.stderr and process.stderr.read()
            deadline.require("wait for the first result")
            begun.wait(0.05)
        harm()
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "wait until the board is back" in line:
                heal()
                break
        stdout, rest = process.communicate(timeout=300)
    (one,) = json.loads(stdout)["boards"]
    return process.returncode, one, "".join(said) + rest


def test_a_reboot_in_between_is_never_a_pass(lab: Lab, fresh_board: Fresh) -> None:
    board = fresh_board()
    code, one, stderr = _while_it_runs(lab, board, lambda: Qmp(board.qmp).reset(Deadline.after(60)))
    verdicts = {v["id"]: v for v in one["verdicts"]}
    assert code == 3
    assert verdicts["board.observed"]["outcome"] == "error"
    assert board.serial in stderr
    assert any(v["outcome"] == "pass" and v["id"].startswith("allocator.") for v in one["verdicts"])  # nothing is lost


def test_a_pulled_cable_is_noticed_within_seconds(lab: Lab, fresh_board: Fresh) -> None:
    board = fresh_board()

    def link(*, up: bool) -> None:
        Qmp(board.qmp).set_link(up=up, deadline=Deadline.after(60))

    code, one, stderr = _while_it_runs(lab, board, partial(link, up=False), partial(link, up=True))
    assert code == 3
    assert "wait until the board is back" in stderr
    assert "Traceback" not in stderr
    assert {v["id"]: v for v in one["verdicts"]}["board.observed"]["outcome"] == "error"
