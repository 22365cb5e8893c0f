"""The story: one sentence, and what is first to fix."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from bringup.report.bounded import excerpt, shown
from bringup.report.story import board_headline, findings, model_of, run_headline, shared_findings, tally
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Cause, Change, Outcome, Verdict
from tests.support.report import sample

FAIL, ERROR, WARN, PASS, SKIP = Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS, Outcome.SKIP
A, B = Cause("a.off", "A is off"), Cause("b.off", "B is off.")


def verdict(id_: str, outcome: Outcome, cause: Cause | None = None, **fields: object) -> Verdict:
    return msgspec.structs.replace(Verdict(id_, f"{id_} holds", outcome, cause=cause), **fields)


def board(*verdicts: Verdict, serial: str = "s") -> BoardRun:
    return BoardRun(serial=serial, verdicts=verdicts)


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ((), "It is unknown whether this board can be used: nothing was asked."),
        ((verdict("x", SKIP),), "It is unknown whether this board can be used: the one check did not apply."),
        ((verdict("x", PASS),), "This board can be used: the one check passed."),
        (
            (verdict("x", PASS), verdict("y", PASS), verdict("z", SKIP)),
            "This board can be used: all 2 checks passed, 1 did not apply.",
        ),
        ((verdict("x", WARN, B), verdict("y", PASS)), "This board can be used, with 1 warning. Note first: B is off."),
        (
            (verdict("x", ERROR, reason="the board was lost"), verdict("y", WARN, B)),
            "It is unknown whether this board can be used: 1 of 2 checks could not be answered. First: the board was lost.",
        ),
        (
            (verdict("x", PASS), verdict("y", ERROR, reason="lost"), verdict("z", FAIL, A), verdict("s", SKIP)),
            "This board cannot be used yet: 1 of 3 checks fails. Fix first: A is off.",
        ),
        (
            (verdict("x", FAIL),),
            "This board cannot be used yet: the one check fails. Fix first: Not true: x holds.",
        ),
    ],
)
def test_the_sentence(verdicts: tuple[Verdict, ...], sentence: str) -> None:
    assert str(board_headline(board(*verdicts))) == sentence


def test_no_sentence_says_that_an_unknown_board_can_be_used() -> None:
    for outcome in (ERROR, FAIL, SKIP):
        assert not str(board_headline(board(verdict("x", outcome)))).startswith("This board can be used")


def test_one_cause_is_one_finding_and_explains_its_checks() -> None:
    (one, two) = findings([verdict("x", FAIL, B), verdict("y", FAIL, A), verdict("p", PASS), verdict("z", WARN, A)])
    assert [one.cause, two.cause] == [A, B]
    assert [v.id for v in one.verdicts] == ["y", "z"]
    assert one.outcome is FAIL


def test_what_was_lost_at_once_is_one_finding() -> None:
    lost = [verdict(name, ERROR, reason="the board was lost") for name in "xyz"]
    (one, other) = findings([*lost, verdict("q", ERROR, reason="no root")])
    assert [len(one.verdicts), len(other.verdicts)] == [3, 1]
    assert one.text == "the board was lost"


def test_one_cause_in_other_words_is_a_finding_of_its_own() -> None:
    """A cause may name a heap: each heap's sentence is told."""
    of = [Cause("node.mode", f"{heap} is 0600") for heap in ("system", "reserved")]
    one, two = findings([verdict("x", FAIL, of[0]), verdict("x", FAIL, of[1]), verdict("y", WARN, of[1])])
    assert (one.text, two.text) == ("reserved is 0600", "system is 0600")
    assert one.key == two.key
    run = Run(
        boards=(board(verdict("x", FAIL, of[0]), verdict("x", FAIL, of[1])), board(verdict("x", FAIL, of[1]))),
        tool="0",
        started="0",
    )
    (shared,) = shared_findings(run)
    assert (len(shared.boards), shared.texts) == (2, 2)


def test_worse_comes_before_more() -> None:
    many = [verdict(name, WARN, B) for name in "abc"]
    assert [one.outcome for one in findings([*many, verdict("e", ERROR), verdict("f", FAIL)])] == [FAIL, ERROR, WARN]


def test_fixes_are_shown_once_each_and_whole() -> None:
    lines, other = ("{", "x;", "};", "};"), ("y",)
    found = findings(
        [verdict("a", FAIL, A, remedy=lines), verdict("b", FAIL, A, remedy=lines), verdict("c", FAIL, A, remedy=other)]
    )
    assert found[0].remedies == (lines, other)


def test_the_lines_of_each_heap_are_one_fix_where_the_words_are_the_same() -> None:
    words, tree = ("reboot",), ("/ {", "\tx;", "};", "};")
    rules = [Change("ueventd.rc", (f"/dev/dma_heap/{name} 0444 system system",)) for name in ("a", "b")]
    nodes = [Change("device-tree/heaps.dtsi", tree), Change("device-tree/heaps.dtsi", ("/ {", "};"))]
    of_heaps = [verdict("x", FAIL, A, remedy=words, changes=(rules[n], nodes[n])) for n in (0, 1)]
    of_old_document = verdict(
        "x", FAIL, A, remedy=words, changes=(Change("ueventd.rc", rules[0].lines + rules[1].lines),)
    )
    (found,) = findings([*of_heaps, of_old_document])
    (fix,) = found.remedies
    ueventd = ("ueventd.rc:", *rules[0].lines, *rules[1].lines)
    assert fix == (*words, *ueventd, "device-tree/heaps.dtsi:", *tree, "/ {", "};")
    assert found.steps == tuple(line for line in fix if not line.endswith(":"))


def test_boards_share_findings_the_most_frequent_first() -> None:
    run = Run(
        boards=(
            board(verdict("x", FAIL, A), serial="1"),
            board(verdict("x", FAIL, B), serial="2"),
            board(verdict("x", WARN, B), serial="3"),
            board(verdict("x", PASS), serial="4"),
        ),
        tool="0",
        started=sample.STARTED,
    )
    first, second = shared_findings(run)
    assert (first.finding.cause, [one.serial for one in first.boards]) == (B, ["2", "3"])
    assert first.finding.outcome is FAIL
    assert [one.serial for one in second.boards] == ["1"]
    assert (
        str(run_headline(run, shared_findings(run)))
        == "2 of 4 boards can be used; 2 cannot yet. Fix first: B is off (2 boards)."
    )


def test_a_run_of_no_boards_is_no_success() -> None:
    assert str(run_headline(Run(boards=(), tool="0", started=sample.STARTED), ())) == "No board was judged."


def test_every_verdict_is_counted() -> None:
    assert list(tally(sample.verdicts()).values()) == [3, 2, 2, 39, 14]


def test_an_excerpt_keeps_both_ends_and_says_what_is_gone() -> None:
    assert excerpt("short", 100) == "short"
    text = excerpt("a" * 1000 + "z" * 1000, 100)
    assert text.startswith("a" * 75 + " [… 1,900 characters left out …] ")
    assert text.endswith("z" * 25)


def test_what_is_shown_of_a_plain_run_is_the_run() -> None:
    assert shown(sample.run()) == sample.run()


def test_a_long_list_is_cut_and_says_so() -> None:
    run = Run(boards=(board(verdict("x", FAIL, evidence=("e",) * 1000)),), tool="0", started=sample.STARTED)
    evidence = shown(run).boards[0].verdicts[0].evidence
    assert len(evidence) == 401
    assert evidence[-1] == "[… 600 more left out …]"


@pytest.mark.parametrize(
    ("identity", "name"),
    [({"Model": "A", "product": "b"}, "A"), ({"product": "b"}, "b"), ({"model": ""}, None), ({}, None)],
)
def test_a_board_is_called_what_it_calls_itself(identity: dict[str, str], name: str | None) -> None:
    assert model_of(BoardRun(serial="s", verdicts=(), identity=identity)) == name


class Noted(msgspec.Struct, frozen=True):
    """A document with a field of every kind that can hold text."""

    name: str
    count: int
    notes: Mapping[str, str]
    parts: tuple[tuple[str, float], ...] = ()
    inner: Noted | None = None


def test_every_text_is_shown_whatever_the_field_is_called() -> None:
    hostile = Noted("\x1b", 1, {"\x07": "\u202e"}, (("\x00", 1.0),), Noted("x", 2, {"y": "z" * 2_000}))
    assert shown(hostile) == Noted(
        "\\x1b",
        1,
        {"\\x07": "\\u202e"},
        (("\\x00", 1.0),),
        Noted("x", 2, {"y": excerpt("z" * 2_000, 1_000)}),
    )


def test_what_needs_no_change_is_the_same_object() -> None:
    board = sample.board()
    assert shown(board).verdicts is board.verdicts
    assert shown(board).requirements is board.requirements
