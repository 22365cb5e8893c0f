"""The examples for other labs: LAVA takes its files and they run what they say; a pull lab asks, runs and submits."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.lava import complaints
from tests.support.native_adbd import AdbServer, NativeBoard

ROOT = Path(__file__).parent.parent
LAVA = ROOT / "examples" / "lava"


@pytest.mark.parametrize(("name", "is_job"), [("job.yaml", True), ("bringup.yaml", False)])
def test_lava_takes_it(name: str, is_job: bool, tmp_path: Path) -> None:
    assert complaints(LAVA / name, is_job=is_job) == ""
    text = (LAVA / name).read_text("utf-8")
    (tmp_path / name).write_text(text.replace("docker:", "dockers:").replace("steps:", "stages:"))
    assert complaints(tmp_path / name, is_job=is_job), "LAVA would refuse a wrong one"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH: bringup as this suite runs it, and LAVA's helper, which notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {
        "bringup": f'exec {shlex.quote(sys.executable)} -m bringup "$@"',
        "lava-test-case": 'echo "lava-test-case $*"',
        "kci-dev": 'echo "kci-dev $*"',
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_test_definition_gives_test_cases(
    native_board: NativeBoard, adb_server: AdbServer, programs: Path, tmp_path: Path
) -> None:
    definition = YAML(typ="safe").load(LAVA / "bringup.yaml")
    parameters = "".join(
        f"{name}={shlex.quote(value)}\n" for name, value in (definition["params"] | {"BOOT_SECONDS": "1"}).items()
    )
    script = parameters + "\n".join(definition["run"]["steps"])  # LAVA makes one script of them in the same way
    environ = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "ANDROID_ADB_SERVER_PORT": str(adb_server.address.port),
        "ANDROID_SERIAL": native_board.serial,
    }
    command = ["sh", "-e", "-c", script]  # LAVA runs it under set -e, too
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=" in done.stdout, done.stderr
    assert "lava-test-case bringup-run --result pass" in done.stdout, "the board fails, the lab does not"
    environ["ANDROID_SERIAL"] = "nobody"
    (tmp_path / "run").rename(tmp_path / "before")
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "lava-test-case bringup-run --result fail" in done.stdout
    assert not (tmp_path / "run").exists(), "there is nothing to report"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object, **__: object) -> None:
        """The requests are not of interest."""


def _event(second: int, name: str, platform: str, definition: str) -> dict[str, object]:
    return {
        "timestamp": f"2026-11-30T00:00:0{second}",
        "node": {"id": name, "parent": "b1", "artifacts": {"job_definition": definition}},
        "data": {"data": {"platform": platform}},
    }


@pytest.fixture
def kernelci(tmp_path: Path) -> Iterator[str]:
    """KernelCI's API as far as a pull lab asks: files behind a web server."""
    folder = tmp_path / "api"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        (folder / "job.json").write_text('{"artifacts": {"kernel": "https://x/Image"}}')
        job = f"{address}/job.json"
        jobs = [_event(0, "job0", "other", job), _event(1, "job1", "native", job)]
        (folder / "events").write_text(json.dumps(jobs))
        bad = [_event(0, "../x", "native", job), _event(0, "gone", "native", f"{address}/gone")]
        (folder / "with-bad-ones").write_text(json.dumps([*bad, *jobs]))
        (folder / "nothing").write_text("<html>")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"{address}/events"
        server.shutdown()
        thread.join()


def test_a_pull_lab(
    native_board: NativeBoard, adb_server: AdbServer, programs: Path, kernelci: str, tmp_path: Path
) -> None:
    environ = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    options = ["--platform", "native", "--origin", "mylab", "--events", kernelci, "--once"]
    options += ["--run", f"-P {adb_server.address.port} -s {native_board.serial}"]
    command = [sys.executable, str(ROOT / "examples" / "pull-lab" / "pull_lab.py"), *options]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "kci-dev submit build --origin mylab --from-json pull-lab/job1/kcidb.json --dry-run" in done.stdout
    report = json.loads((tmp_path / "pull-lab" / "job1" / "kcidb.json").read_text())
    assert {(test["origin"], test["build_id"]) for test in report["tests"]} == {("mylab", "maestro:b1")}
    assert not (tmp_path / "pull-lab" / "job0").exists()
    assert "job1: bringup ended with 1" in done.stderr


def test_one_bad_job_does_not_end_a_pull_lab(kernelci: str, programs: Path, tmp_path: Path) -> None:
    (programs / "deploy").write_text("#!/bin/sh\nexec sleep 1000\n")
    (programs / "deploy").chmod(0o755)
    environ = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    options = ["--platform", "native", "--origin", "mylab", "--once", "--run", "", "--output", "lab/output"]
    options += ["--deploy", "deploy", "--deploy-seconds", "0.2", "--since", "2026"]
    command = [sys.executable, str(ROOT / "examples" / "pull-lab" / "pull_lab.py"), *options]
    said = []
    for events in ("with-bad-ones", "nothing", "missing"):
        asked = [*command, "--events", f"{kernelci.rpartition('/')[0]}/{events}"]
        done = subprocess.run(asked, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        said.append(done.stderr)
    jobs, nothing, missing = said
    assert "../x: not done: ValueError" in jobs
    assert "gone: not done: <HTTPError 404" in jobs
    assert "job1: not done: TimeoutExpired" in jobs
    assert not (tmp_path / "lab" / "x").exists()
    assert nothing.startswith("jobs since 2026: JSONDecodeError")
    assert missing.startswith("jobs since 2026: <HTTPError 404")
