"""A board that could not be used is an error in every format: unknown is never pass."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from bringup.board.states import not_ready
from bringup.lab.judging import judge_unusable
from bringup.report import find_format
from bringup.report.terminal import summary
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict
from tests.support.documents import plain, read_back
from tests.support.report import sample
from tests.support.schemas import RUN_VALIDATOR

GONE = "made-up-board-9"


@pytest.fixture
def run() -> Run:
    """One board on which all passed, and one that is offline."""
    passed = BoardRun(serial="made-up-board-8", verdicts=(Verdict("heap.folder", "There are heaps", Outcome.PASS),))
    return Run(
        boards=(passed, judge_unusable(not_ready("use the board", GONE, "offline"))), tool="0", started=sample.STARTED
    )


def test_the_document_has_serial_state_and_why(run: Run) -> None:
    document = plain(run)
    RUN_VALIDATOR.validate(document)
    assert document["outcome"] == "error"
    (board,) = (one for one in document["boards"] if one["unusable"])
    assert (board["serial"], board["unusable"], board["outcome"]) == (GONE, "offline", "error")
    assert "adb lists it as 'offline'" in board["verdicts"][0]["reason"]
    assert "reconnect offline" in board["verdicts"][0]["remedy"][0]
    assert read_back(run) == run


def test_a_board_that_is_listed_as_ready_and_answers_nothing_shows_both() -> None:
    error = not_ready("use the board", GONE, "offline")
    error.seen, error.state = "the board answers nothing for 7 s", "device"
    (verdict,) = judge_unusable(error).verdicts
    assert verdict.reason == "the board could not be used: the board answers nothing for 7 s"
    assert verdict.evidence == ("adb lists it as 'device'",)


@pytest.mark.parametrize("state", ["held", "lost", None])
def test_what_adb_does_not_say_is_not_put_in_its_mouth(state: str | None) -> None:
    error = not_ready("use the board", GONE, "offline")
    error.seen, error.state = "it is held by desk/alice", state
    (verdict,) = judge_unusable(error).verdicts
    assert verdict.evidence == ()


def test_junit_has_an_error_case(run: Run) -> None:
    root = ET.fromstring(find_format("junit").render(run))
    (suite,) = (one for one in root if one.get("name") == GONE)
    assert suite.get("errors") == root.get("errors") == "1"
    error = suite.find("testcase/error")
    assert error is not None
    assert "offline" in error.get("message", "")


def test_people_are_shown_why(run: Run) -> None:
    text = io.StringIO()
    Console(file=text, width=120).print(summary(run))
    told = {"terminal": text.getvalue(), "md": find_format("md").render(run), "html": find_format("html").render(run)}
    for name, shown in told.items():
        assert "1 of 2 boards can be used; 1 could not be judged" in shown, name
        assert "could not be used: adb lists it as" in shown, name
    assert GONE in told["md"]
    assert GONE in told["html"]


@pytest.mark.parametrize(
    ("name", "word"), [("ktap", "not ok"), ("lava", "RESULT=unknown"), ("csv", "error"), ("kcidb", '"MISS"')]
)
def test_no_format_for_programs_leaves_it_out(run: Run, name: str, word: str) -> None:
    alone = Run(boards=run.boards[:1], tool=run.tool, started=run.started)
    assert word in find_format(name).render(run)
    assert word not in find_format(name).render(alone)
