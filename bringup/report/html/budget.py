"""The memory that streams need, beside what each heap gave: a row and a bar per scenario and heap."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.report.budget import layout
from bringup.results.budget import HeapBudget, StreamFacts
from bringup.results.run import BoardRun

__all__ = ["BUDGET_WIDTH", "BudgetRow", "BudgetView", "budget_view"]

#: Of a bar, in SVG units.
BUDGET_WIDTH = 160.0


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One scenario on one heap.

    :param need: the bar's length; ``margin``: of the part that is the margin; ``given``: where what the heap gave ends.
    """

    scenario: str
    heap: HeapBudget
    need: float
    margin: float
    given: float | None


@dataclass(frozen=True, slots=True)
class BudgetView:
    """Streams with their layout in words, and the rows."""

    streams: tuple[tuple[StreamFacts, str], ...]
    rows: tuple[BudgetRow, ...]
    margin: float


def budget_view(board: BoardRun) -> BudgetView | None:
    """What the page shows of a board's streams; ``None``: its config has none."""
    budget = board.budget
    if budget is None:
        return None
    pairs = [(scenario.name, own) for scenario in budget.scenarios for own in scenario.heaps]
    most = max((max(own.with_margin, own.capacity.held if own.capacity else 0) for _, own in pairs), default=0) or 1
    scale = BUDGET_WIDTH / most
    rows = tuple(
        BudgetRow(
            scenario,
            own,
            own.area * scale,
            (own.with_margin - own.area) * scale,
            own.capacity.held * scale if own.capacity is not None else None,
        )
        for scenario, own in pairs
    )
    return BudgetView(tuple((stream, layout(stream)) for stream in budget.streams), rows, budget.margin)
