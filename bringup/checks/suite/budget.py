"""Do the heaps have enough memory for the streams that run at the same time?"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.enough_memory import enough_memory
from bringup.causes.known.memory import HEAP_OVER_BUDGET
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.budget import BudgetQuestion, budget_of_config, show_mib
from bringup.outcome import Outcome
from bringup.results.budget import BudgetFacts, HeapBudget, ScenarioBudget
from bringup.results.verdict import Verdict

_ORDER = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS)


@check(
    "heap.budget",
    "Each heap gives enough memory for the streams of the board config",
    asks="Adds up the buffers of the streams that the board config says run at the same time (scenarios), each "
    "aligned as the heap aligns it, and compares the sum plus a tenth with what the heap gave when it was used up, and "
    "the largest buffer with the largest that could be had. Fits without the tenth: only warns. Unknown where the heap "
    "was not used up.",
    why="Preview, recording and a still picture work one by one and fail together, in front of a user.",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: cma_heap_allocate; kernel/dma/Kconfig: "
    "CMA_ALIGNMENT",
    since="any",
)
def budget(question: Question, facts: Facts) -> Iterator[Verdict]:
    found = budget_of_config(facts)
    if found is None:
        why = "no board config says" if facts.config is None else f"{facts.config.name} does not say"
        yield question.skipped(f"{why} which streams there are")
        return
    for heap in found.heaps:
        yield _verdict(question.of(heap), heap, found, facts)


def _verdict(question: Question, heap: str, budget: BudgetFacts, facts: Facts) -> Verdict:
    """The verdict on the worst scenario of a heap; of equals the one that needs the most."""
    scenario, own = min(
        budget.of_heap(heap), key=lambda pair: (_ORDER.index(pair[1].outcome or Outcome.ERROR), -pair[1].area)
    )
    shown = _shown(scenario, own)
    if own.outcome is Outcome.PASS:
        return question.passed(*shown)
    if own.outcome is Outcome.ERROR:
        return question.unknown(own.reason, *shown)
    cause = HEAP_OVER_BUDGET.here(f"{heap} gives too little for {scenario.name}: {own.reason}")
    asked = BudgetQuestion((), facts=facts, config=facts.config)
    fixes = [fix for fix in enough_memory(asked, budget) if fix.heap == heap]
    words = [f"give {heap} a region of {show_mib(fixes[0].size)}" if fixes else _without_region(own)]
    changes = fixes[0].changes if fixes else ()
    if own.outcome is Outcome.WARN:
        return question.warned(*shown, cause=cause, remedy=words, changes=changes)
    return question.failed(*shown, cause=cause, remedy=words, changes=changes)


def _without_region(own: HeapBudget) -> str:
    """What to do where no larger region helps, or the heap has none."""
    if own.capacity is not None and own.region is not None and own.region <= (own.capacity.size or 0):
        return "the region is large enough: allocate the large buffers first, or make them smaller"
    return HEAP_OVER_BUDGET.fix[0]


def _shown(scenario: ScenarioBudget, own: HeapBudget) -> Iterator[str]:
    yield f"{scenario.name} ({', '.join(scenario.streams)}): {own.buffers} buffers, {show_mib(own.bytes)}"
    if own.is_contiguous:
        yield f"aligned to {show_mib(own.alignment)} at most they take {show_mib(own.area)}"
        yield f"largest buffer: {show_mib(own.largest)}"
    if own.reason:
        yield own.reason
    capacity = own.capacity
    if capacity is None:
        return
    if capacity.pinned:
        yield f"{show_mib(capacity.pinned)} were free and could not be had: pages there could not be moved"
    if own.is_contiguous and capacity.largest_fragmented is not None and own.largest > capacity.largest_fragmented:
        yield (
            f"with every second small buffer held, the largest was {show_mib(capacity.largest_fragmented)}: "
            "allocate the large buffers first"
        )
