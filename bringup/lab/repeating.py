"""Boards that failed, observed again so many times at most: the first answer stays, and is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from bringup.outcome import Outcome
from bringup.results.run import BoardRun
from bringup.results.verdict import Repeats, Verdict, worst_answers

__all__ = ["REPEATS", "repeat_failed"]

#: Where the records of the repeats are in the run's folder; hidden, for every other folder there is a board's record.
REPEATS = ".repeats"


def repeat_failed(first: BoardRun, most: int, again: Callable[[int], BoardRun | None]) -> BoardRun:
    """The same verdicts, each that failed with how often it was asked and what came of it.

    :param again: observe and judge the board once more; ``None``: it could not be observed to its end. Then it is not
        asked any more: what is lost does not get better by being tested.
    """
    if not any(verdict.outcome is Outcome.FAIL for verdict in first.verdicts):
        return first
    runs = [first]
    for number in range(1, most + 1):
        board = again(number)
        if board is None:
            break
        runs.append(board)
    if len(runs) == 1:
        return first
    answers = [worst_answers(board.verdicts) for board in runs]
    return msgspec.structs.replace(first, verdicts=tuple(_counted(verdict, answers) for verdict in first.verdicts))


def _counted(verdict: Verdict, answers: Sequence[dict[tuple[str, str | None], Outcome]]) -> Verdict:
    if verdict.outcome is not Outcome.FAIL:
        return verdict
    counts = Counter(answer.get((verdict.id, verdict.heap), Outcome.SKIP).value for answer in answers)
    repeats = Repeats(is_flaky=counts["pass"] + counts["warn"] > 0, outcomes=dict(sorted(counts.items())))
    words = ", ".join(f"{outcome} {count}" for outcome, count in repeats.outcomes.items())
    evidence = f"asked {len(answers)} times: {words}{': flaky' if repeats.is_flaky else ''}"
    return msgspec.structs.replace(verdict, evidence=(*verdict.evidence, evidence), repeats=repeats)
