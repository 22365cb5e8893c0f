"""``bringup run`` beside its reports: events while it runs, an earlier run to compare with, statuses for git bisect."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

import bringup.report as reports
from bringup.report import write_report
from bringup.report.load import load_document
from bringup.results.run import BoardRun
from bringup.results.run import Run as BringupRun
from bringup.results.verdict import Outcome, Verdict
from tests.support.command import bringup
from tests.support.faults.process import no_signal_ignored
from tests.support.hung_allocator import hang_the_allocator
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.report import sample

Make = Callable[..., NativeBoard]
Run = Callable[..., subprocess.CompletedProcess[str]]

_SCHEMAS = Path(reports.__file__).parent / "schemas"


def validator() -> jsonschema.Draft202012Validator:
    schemas = [json.loads((_SCHEMAS / name).read_text()) for name in ("events-1.json", "run-1.json")]
    registry = Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in schemas])
    return jsonschema.Draft202012Validator(schemas[0], registry=registry)


def checked(text: str) -> list[Any]:
    """Events, each valid, numbered without a gap, none before the one before it."""
    assert text.endswith("\n")
    events = [json.loads(line) for line in text.splitlines()]
    for one in events:
        validator().validate(one)
    assert [one["number"] for one in events] == list(range(len(events)))
    times = [one["at"] for one in events]
    assert times == sorted(times)
    return events


@pytest.fixture
def environ(adb_server: AdbServer) -> dict[str, str]:
    return {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    return lambda *arguments, **more: bringup(*arguments, environ=environ, **more)


def test_events_have_the_whole_run(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board()
    file = tmp_path / "events"
    done = run("run", "-s", board.serial, "--json-lines", "--events", str(file), "-o", str(tmp_path / "r"))
    events = checked(done.stdout)
    assert file.read_text() == done.stdout
    assert (events[0]["event"], events[0]["boards"]) == ("run-begin", [board.serial])
    assert [one["step"] for one in events if one["event"] == "step"][:2] == ["root", "push"]
    written = json.loads((tmp_path / "r" / "run.json").read_text())
    assert [one["verdict"] for one in events if one["event"] == "verdict"] == written["boards"][0]["verdicts"]
    assert events[-2]["event"] == "board-end"
    assert (events[-1]["event"], events[-1]["exit_status"]) == ("run-end", done.returncode)


def test_events_come_while_it_runs_and_an_interrupt_ends_them(
    environ: dict[str, str], make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board()
    hang_the_allocator(board)  # only events that were told at once can be here
    argv = [sys.executable, "-m", "bringup", "run", "-s", board.serial, "--json-lines", "-o", str(tmp_path / "r")]
    with no_signal_ignored():
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | environ
        )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while '"facts and tests"' not in lines[-1]:
            assert process.poll() is None, lines
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        lines += process.stdout.read().splitlines(keepends=True)
        assert process.wait() == 130
    last = checked("".join(lines))[-1]
    assert (last["event"], last["outcome"], last["why"]) == ("run-end", "error", "KeyboardInterrupt")


def test_events_of_a_board_that_is_lost(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board(uid=2000)
    done = run("run", "-s", board.serial, "--root", "require", "--json-lines", "-o", str(tmp_path / "r"))
    (lost,) = [one for one in checked(done.stdout) if one["event"] == "board-error"]
    assert lost["blame"] == "board"
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--json", "--json-lines"], "--events"),
        (["--fail-on", "regression"], "--baseline"),
    ],
)
def test_options_that_contradict_each_other(options: list[str], words: str, run: Run, tmp_path: Path) -> None:
    done = run("run", "-s", "x", *options, "-o", str(tmp_path / "r"))
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "r").exists()


def test_a_baseline_with_the_same_failures_passes(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board()
    assert run("run", "-s", board.serial, "-o", str(tmp_path / "a"), "--rounds", "0").returncode == 1
    for baseline in (
        tmp_path / "a",
        tmp_path / "a" / "report.html",
        next((tmp_path / "a").glob("*/record.jsonl")).parent,
    ):
        again = ("--baseline", str(baseline), "--fail-on", "regression", "--rounds", "0", "--replace")
        done = run("run", "-s", board.serial, "-o", str(tmp_path / "b"), *again)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "since the baseline:\nno difference" in done.stdout
        assert json.loads((tmp_path / "b" / "compare.json").read_text())["regressed"] is False
        assert f"comparison: {tmp_path / 'b' / 'compare.html'}" in done.stdout
        assert load_document(tmp_path / "b" / "compare.html").outcome is Outcome.PASS


def test_a_baseline_that_is_none_stops_before_the_board_is_touched(
    run: Run, make_native_board: Make, tmp_path: Path
) -> None:
    done = run("run", "-s", make_native_board().serial, "--baseline", str(tmp_path), "-o", str(tmp_path / "b"))
    assert done.returncode == 2
    assert not list(tmp_path.glob("b/*/record.jsonl"))


def one(outcome: Outcome, serial: str = "s") -> BringupRun:
    return BringupRun(boards=(BoardRun(serial=serial, verdicts=(Verdict("a.b", "t", outcome),)),), tool="0", started="")


def test_a_board_lost_in_both_runs_is_no_pass(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board(uid=2000)
    lost = ("run", "-s", board.serial, "--root", "require", "-o")
    assert run(*lost, str(tmp_path / "a")).returncode == 3
    again = run(*lost, str(tmp_path / "b"), "--baseline", str(tmp_path / "a"), "--fail-on", "regression")
    assert again.returncode == 3


def test_git_bisect_gets_125_for_what_cannot_be_judged(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    assert run("run", "-s", "nobody", "--bisect", "-o", str(tmp_path / "r")).returncode == 125
    unrooted = make_native_board(uid=2000)
    lost = ("run", "-s", unrooted.serial, "--root", "require", "--bisect", "-o", str(tmp_path / "r2"))
    assert run(*lost).returncode == 125
    assert run("run", "-s", make_native_board().serial, "--bisect", "-o", str(tmp_path / "r3")).returncode == 1
    good = write_report(one(Outcome.PASS), "json", tmp_path / "good.json")
    unlike = write_report(
        BringupRun(boards=one(Outcome.PASS).boards * 2, tool="0", started=""), "json", tmp_path / "two.json"
    )
    for after, status in (
        (tmp_path / "absent", 125),
        (good, 0),
        (write_report(one(Outcome.FAIL), "html", tmp_path / "bad.html"), 1),
        (write_report(one(Outcome.ERROR), "json", tmp_path / "lost.json"), 125),
        (
            write_report(
                BringupRun(boards=(*one(Outcome.PASS, "x").boards,) * 2, tool="0", started=""),
                "json",
                tmp_path / "x.json",
            ),
            125,
        ),
    ):
        baseline = unlike if after.name == "x.json" else good
        assert run("compare", str(baseline), str(after), "--bisect").returncode == status, after


def test_a_golden_board_and_unit_7(run: Run, tmp_path: Path) -> None:
    golden = write_report(
        BringupRun(boards=(sample.healthy().boards[0],), tool="0", started=sample.STARTED),
        "html",
        tmp_path / "golden.html",
    )
    seven = write_report(sample.run(), "json", tmp_path / "7.json")
    done = run("compare", str(golden), str(seven), "--fail-on-regression")
    assert done.returncode == 3, "what was never asked of the golden board is no regression, but some of it is unknown"
    assert not [line for line in done.stdout.splitlines() if line.startswith("regressed")]
    assert "appeared" in done.stdout
    back = run("compare", str(seven), str(golden))
    assert "vanished" in back.stdout
