"""The verdicts of a run, as SARIF and annotations take them."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.report.bounded import shown
from bringup.report.judged import Judged
from bringup.results.run import Run

__all__ = ["judged"]


def judged(run: Run) -> Iterator[Judged]:
    """Every verdict of every board; a board of which nothing was judged is one that is not known."""
    for board in shown(run).boards:
        for verdict in board.verdicts:
            cause = (f"cause: {verdict.cause.text} ({verdict.cause.id})",) if verdict.cause else ()
            lines = (*verdict.evidence, *cause, *((verdict.reason,) if verdict.reason else ()))
            yield Judged(verdict.id, verdict.title, verdict.outcome, verdict.heap, lines, verdict.advice, board.serial)
        if not board.verdicts:
            yield Judged("board", "Nothing was judged", board.outcome, None, (), (), board.serial)
