"""The command line against real adbds on this machine: which board is meant, and what is told when it is not clear."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bringup.board import Heartbeat, connect_tcp
from bringup.board.states import not_ready
from bringup.cli.actions import run as run_action
from bringup.cli.options import FailOn
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, BringupError
from bringup.lab.run import Job
from bringup.report.load import load_run
from bringup.results.run import BoardRun
from bringup.results.run import Run as BringupRun
from bringup.results.verdict import Outcome, Verdict
from tests.support.command import bringup
from tests.support.lying_board import lying_board
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.stub_adbd import StubAdbd

Make = Callable[..., NativeBoard]
Run = Callable[..., subprocess.CompletedProcess[str]]


def runner(server: AdbServer) -> Run:
    """``bringup`` with this adb server."""
    environ = {"ANDROID_ADB_SERVER_PORT": str(server.address.port)}
    return lambda *arguments, **more: bringup(*arguments, environ=environ | more.pop("environ", {}), **more)


@pytest.fixture
def run(adb_server: AdbServer) -> Run:
    """With the worker's adb server, to which boards of other tests may be connected: tests name theirs."""
    return runner(adb_server)


def test_no_board_says_what_to_do(run: Run, tmp_path: Path) -> None:
    done = run("run", "-e", "-s", "nobody", "-o", str(tmp_path / "r"))
    assert done.returncode == 2  # -s and -e contradict each other
    done = run("run", "-s", "nobody", "-o", str(tmp_path / "r"))
    assert done.returncode == 3
    assert "nobody" in done.stderr
    assert "→" in done.stderr
    assert not (tmp_path / "r").exists()


def test_several_boards_and_none_named(own_server: AdbServer, make_native_board: Make, tmp_path: Path) -> None:
    serials = [make_native_board(own_server).serial for _ in range(2)]
    done = runner(own_server)("run", "-o", str(tmp_path / "r"))
    assert done.returncode == 2
    assert all(serial in done.stderr for serial in serials)
    assert "-s" in done.stderr


def test_android_serial_chooses_and_a_board_without_heaps_says_so(
    run: Run, make_native_board: Make, tmp_path: Path
) -> None:
    boards = [make_native_board() for _ in range(2)]
    done = run("run", "--json", "-o", str(tmp_path / "r"), environ={"ANDROID_SERIAL": boards[1].serial})
    document = json.loads(done.stdout)
    (board,) = document["boards"]
    assert board["serial"] == boards[1].serial
    verdicts = {one["id"]: one for one in board["verdicts"] if "heap" not in one or one["heap"] == "system"}
    assert verdicts["heap.folder"]["outcome"] == "fail"
    assert verdicts["heap.expected"]["outcome"] == "fail"
    assert done.returncode == 1


def test_all_boards_at_once_are_one_run(own_server: AdbServer, make_native_board: Make, tmp_path: Path) -> None:
    serials = {make_native_board(own_server).serial for _ in range(3)}
    done = runner(own_server)("run", "--all", "--json", "-o", str(tmp_path / "r"))
    document = json.loads(done.stdout)
    assert {board["serial"] for board in document["boards"]} == serials
    for board in document["boards"]:
        assert (tmp_path / "r" / board["record"] / "record.jsonl").is_file()
    assert json.loads((tmp_path / "r" / "run.json").read_text()) == document
    assert (tmp_path / "r" / "report.html").stat().st_size < 100_000 * (1 + len(document["boards"]))


def outcomes_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(verdict["id"], verdict["outcome"]) for verdict in document["boards"][0]["verdicts"]]


def test_the_record_judged_again_without_a_board_says_the_same(
    run: Run, make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board()
    first = json.loads(run("run", "-s", board.serial, "--json", "-o", str(tmp_path / "r")).stdout)
    now = json.loads(run("check", "-s", board.serial, "--json").stdout)
    assert outcomes_of(now) == outcomes_of(first)
    board.stop()
    record = tmp_path / "r" / first["boards"][0]["record"]
    again = json.loads(run("check", str(record), "--json").stdout)
    assert again["boards"][0]["verdicts"] == first["boards"][0]["verdicts"]


def test_a_second_run_pushes_nothing(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board()
    pushed = []
    for name in ("one", "two"):
        run("collect", "-s", board.serial, "-o", str(tmp_path / name))
        lines = [json.loads(line) for line in (tmp_path / name / "record.jsonl").read_text().splitlines()]
        pushed += [line["pushed"] for line in lines if line["t"] == "program"]
        assert lines[-1]["t"] == "end"
        assert lines[-1]["complete"] is True
        # and a sign of life for each two seconds without a byte, which a busy machine may be
        seconds = max(line["at"] + line["seconds"] for line in lines if line["t"] == "step")
        assert lines[-1]["round_trips"] <= 6 + seconds / Heartbeat().quiet
    assert pushed == [True, False]


def test_a_record_in_one_file(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board()
    archive = tmp_path / "r.tar.zst"
    assert run("collect", "-s", board.serial, "-o", str(archive)).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["r.tar.zst"]
    board.stop()
    document = json.loads(run("check", str(archive), "--json").stdout)
    assert document["boards"][0]["serial"] == board.serial
    assert run("collect", "-s", board.serial, "-o", str(archive)).returncode == 2


def test_without_root_it_says_what_stays_unjudged(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board(uid=2000)
    done = run("run", "-s", board.serial, "--json", "-o", str(tmp_path / "r"))
    verdicts = {one["id"]: one for one in json.loads(done.stdout)["boards"][0]["verdicts"]}
    assert verdicts["board.root"]["outcome"] == "warn"
    assert any(line.endswith("open that root may answer") for line in verdicts["board.root"]["evidence"])


def test_root_required_and_not_to_be_had(run: Run, make_native_board: Make, tmp_path: Path) -> None:
    board = make_native_board(uid=2000)
    done = run("run", "-s", board.serial, "--root", "require", "-o", str(tmp_path / "r"))
    assert done.returncode == 3
    assert "root" in done.stderr
    (unrooted,) = load_run(tmp_path / "r").boards
    assert unrooted.serial == board.serial, "which board it was is known all the same"
    (observed,) = (verdict for verdict in unrooted.verdicts if verdict.id == "board.observed")
    assert "--root auto" in observed.remedy[-1]
    assert not any("wait-for-device" in step for step in observed.remedy), "adb reaches it"
    assert (tmp_path / "r" / "report.html").is_file()


def test_a_board_without_the_heap_that_is_asked_for_says_so_once(run: Run, make_native_board: Make) -> None:
    """This machine's kernel may have no heap at all."""
    board = make_native_board()
    done = run("heap", "test", "-s", board.serial, "--heap", "nobodys-heap")
    assert done.returncode == 1
    assert "there is no heap 'nobodys-heap' on this board: heaps there: " in done.stderr
    assert done.stdout.count("nobodys-heap") == 1, "and not once per test that could not run"
    done = run("heap", "list", "-s", board.serial)
    assert done.returncode == 0
    assert ("there is no heap on this board; why: bringup run" in done.stderr) is ("system" not in done.stdout)


def test_boards_lists_what_adb_sees(run: Run, make_native_board: Make) -> None:
    board = make_native_board()
    document = json.loads(run("boards", "--json").stdout)
    one = next(entry for entry in document["boards"] if entry["serial"] == board.serial)
    assert one["state"] == "device"
    assert one["kernel"]
    assert one["page_size"] == 4096
    assert one["root"] is True


def test_serials_complete(run: Run, make_native_board: Make) -> None:
    board = make_native_board()
    words = f"bringup run -s {board.serial[:6]}"
    environ = {"_BRINGUP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "3"}
    assert board.serial in run(environ=environ).stdout


@pytest.fixture(params=["unauthorized", "offline"])
def stub(request: pytest.FixtureRequest, own_server: AdbServer) -> Iterator[StubAdbd]:
    board = StubAdbd(unauthorized=request.param == "unauthorized")
    with contextlib.suppress(BringupError):
        connect_tcp(own_server.transport, board.serial, Deadline.after(2))
    yield board
    board.close()


def test_a_board_that_is_not_ready_says_the_next_step(own_server: AdbServer, stub: StubAdbd, tmp_path: Path) -> None:
    done = runner(own_server)("run", "-s", stub.serial, "-o", str(tmp_path / "r"))
    assert done.returncode == 3
    assert stub.serial in done.stderr
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_other_boards_run_when_one_is_not_ready(
    own_server: AdbServer, stub: StubAdbd, make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board(own_server)
    done = runner(own_server)("run", "--all", "--json", "-o", str(tmp_path / "r"))
    boards = {one["serial"]: one for one in json.loads(done.stdout)["boards"]}
    assert boards.keys() == {board.serial, stub.serial}
    assert boards[board.serial]["unusable"] is None
    assert boards[stub.serial]["unusable"] in ("unauthorized", "offline")
    assert boards[stub.serial]["outcome"] == "error"
    assert json.loads((tmp_path / "r" / "run.json").read_text()) == json.loads(done.stdout)
    assert stub.serial in done.stderr.rpartition("judge")[2], "it is told last, too"
    assert done.returncode in (1, 3)


def run_options(events: Path | None = None) -> run_action.RunOptions:
    return run_action.RunOptions(
        all_boards=True, virtual=None, output=None, replace=False, board=None, config_dir=None, root="auto", heap="*",
        rounds=0, bench=False, programs=(), seconds=1, expect=None, fix_dir=None, baseline=None, fail_on=FailOn.FAIL,
        as_json=False, as_lines=False, events=events, history=False,
    )  # fmt: skip


def test_events_of_two_boards_of_one_serial(tmp_path: Path) -> None:
    """As two hosts of a lab list them: their threads' events mix, and ``index`` says whose each is."""
    boards = [lying_board(serial="one"), lying_board(AdbServerError("ask", "it is gone"), serial="one")]
    assert run_action.run_on(boards, Job(tmp_path / "run"), run_options(events=tmp_path / "events")) != 0
    events = [json.loads(line) for line in (tmp_path / "events").read_text(encoding="utf-8").splitlines()]
    assert events[0]["boards"] == ["one", "one"]
    assert {one["index"]: one["record"] for one in events if one["event"] == "board-end"} == {0: "one", 1: "one-2"}
    assert [one["index"] for one in events if one["event"] == "board-error"] == [1]
    for kind in ("step", "verdict"):
        assert {one["index"] for one in events if one["event"] == kind} == {0, 1}


def test_all_that_ran_passed_is_not_all_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the boards of ``--all`` say is not known of those that cannot be used."""
    verdict = Verdict("heap.folder", "There are heaps", Outcome.PASS)
    passed = BringupRun(boards=(BoardRun(serial="one", verdicts=(verdict,)),), tool="0", started="2026-01-01T00:00:00Z")
    monkeypatch.setattr(run_action, "_observe", lambda *_: (passed, []))
    gone = [not_ready("use the board", "two", "offline")]
    assert run_action.run_on([], Job(tmp_path), run_options()) == 0
    assert run_action.run_on([], Job(tmp_path), run_options(events=tmp_path / "events"), gone) == 3
    run = load_run(tmp_path)
    assert [(board.serial, board.outcome, board.unusable) for board in run.boards] == [
        ("one", Outcome.PASS, None),
        ("two", Outcome.ERROR, "offline"),
    ]
    assert run.outcome is Outcome.ERROR
    events = [json.loads(line) for line in (tmp_path / "events").read_text(encoding="utf-8").splitlines()]
    assert events[0]["boards"] == ["two"], "the stand-in was given no board"
    assert [one["outcome"] for one in events if one["event"] == "board-end" and one["board"] == "two"] == ["error"]
    assert {one["index"] for one in events if one.get("board") == "two"} == {0}
    assert events[-1]["outcome"] == "error"


def test_several_boards_and_none_named_names_one_that_can_be_used(
    own_server: AdbServer, stub: StubAdbd, make_native_board: Make
) -> None:
    make_native_board(own_server)
    done = runner(own_server)("heap", "list")
    assert done.returncode == 2
    assert stub.serial in done.stderr
    assert f"-s {stub.serial}" not in done.stderr
