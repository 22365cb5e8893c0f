"""What is damaged, or a fault of bringup, costs the answer that needed it, and no other. Scripted: no check is known to fail so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from bringup.checks.judge import judge
from bringup.checks.registry import Check, Question, checks
from bringup.errors import RecordError
from bringup.facts.board import Facts
from bringup.outcome import Outcome
from bringup.results.verdict import Verdict
from tests.support.scripted_facts import facts
from tests.support.scripted_record import ScriptedBoard

FAULT = "a fault of bringup, please report it: KeyError: 'no such field'"
DAMAGED = RecordError("read the record x", "line 3 is cut off")


def raising(error: Exception) -> object:
    def make(*_: object) -> NoReturn:
        raise error

    return make


@pytest.mark.parametrize(
    ("error", "reason"), [(KeyError("no such field"), FAULT), (DAMAGED, str(DAMAGED))], ids=["fault", "damaged"]
)
def test_a_check_that_fails_is_its_own_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, reason: str
) -> None:
    known = facts(ScriptedBoard(), tmp_path)
    healthy = judge(known).verdicts

    def fails(question: Question, _: Facts) -> Iterator[Verdict]:
        yield question.passed("seen before it failed")
        raise error

    broken = Check("x.fails", "X holds", "Asks.", "Why.", "this test", fails)
    others = checks()
    monkeypatch.setattr("bringup.checks.judge.checks", lambda: (broken, *others))
    before, failed, *rest = judge(known).verdicts
    assert (before.outcome, failed.id, failed.outcome, failed.reason) == (
        Outcome.PASS,
        "x.fails",
        Outcome.ERROR,
        reason,
    )
    assert tuple(rest) == healthy


@pytest.mark.parametrize("error", [KeyError("no such field"), DAMAGED], ids=["fault", "damaged"])
def test_a_part_that_cannot_be_made_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    """A damaged record is what a check of its own says; a fault of bringup is said here."""
    known = facts(ScriptedBoard(), tmp_path)
    healthy = judge(known)
    monkeypatch.setattr("bringup.checks.judge.memory_facts", raising(error))
    board = judge(known)
    assert healthy.memory is not None
    assert board.memory is None
    assert board.heaps == healthy.heaps
    said = board.verdicts[len(healthy.verdicts) :]
    assert [(verdict.outcome, verdict.reason) for verdict in said] == (
        [] if error is DAMAGED else [(Outcome.ERROR, FAULT)]
    )


@pytest.mark.parametrize(
    ("error", "reason"), [(KeyError("no such field"), FAULT), (DAMAGED, str(DAMAGED))], ids=["fault", "damaged"]
)
def test_what_is_upstream_is_not_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, reason: str
) -> None:
    monkeypatch.setattr("bringup.checks.judge.gap_of_board", raising(error))
    gap = judge(facts(ScriptedBoard(), tmp_path)).upstream_gap
    assert gap is not None
    assert gap.not_known == (reason,)
