"""Boards that failed are observed again: the first answer stays, and how often it came is counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bringup.board import Board
from bringup.document import write_document
from bringup.errors import BoardLost, HostError
from bringup.lab.repeating import REPEATS
from bringup.lab.run import Job, run_boards
from bringup.outcome import Outcome
from bringup.record.observe import Observation
from bringup.results.run import BoardRun
from bringup.results.verdict import Verdict
from tests.support.lying_board import BYE, HELLO, LyingBoard, encoded

NODE: dict[str, Any] = {"t": "node", "path": "/dev/dma_heap/system", "state": "ok", "errno": 0, "mode": 0o666}
GOOD = NODE | {"uid": 0, "gid": 0}
HEAPS = "heap.folder"


def answer(*lines: dict[str, Any]) -> bytes:
    return encoded(HELLO, *lines, BYE | {"lines": len(lines) + 1})


@dataclass(eq=False)
class ChangingBoard(LyingBoard):
    """Answers something else each time; the last of it for ever."""

    answers: list[bytes | Exception] = field(default_factory=list)

    def stream(self, *arguments: object, **more: object) -> Any:
        self.answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return super().stream(*arguments, **more)


def run_of(folder: Path, answers: Sequence[bytes | Exception], repeats: int) -> BoardRun:
    board = cast("Board", ChangingBoard(answers=list(answers)))
    run, _ = run_boards([board], Job(folder, how=Observation(rounds=0), repeats=repeats))
    return run.boards[0]


def verdict_on(board: BoardRun) -> Verdict:
    return next(verdict for verdict in board.verdicts if verdict.id == HEAPS)


def folder_of_heaps(*heaps: dict[str, Any]) -> bytes:
    found = {"state": "ok" if heaps else "missing", "errno": 0, "truncated": False}
    folder = {"t": "glob", "pattern": "/dev/dma_heap", "count": int(bool(heaps))} | found
    there = [GOOD | {"path": "/dev/dma_heap", "mode": 0o755}] if heaps else []
    return answer(*there, *heaps, folder, {"t": "glob", "pattern": "/dev/dma_heap/*", "count": len(heaps)} | found)


NO_HEAPS = folder_of_heaps()
HAS_HEAPS = folder_of_heaps(GOOD)


def test_the_first_answer_stays_and_a_flaky_one_is_counted(tmp_path: Path) -> None:
    verdict = verdict_on(run_of(tmp_path, [NO_HEAPS, HAS_HEAPS, NO_HEAPS], 2))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.repeats is not None
    assert verdict.repeats.is_flaky
    assert verdict.repeats.outcomes == {"fail": 2, "pass": 1}
    assert verdict.evidence[-1] == "asked 3 times: fail 2, pass 1: flaky"
    assert json.loads(write_document(verdict))["repeats"] == {"is_flaky": True, "outcomes": {"fail": 2, "pass": 1}}
    assert len(list((tmp_path / REPEATS).iterdir())) == 2


def test_what_fails_each_time_is_not_flaky(tmp_path: Path) -> None:
    verdict = verdict_on(run_of(tmp_path, [NO_HEAPS], 3))
    assert verdict.repeats is not None
    assert (verdict.repeats.is_flaky, dict(verdict.repeats.outcomes)) == (False, {"fail": 4})


def test_a_board_that_is_lost_is_not_asked_any_more(tmp_path: Path) -> None:
    """The circuit breaker: of 9 repeats the second was not finished."""
    board = run_of(tmp_path, [NO_HEAPS, NO_HEAPS, BoardLost("observe", "it is gone"), HAS_HEAPS], 9)
    verdict = verdict_on(board)
    assert verdict.repeats is not None
    assert dict(verdict.repeats.outcomes) == {"fail": 2}
    assert len(list((tmp_path / REPEATS).iterdir())) == 2
    assert board.record == "lying"


def test_what_goes_wrong_in_a_repeat_hides_nothing(tmp_path: Path) -> None:
    board = run_of(tmp_path, [NO_HEAPS, HostError("write the record", "No space left on device")], 3)
    assert verdict_on(board).outcome is Outcome.FAIL
    assert verdict_on(board).repeats is None


def test_a_fault_of_ours_in_a_repeat_hides_nothing(tmp_path: Path) -> None:
    board = run_of(tmp_path, [NO_HEAPS, ZeroDivisionError("made up")], 3)
    assert verdict_on(board).outcome is Outcome.FAIL


def test_without_a_failure_or_without_being_asked_nothing_is_repeated(tmp_path: Path) -> None:
    assert verdict_on(run_of(tmp_path / "a", [NO_HEAPS, HAS_HEAPS], 0)).repeats is None
    lost = run_of(tmp_path / "b", [BoardLost("observe", "it is gone")], 3)
    assert not [verdict for verdict in lost.verdicts if verdict.repeats]
    assert not list(tmp_path.rglob(REPEATS))
