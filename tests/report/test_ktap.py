"""KTAP: nested, the plan right, read back by a strict parser."""

from __future__ import annotations

import pytest

from bringup.report import find_format
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict
from tests.support.report import parsers, sample


def ktap(*verdicts: Verdict) -> list[str]:
    text = find_format("ktap").render(
        Run(boards=(BoardRun(serial="s", verdicts=verdicts),), tool="0", started=sample.STARTED)
    )
    parsers.ktap(text)
    return text.splitlines()


def test_boards_are_subtests_with_their_own_plan() -> None:
    run = sample.many(3)
    boards = parsers.ktap(find_format("ktap").render(run))
    assert [len(results) for _, results in boards] == [60, 60, 60]


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (Outcome.PASS, "  ok 1 a.b linux,cma"),
        (Outcome.WARN, "  ok 1 a.b linux,cma"),
        (Outcome.FAIL, "  not ok 1 a.b linux,cma"),
        (Outcome.SKIP, "  ok 1 a.b linux,cma # SKIP no such heap"),
        (Outcome.ERROR, "  not ok 1 a.b linux,cma # ERROR no such heap"),
    ],
)
def test_the_result_line(outcome: Outcome, line: str) -> None:
    assert line in ktap(Verdict("a.b", "t", outcome, "linux,cma", reason="no such heap"))


def test_a_hash_and_a_newline_cannot_end_a_description() -> None:
    lines = ktap(Verdict("a.b", "t", Outcome.SKIP, "x # SKIP\nok 2 y", reason="#1\nnot ok 3"))
    assert "  ok 1 a.b x \\x23 SKIP\\nok 2 y # SKIP \\x231\\nnot ok 3" in lines


def test_what_was_seen_stands_before_the_result_as_diagnostics() -> None:
    lines = ktap(Verdict("a.b", "It holds", Outcome.FAIL, evidence=("one\nok 7 two",), remedy=("do this",)))
    at = lines.index("  not ok 1 a.b")
    assert lines[at - 4 : at] == ["  # fail: It holds", "  # seen: one", "  # seen: ok 7 two", "  # remedy: do this"]


def test_a_board_of_which_nothing_was_judged_is_not_ok() -> None:
    assert ktap()[-2:] == ["  1..0", "not ok 1 s # ERROR nothing was judged"]


@pytest.mark.parametrize(
    "damage",
    [
        ("1..60", "1..59"),
        ("1..60", "1..61"),
        ("not ok 1 ", "not ok 2 "),
        ("  # seen", "  seen"),
        ("KTAP version 1", "TAP"),
    ],
)
def test_the_parser_is_strict(damage: tuple[str, str]) -> None:
    text = find_format("ktap").render(sample.run())
    assert damage[0] in text
    with pytest.raises((AssertionError, IndexError)):
        parsers.ktap(text.replace(*damage, 1))
