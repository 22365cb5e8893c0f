"""The history as a page: per board a strip of outcomes per check, and its timings over runs."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.compare.history import BoardHistory, CheckHistory, History
from bringup.document import write_in_rows
from bringup.outcome import Outcome
from bringup.report.history.chart import HEIGHT, WIDTH, TimingOverRuns, timing_over_runs
from bringup.report.history.story import State, by_state, sentence, span
from bringup.report.html.shell import render_sheet

__all__ = ["render"]

_LOOKS = {
    State.FAILS: "fail",
    State.FLAKY: "warn",
    State.UNKNOWN: "error",
    State.FIXED: "pass",
    State.CHANGED: "warn",
    State.STEADY: "skip",
}
#: Of one board, so that a page of many boards stays one that a browser opens at once.
_CHECKS, _STRIP, _CHARTS = 200, 60, 24


@dataclass(frozen=True, slots=True)
class _Row:
    check: CheckHistory
    state: State
    look: str
    since: str
    strip: tuple[tuple[int, Outcome], ...]


@dataclass(frozen=True, slots=True)
class _Board:
    """One board as the page shows it."""

    history: BoardHistory
    span: str
    rows: tuple[_Row, ...]
    left_out: int
    steady: int
    charts: tuple[TimingOverRuns, ...]
    charts_left_out: int


def render(history: History) -> str:
    """The page as text."""
    boards = [_board(board) for board in history.boards]
    context = {
        "history": history,
        "boards": boards,
        "failing": sum(row.state is State.FAILS for board in boards for row in board.rows),
        "flaky": sum(row.state is State.FLAKY for board in boards for row in board.rows),
        "strip": _STRIP,
        "chart_width": WIDTH,
        "chart_height": HEIGHT,
        "parts": [(f"board-{number}", board.history.board) for number, board in enumerate(boards, 1)],
    }
    return render_sheet("history.html.j2", write_in_rows(history, "boards"), context)


def _board(board: BoardHistory) -> _Board:
    rows = by_state(board)
    drawn = [timing for timing in board.timings if len(timing.points) > 1]
    return _Board(
        board,
        span(board.runs),
        tuple(
            _Row(check, state, _LOOKS[state], sentence(check, board.runs), _strip(check))
            for state, check in rows[:_CHECKS]
        ),
        max(0, len(rows) - _CHECKS),
        len(board.checks) - len(rows),
        tuple(timing_over_runs(timing, len(board.runs)) for timing in drawn[:_CHARTS]),
        max(0, len(drawn) - _CHARTS),
    )


def _strip(check: CheckHistory) -> tuple[tuple[int, Outcome], ...]:
    """(place, outcome) of the last runs that asked."""
    last = check.outcomes[-_STRIP:]
    return tuple((place, outcome) for place, outcome in enumerate(last) if outcome is not None)
