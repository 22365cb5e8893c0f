"""A run that was killed or interrupted is finished: what is open is observed anew, the rest is kept."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bringup.board import disconnect_tcp
from bringup.checks.registry import Question, Role, checks_for
from bringup.cli.place_options import PlaceOptions
from bringup.deadline import Deadline
from bringup.errors import BoardError, RecordError, UsageError
from bringup.lab.judging import judge_unusable
from bringup.lab.places import PlaceRequest
from bringup.lab.resuming import Unfinished, begin_run, is_open, read_unfinished, run_again, with_boards
from bringup.lab.run_folder import EARLIER, prepare_folder
from bringup.outcome import Outcome
from bringup.record.load import load_record
from bringup.report import write_report
from bringup.report.load import load_run
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict
from tests.support.command import bringup
from tests.support.faults.process import RunProcess
from tests.support.hung_allocator import hang_the_allocator
from tests.support.lying_board import lying_board
from tests.support.native_adbd import AdbServer, MakeNativeBoard, NativeBoard
from tests.support.scripted_record import ScriptedBoard

Boards = tuple[NativeBoard, NativeBoard]
Resume = Callable[..., tuple[int, str]]


@pytest.fixture
def boards(own_server: AdbServer, make_native_board: MakeNativeBoard) -> Boards:
    """One that answers, and one that hangs until it is told not to; in the order in which adb lists them."""
    first, second = sorted(
        (make_native_board(own_server), make_native_board(own_server)), key=lambda board: board.serial
    )
    hang_the_allocator(second)
    return first, second


@pytest.fixture
def environ(own_server: AdbServer, tmp_path: Path) -> dict[str, str]:
    return {
        "ANDROID_ADB_SERVER_PORT": str(own_server.address.port),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "BRINGUP_HISTORY": str(tmp_path / "history.sqlite3"),
    }


@pytest.fixture
def resume(environ: dict[str, str], tmp_path: Path) -> Resume:
    def run(*more: str) -> tuple[int, str]:
        done = bringup("run", "--resume", str(tmp_path / "run"), "--rounds", "0", *more, environ=environ)
        return done.returncode, done.stderr

    return run


def is_judged(serial: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["event"] == "board-end" and event["board"] == serial


def begin_and_end(boards: Boards, environ: dict[str, str], tmp_path: Path, number: signal.Signals) -> str:
    """Run until the first board is done and the second hangs; what is said in the end."""
    process = RunProcess(["run", "--all", "--json-lines", "--rounds", "0", "-o", str(tmp_path / "run")], environ)
    process.wait_for(is_judged(boards[0].serial), "the first board is done")
    process.wait_for(
        lambda event: event.get("board") == boards[1].serial and event.get("step") == "facts and tests", ""
    )
    process.process.send_signal(number)
    return process.end()[1]


def record_of(tmp_path: Path, native: NativeBoard) -> Path:
    (board,) = (board for board in load_run(tmp_path / "run").boards if board.serial == native.serial)
    assert board.record is not None
    return tmp_path / "run" / board.record


def observed(board: BoardRun) -> str:
    return next(verdict.outcome.value for verdict in board.verdicts if verdict.id == "board.observed")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_is_open_is_observed_anew_and_the_rest_is_kept(
    boards: Boards, environ: dict[str, str], resume: Resume, tmp_path: Path, number: signal.Signals
) -> None:
    said = begin_and_end(boards, environ, tmp_path, number)
    before = load_run(tmp_path / "run")
    assert [board.serial for board in before.boards] == [native.serial for native in boards]
    known = "error" if number is signal.SIGKILL else "pass"  # a process that is killed writes nothing any more
    assert [observed(board) for board in before.boards] == [known, "error"]
    if number is signal.SIGINT:
        assert f"bringup run --resume {tmp_path / 'run'}" in said
    kept = [path for path in (tmp_path / "run").glob("*/record.jsonl") if load_record(path.parent).incomplete is None]
    assert len(kept) == 1
    bytes_before = kept[0].read_bytes()
    (boards[1].files / "vendor/bin/sha256sum").unlink()

    status, said = resume()
    after = load_run(tmp_path / "run")
    assert status == 1, said  # no heaps on these boards
    assert boards[0].serial not in said, "it is not observed"
    assert [board.serial for board in after.boards] == [native.serial for native in boards]
    assert [observed(board) for board in after.boards] == ["pass", "pass"]
    assert after.started == before.started
    assert kept[0].read_bytes() == bytes_before
    assert kept[0].parent == record_of(tmp_path, boards[0])
    (earlier,) = (tmp_path / "run" / EARLIER).iterdir()
    assert load_record(earlier).incomplete
    assert load_record(record_of(tmp_path, boards[1])).incomplete is None

    assert resume()[0] == 1
    again = load_run(tmp_path / "run")
    assert again == after, "nothing was open any more"
    history = json.loads(bringup("history", "--json", environ=environ).stdout)
    assert history["runs"] == 1


def test_a_board_that_is_not_there_stays_open(
    boards: Boards, environ: dict[str, str], resume: Resume, tmp_path: Path, own_server: AdbServer
) -> None:
    begin_and_end(boards, environ, tmp_path, signal.SIGKILL)
    disconnect_tcp(own_server.transport, boards[1].serial, Deadline.after(60))
    status, said = resume()
    assert status in (1, 3)
    assert f"{boards[1].serial}: resume the run: adb does not list it" in said
    assert f"not observed to the end: {boards[1].serial}" in said
    assert f"→ bringup run --resume {tmp_path / 'run'} observes 1 board again" in said
    assert not (tmp_path / "run" / EARLIER).exists(), "its record is still there"
    assert [observed(board) for board in load_run(tmp_path / "run").boards] == ["pass", "error"]


def test_a_record_that_was_not_judged_is_held_against_expectations(resume: Resume, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    begin_run(tmp_path / "run", ["scripted"])
    ScriptedBoard().record(tmp_path / "run" / "scripted")
    (tmp_path / "expect.yaml").write_text("expect:\n  - {id: one, title: One, heap: nothing, exists: true}\n")
    status, said = resume("--expect", str(tmp_path / "expect.yaml"))
    (board,) = load_run(tmp_path / "run").boards
    assert [verdict.outcome for verdict in board.verdicts if verdict.id == "expect.one"] == ["fail"], said
    assert status == 1


def test_a_board_that_has_not_booted_stays_open(
    boards: Boards, environ: dict[str, str], resume: Resume, tmp_path: Path
) -> None:
    begin_and_end(boards, environ, tmp_path, signal.SIGKILL)
    boards[1].unplug()
    _, said = resume("--wait-for-boot", "1")
    assert f"{boards[1].serial}: wait until the board has booted" in said
    assert not (tmp_path / "run" / EARLIER).exists(), "its record is still there"
    assert [observed(board) for board in load_run(tmp_path / "run").boards] == ["pass", "error"]


def test_boards_and_folder_are_those_of_the_run(resume: Resume, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for more in (["-s", "x"], ["--all"], ["-o", "y"], ["--virtual", "amd64"], ["--place", "a"], ["--tag", "a=b"]):
        status, said = resume(*more)
        assert status == 2
        assert f"{more[0]} is given" in said
    status, said = resume()
    assert status == 2
    assert "run" in said


@pytest.mark.parametrize("chosen_by", [("--place", "rack 1", "--place", "rack2"), ("--virtual", "amd64")])
def test_boards_that_cannot_be_found_again_are_not_resumed(
    resume: Resume, tmp_path: Path, chosen_by: tuple[str, ...]
) -> None:
    (tmp_path / "run").mkdir()
    begun = begin_run(tmp_path / "run", ["scripted"], chosen_by)
    again = f"bringup run {shlex.join(chosen_by)}"
    assert begun.boards[0].verdicts[0].remedy == (f"run it again: {again}",)
    status, said = resume()
    assert status == 2
    assert f"{' '.join(chosen_by)} chose its boards" in said
    assert f"run it again: {again}" in said


def test_a_place_that_is_called_as_its_board_keeps_the_others_records(tmp_path: Path) -> None:
    """Two boards of one serial number, one at a place of that name."""
    begun = begin_run(tmp_path, ["a", "a"], ("--tag", "board=x"), ["a", "b"])
    (asked,) = checks_for(Role.OBSERVATION)
    observed = (Question(asked.id, asked.title).passed("made up"),)
    done = BoardRun(serial="a", place="b", record="a-2", verdicts=observed)
    unfinished = Unfinished(with_boards(begun, [done]), tmp_path)
    board = lying_board(serial="a")
    for name in ("a", "a-2"):
        (tmp_path / name).mkdir()
    run, names = unfinished.make_room([board], {board: "a"})
    assert names == ["a"]
    assert run.boards[1] == done
    assert (tmp_path / "a-2").exists()
    assert [path.name for path in (tmp_path / EARLIER).iterdir()] == ["a-1"]


def test_a_place_that_could_not_be_held_stays_the_one_board_of_the_run(tmp_path: Path) -> None:
    begun = begin_run(tmp_path, ["a"], ("--place", "p"), ["p"])
    error = BoardError("hold the place p", "desk/alice has it")
    error.place, error.state = "p", "held"
    (held,) = with_boards(begun, [judge_unusable(error)]).boards
    assert (held.place, held.serial, is_open(held)) == ("p", "a", True)
    assert "desk/alice has it" in (held.verdicts[0].reason or "")

    earlier = msgspec.structs.replace(begun, boards=(*begun.boards, judge_unusable(error)))  # as it was written before
    board = lying_board(serial="a")
    run, names = Unfinished(earlier, tmp_path).make_room([board], {board: "p"})
    assert ([part.serial for part in run.boards], names) == (["a"], ["a"])


@pytest.mark.parametrize("said", ["a", "run.json"])
def test_no_record_of_a_document_is_that_of_another_board_or_a_file(tmp_path: Path, said: str) -> None:
    parts = begin_run(tmp_path, ["a", "b"]).boards
    run = Run(boards=tuple(msgspec.structs.replace(part, record=said) for part in parts), tool="0", started="")
    _, names = Unfinished(run, tmp_path).make_room([lying_board(serial="a"), lying_board(serial="b")], {})
    assert names == ["a", "b"]
    assert (tmp_path / "run.json").is_file()


@pytest.mark.parametrize(
    "chosen_by", [("--place",), ("--place", "p", "--reserve", "x"), ("--place", "p", "--reserve", "nan")]
)
def test_a_document_that_says_nothing_sensible_of_what_chose_its_places(chosen_by: tuple[str, ...]) -> None:
    with pytest.raises(RecordError, match=r"chosen_by in its run\.json"):
        PlaceOptions().again(chosen_by, ["p"])


def test_a_document_leads_to_no_folder_elsewhere(tmp_path: Path) -> None:
    (part,) = begin_run(tmp_path, ["a"]).boards
    run = Run(boards=(msgspec.structs.replace(part, record="../mine"),), tool="0", started="2026-01-01T00:00:00Z")
    (tmp_path.parent / "mine").mkdir()
    _, names = Unfinished(run, tmp_path).make_room([lying_board(serial="a")], {})
    assert names == ["a"]
    assert (tmp_path.parent / "mine").exists()


def test_a_run_of_pytest_is_not_resumed(tmp_path: Path) -> None:
    """Its tests would be gone, and what they did not find out would be a pass."""
    begun = begin_run(tmp_path, ["scripted"])
    (board,) = begun.boards
    test = Verdict("pytest.test_codec.test_one", "One", Outcome.ERROR, reason="no board")
    board = msgspec.structs.replace(board, verdicts=(*board.verdicts, test))
    write_report(msgspec.structs.replace(begun, boards=(board,)), "json", tmp_path / "run.json")
    with pytest.raises(UsageError, match="tests of pytest") as error:
        read_unfinished(tmp_path, (), named=False)
    assert error.value.hint == "run pytest again"


def test_all_that_chose_places_is_in_the_command_for_the_same_ones() -> None:
    chosen = PlaceOptions(place=["rack1"], coordinator="lab:20408", reserve=300.0).chosen
    assert run_again(chosen) == "bringup run --place rack1 --coordinator lab:20408 --reserve 300"
    assert PlaceOptions(tag=["board=x"], reserve=0).chosen == ("--tag", "board=x", "--reserve", "0")
    assert PlaceOptions(tag=["board=x"], reserve=1234567.5).chosen[-1] == "1234567.5"
    assert PlaceOptions(coordinator="lab:20408").chosen == (), "it chooses no place"


def test_what_is_given_anew_counts_more_than_what_chose_the_places() -> None:
    chosen_by = ("--tag", "board=x", "--coordinator", "lab:20408", "--reserve", "300")
    assert PlaceOptions().again(chosen_by, ["rack1"]) == PlaceRequest(("rack1",), {}, "lab:20408", 300.0)
    given = PlaceOptions(coordinator="here", reserve=0.0)
    assert given.again(chosen_by, ["rack1"]) == PlaceRequest(("rack1",), {}, "here", 0.0)
    assert PlaceOptions().again(chosen_by, []) is None
    assert PlaceOptions().again((), []) is None
    with pytest.raises(UsageError, match="no place"):
        given.again((), [])


def test_a_run_of_a_version_that_did_not_say_what_chose_its_boards(tmp_path: Path) -> None:
    begin_run(tmp_path, ["scripted"])
    document = json.loads((tmp_path / "run.json").read_text())
    del document["chosen_by"]
    (tmp_path / "run.json").write_text(json.dumps(document))
    assert read_unfinished(tmp_path, (), named=False).serials == ("scripted",)


def test_replacing_a_run_removes_what_resuming_kept(tmp_path: Path) -> None:
    for name in (EARLIER, ".repeats", "mine"):
        (tmp_path / "run" / name / "x").mkdir(parents=True)
    (tmp_path / "run" / "run.json").touch()
    prepare_folder(tmp_path / "run", replace=True)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine"]
