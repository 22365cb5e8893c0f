"""What a short time leaves out: the plan has what is worth most first, and ends by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from bringup.allocator.plan import Bench, Exhaust, Mark, Measure, Pages, Test
from bringup.board import Board, connect_tcp, time_to_run
from bringup.board.wire import Target
from bringup.checks.judge import judge
from bringup.deadline import Deadline
from bringup.facts.board import Facts
from bringup.outcome import Outcome
from bringup.record import observe as observing
from bringup.record.benchmark import Benchmark
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.virtual import VirtualBoard
from tests.support.native_adbd import AdbServer

VALUE = ("facts", "tests", "pages", "exhaustion", "timing", "benchmark")


def kind_of(item: object) -> str | None:
    match item:
        case Test():
            return "tests"
        case Pages():
            return "pages"
        case Exhaust():
            return "exhaustion"
        case Bench():
            return "timing"
        case Measure():
            return "benchmark"
    return "facts" if item in Observation().questions else None


@pytest.mark.parametrize("heaps", ["*", "system"])
def test_what_is_worth_most_comes_first(heaps: str) -> None:
    how = Observation(heaps=heaps, benchmark=Benchmark(passes=1))
    plan = observing._plan(how, Deadline.after(100))
    kinds = [kind for kind, _ in groupby(filter(None, map(kind_of, plan.items)))]
    assert tuple(dict.fromkeys(kinds)) == VALUE
    assert [kind for kind in kinds if kind != "facts"] == list(VALUE[1:]), "each is over before the next begins"
    begin, end = (number for number, item in enumerate(plan.items) if isinstance(item, Mark))
    timed = [number for number, item in enumerate(plan.items) if isinstance(item, Test | Pages | Exhaust | Bench)]
    assert begin < timed[0] < timed[-1] < end, "what the kernel logs meanwhile is known to be of the tests"


@pytest.mark.parametrize("seconds", [1, 5, 10, 120, 3600])
def test_the_board_ends_by_itself_before_it_is_killed(seconds: int) -> None:
    plan = observing._plan(Observation(), Deadline.after(seconds))
    (exhaust,) = (item for item in plan.items if isinstance(item, Exhaust))
    killed_ms = time_to_run(Deadline.after(seconds)).remaining * 1000
    assert 0 < plan.budget_ms < killed_ms < seconds * 1000
    assert plan.budget_ms + exhaust.milliseconds <= killed_ms + 1


@pytest.mark.board
def test_a_short_time_ends_cleanly_and_says_what_was_left_out(
    amd64_board: VirtualBoard, adb_server: AdbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long this machine takes is not known: the board is told that its time is up after a millisecond."""
    deadline = Deadline.after(300)
    serial = connect_tcp(adb_server.transport, amd64_board.serial, deadline)
    board = Board.open(adb_server.transport, Target(serial), deadline)
    whole = observing._plan
    monkeypatch.setattr(observing, "_plan", lambda *asked: replace(whole(*asked), budget_ms=1))
    assert observe(board, tmp_path / "r", Observation(seconds=300)) is None
    record = load_record(tmp_path / "r")
    assert record.out_of_time
    assert record.incomplete is not None
    verdicts = judge(Facts(record)).verdicts
    assert {verdict.outcome for verdict in verdicts if verdict.id.startswith(("allocator", "exhaustion"))} <= {
        Outcome.ERROR,
        Outcome.SKIP,
    }
