"""A vendor's own test program on a real adbd: its results are verdicts, and nothing of it stays on the board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import bringup
from tests.support.native_adbd import NativeBoard


def run(board: NativeBoard, folder: Path, script: str, *more: str) -> tuple[int, dict[str, Any], str]:
    """The exit status, the program's verdicts by id, and stderr."""
    program = folder / "codec-test"
    program.write_text(f"#!/system/bin/sh\n{script}")
    port = str(board.server.address.port)
    arguments = ["run", "-P", port, "-s", board.serial, "-o", str(folder / "run"), "--rounds", "0"]
    done = bringup(*arguments, "--ktap", str(program), *more)
    (judged,) = json.loads((folder / "run" / "run.json").read_text())["boards"]
    found = {verdict["id"]: verdict for verdict in judged["verdicts"] if verdict["id"].startswith("ktap.")}
    return done.returncode, found, done.stderr


def test_its_results_are_verdicts(native_board: NativeBoard, tmp_path: Path) -> None:
    script = "printf 'TAP version 13\\n1..3\\nok 1 decodes\\n# frame 7 is torn\\nnot ok 2 encodes\\nok 3 # SKIP no camera\\n'; exit 1"
    status, found, _ = run(native_board, tmp_path, script)
    assert status == 1
    assert {name: verdict["outcome"] for name, verdict in found.items()} == {
        "ktap.codec-test.decodes": "pass",
        "ktap.codec-test.encodes": "fail",
        "ktap.codec-test.test-3": "skip",
    }
    assert "frame 7 is torn" in found["ktap.codec-test.encodes"]["evidence"]
    assert list((native_board.files / "data/local/tmp").glob("bringup-*/program")) == []
    record = next((tmp_path / "run").glob("*/record.jsonl")).parent
    again = json.loads(bringup("check", str(record), "--json").stdout)
    assert found.items() <= {verdict["id"]: verdict for verdict in again["boards"][0]["verdicts"]}.items()


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        ("echo hello", "error", "it is not KTAP"),
        ("echo 1..2; echo ok 1 a", "error", "1 of 2 planned"),
        ("echo 1..1; echo ok 1 a; kill -SEGV $$", "fail", "ends with status 139"),
        ("echo 1..1; echo ok 1 a; head -c 5000000 /dev/zero", "error", "longer than bringup keeps"),
        ("exec sleep 1000", "error", "did not run to its end"),
    ],
)
def test_what_it_does_not_say_is_not_a_pass(
    script: str, outcome: str, words: str, native_board: NativeBoard, tmp_path: Path
) -> None:
    more = ["--seconds", "20"] if "sleep" in script else []
    status, found, _ = run(native_board, tmp_path, script, *more)
    verdict = found["ktap.codec-test"]
    assert list((native_board.files / "data/local/tmp").glob("bringup-*/program")) == []
    assert status in (1, 3)
    assert verdict["outcome"] == outcome
    assert words in " ".join((*verdict.get("evidence", ()), verdict.get("reason") or ""))


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    done = bringup("run", "-L", "tcp:127.0.0.2:1", "-o", str(tmp_path / "run"), "--ktap", str(tmp_path / "none"))
    assert done.returncode == 2
    assert "is not a file" in done.stderr
