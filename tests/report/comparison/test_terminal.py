"""A comparison told on a terminal: each change once, for all boards that have it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from bringup.compare.runs import Comparison, compare
from bringup.report.comparison.story import grouped_changes
from bringup.report.comparison.terminal import summary
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict
from tests.support.report import hostile, sample
from tests.support.report.hostile import CONTROLS


def printed(found: Comparison, otherwise: str = "") -> str:
    out = io.StringIO()
    Console(file=out, width=100).print(summary(found, otherwise))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def asked(outcome: Outcome, *serials: str) -> Run:
    boards = (
        BoardRun(serial=one, verdicts=(Verdict("heap.mode", "t", outcome, "system", ("crw-------",)),))
        for one in serials
    )
    return Run(boards=tuple(boards), tool="0", started=sample.STARTED)


def test_nothing_changed() -> None:
    told = printed(compare(sample.run(), sample.run()))
    assert "\nno difference\ntimings decided by: exact Mann-Whitney rank test" in told


def test_one_board() -> None:
    text = printed(compare(asked(Outcome.PASS, "s"), asked(Outcome.FAIL, "s")))
    assert text.splitlines() == [
        "1 regressed",
        "regressed  pass → fail  heap.mode system",
        " " * 24 + "crw-------",
    ]


def test_what_neither_run_answers_is_the_first_line_with_what_to_do() -> None:
    """As without root in both runs: unknown is no pass, but the checks, the reason and the way out are named."""
    refused = [
        Verdict(check, "t", Outcome.ERROR, reason="dmesg may not be read", remedy=("adb root, then run again",))
        for check in ("cma.rejected", "cma.exhausted", "kernel.complaints")
    ]
    slow = Verdict("heap.mode", "t", Outcome.ERROR, "system", reason="the time budget ended")
    board = BoardRun(serial="s", verdicts=(*refused, slow, Verdict("board.root", "t", Outcome.WARN)))
    found = compare(*[Run(boards=(board,), tool="0", started=sample.STARTED)] * 2)
    assert found.outcome is Outcome.ERROR
    text = " ".join(printed(found, "--fail-on fail lets only what failed count").split())
    assert text == (
        "It is unknown whether something regressed: 4 verdicts could not be answered. "
        "cma.rejected, cma.exhausted, kernel.complaints: dmesg may not be read. heap.mode: the time budget ended. "
        "To have an answer: adb root, then run again; or --fail-on fail lets only what failed count. no difference"
    )


def test_a_change_on_many_boards_is_reported_once() -> None:
    names = [f"board-{number}" for number in range(9)]
    found = compare(asked(Outcome.PASS, *names), asked(Outcome.FAIL, *names))
    assert len(grouped_changes(found.differences)) == 1
    assert "board-0, board-1, board-2 and 6 more" in printed(found)
    assert printed(found).startswith("9 regressed\n")


def test_boards_that_one_run_lacks() -> None:
    text = printed(compare(asked(Outcome.PASS, "a", "b"), asked(Outcome.PASS, "b", "c")))
    assert text.startswith("It is unknown whether something regressed: 1 board of the first run missing.")
    assert text.splitlines()[2:] == ["only in the first run: a", "only in the second run: c"]


def test_regressions_come_first_and_those_of_most_boards_before_others() -> None:
    names = ("a", "b", "c")
    before = [Outcome.PASS, Outcome.PASS, Outcome.FAIL]
    after = [Outcome.FAIL, Outcome.FAIL, Outcome.PASS]

    def run(outcomes: list[Outcome]) -> Run:
        checks = [Verdict(f"x.{number}", "t", one) for number, one in enumerate(outcomes)]
        return Run(
            boards=tuple(BoardRun(serial=name, verdicts=tuple(checks[: 3 - at])) for at, name in enumerate(names)),
            tool="0",
            started="",
        )

    lines = [re.split(" {2,}", line) for line in printed(compare(run(before), run(after))).splitlines()]
    assert [line[:3] for line in lines[1:]] == [
        ["regressed", "pass → fail", "x.0"],
        ["regressed", "pass → fail", "x.1"],
        ["improved", "fail → pass", "x.2"],
    ]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.tuples(hostile.runs, hostile.runs))
def test_the_terminal_gets_text_only(runs: tuple[Run, Run]) -> None:
    assert not CONTROLS.search(printed(compare(*runs)).replace("\n", ""))


@pytest.mark.parametrize("run", [sample.many, sample.wild])
def test_two_runs_of_a_thousand_boards(run: Callable[[int, int, int], Run]) -> None:
    before, after = run(1000, 60, 1), run(1000, 60, 2)
    assert len(printed(compare(before, after)).splitlines()) < 250
