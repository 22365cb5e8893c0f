"""The history on a terminal: per board what fails, since when, and what comes and goes."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bringup.compare.history import BoardHistory, CheckHistory, History
from bringup.report import units
from bringup.report.history.story import MARKS, State, by_state, sentence, span
from bringup.text import pluralize, visible

__all__ = ["summary"]

_STYLES = {
    State.FAILS: "bold red",
    State.FLAKY: "bold yellow",
    State.UNKNOWN: "bold magenta",
    State.FIXED: "green",
    State.CHANGED: "yellow",
    State.STEADY: "dim",
}
_LEGEND = ". pass   w warn   F fail   ? unknown   s skipped; oldest first, one per run"
_ROWS, _MARKS, _TIMINGS = 40, 40, 12


def summary(history: History, *, every_check: bool = False) -> RenderableType:
    """Each board: the checks that changed or fail, worst first.

    :param every_check: those that always passed, too.
    """
    if not history.boards:
        return Text(f"{pluralize(history.runs, 'run')} in the history, none of them is what you ask for")
    lines: list[RenderableType] = []
    for board in history.boards:
        lines += [*_board(board, every_check=every_check), Text()]
    return Group(*lines, Text(_LEGEND, "dim"))


def _board(board: BoardHistory, *, every_check: bool) -> Iterator[RenderableType]:
    yield Text.assemble((visible(board.board), "bold"), f": {visible(span(board.runs))}")
    rows = by_state(board)
    steady = len(board.checks) - len(rows)
    if every_check:
        seen = {id(check) for _, check in rows}
        rows += [(State.STEADY, check) for check in board.checks if id(check) not in seen]
    shown = rows if every_check else rows[:_ROWS]
    if shown:
        yield _table(board, shown)
    if len(rows) > len(shown):
        yield Text(f"  … and {pluralize(len(rows) - len(shown), 'more check')}: --all or --json has them", "dim")
    if steady and not every_check:
        yield Text(f"  {pluralize(steady, 'check')} passed or did not apply, each time the same", "dim")
    yield from _timings(board)


def _table(board: BoardHistory, rows: list[tuple[State, CheckHistory]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for state, check in rows:
        name = f"{check.id} {check.heap}" if check.heap else check.id
        marks = "".join(MARKS[outcome] for outcome in check.outcomes)
        more = "…" if len(marks) > _MARKS else ""
        table.add_row(Text(f"  {state.value}", _STYLES[state]), Text(visible(name)), Text(more + marks[-_MARKS:]))
        since = sentence(check, board.runs)
        if since:
            table.add_row("", Text(visible(since), "dim"), "")
    return table


def _timings(board: BoardHistory) -> Iterator[RenderableType]:
    repeated = [timing for timing in board.timings if len(timing.points) > 1 and timing.op in ("alloc", "free")]
    for timing in repeated[:_TIMINGS]:
        first, last = timing.points[0], timing.points[-1]
        band = f"noise band {units.duration(last.low)} to {units.duration(last.high)}"
        yield Text(
            f"  {visible(timing.source)} {units.size(timing.size)} {visible(timing.op)}:"
            f" {units.duration(first.p50)} → {units.duration(last.p50)} ({band}, {len(timing.points)} runs)"
        )
    if len(repeated) > _TIMINGS:
        yield Text(f"  … and {pluralize(len(repeated) - _TIMINGS, 'more timing')}: --html FILE draws them", "dim")
