"""A budget of memory for the terminal: streams, scenarios beside what heaps could give, and the lines that fix it."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.report import units
from bringup.results.budget import Budget, BudgetFacts, HeapBudget, HeapFix, ScenarioBudget, StreamFacts

__all__ = ["fix_lines", "scenario_rows", "stream_rows", "sums"]

Cells = tuple[str, ...]


def stream_rows(budget: BudgetFacts) -> Iterator[Cells]:
    """Per stream: name, heap, frames, layout, bytes of a frame's buffers, bytes of all."""
    for stream in budget.streams:
        each = " + ".join(map(units.size, stream.buffers))
        yield stream.name, stream.heap, str(stream.frames), layout(stream), each, units.size(stream.bytes)


def layout(stream: StreamFacts) -> str:
    """``1920x1080 NV12 (venus): stride 1920, 1088 lines``; a buffer without a frame: its size."""
    if stream.format is None:
        return "no frame"
    first = stream.planes[0]
    rules = "" if stream.rules == "packed" else f" ({stream.rules})"
    size = f"{stream.width}x{stream.height} {stream.format}{rules}"
    return f"{size}: stride {first.stride}, {first.lines} lines"


def scenario_rows(budget: BudgetFacts) -> Iterator[Cells]:
    """Per scenario and heap: outcome, scenario, heap, buffers, need, largest buffer, what was measured, why."""
    for scenario in budget.scenarios:
        for own in scenario.heaps:
            yield (
                own.outcome.value if own.outcome is not None else "",
                scenario.name,
                own.heap,
                str(own.buffers),
                units.size(own.area),
                units.size(own.largest) if own.is_contiguous else "any page",
                given(own),
                own.reason,
            )


def given(own: HeapBudget) -> str:
    """What the heap gave when it was used up; empty where that was not measured."""
    capacity = own.capacity
    if capacity is None:
        return ""
    run = f", at once {units.size(capacity.largest)}" if capacity.largest is not None else ""
    return f"{units.size(capacity.held)}{run}"


def sums(scenario: ScenarioBudget, margin: float) -> Iterator[str]:
    """One sentence per heap of a scenario: how the need is made up, and the region that is enough."""
    for own in scenario.heaps:
        need = f"{own.buffers} buffers take {units.size(own.bytes)}"
        if own.is_contiguous:
            need += f", aligned to {units.size(own.alignment)} {units.size(own.area)}"
        need += f", with {margin:.0%} margin {units.size(own.with_margin)}"
        region = f"; a region of {units.size(own.region)} is enough" if own.region is not None else ""
        yield f"{scenario.name}: {own.heap}: {need}{region}"


def fix_lines(budget: Budget) -> Iterator[str]:
    """The lines that give enough, each way under its title; any one way for a heap is enough."""
    for fix in budget.fixes:
        yield f"{fix.heap}: {units.size(fix.size)} by {fix.title}:"
        yield from _lines(fix)


def _lines(fix: HeapFix) -> Iterator[str]:
    for change in fix.changes:
        yield f"  {change.file}:"
        yield from (f"    {line}" for line in change.lines)
