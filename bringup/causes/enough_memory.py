"""The lines that give a heap enough memory for the streams of a board config."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.rendered_lines import Basis, basis_of, cma_parameter, device_tree
from bringup.config.schema import BoardConfig, DeclaredIn, Heap, HeapKind, Memory, Region
from bringup.facts.board import Facts
from bringup.facts.budget import BudgetQuestion, largest_need
from bringup.facts.memory.default_cma import area_of, cma_parameters
from bringup.facts.memory.reserved_memory import observed_nodes
from bringup.kernel.history.heap_names import default_cma_names
from bringup.outcome import Outcome
from bringup.results.budget import BudgetFacts, HeapFix

__all__ = ["ASSUMED_CELLS", "enough_memory"]

#: Cells of the device tree's root, where nothing shows them: those of a 64-bit board.
ASSUMED_CELLS = 2
_CMA = HeapKind.CMA
_ON_CMDLINE = "cma= on the kernel's command line"
_IN_TREE = "a reserved-memory node in the device tree"


def enough_memory(question: BudgetQuestion, budget: BudgetFacts) -> tuple[HeapFix, ...]:
    """Lines for each heap that has a region and does not pass; without a board, for each that has a region.

    None for a region that is as large already: its memory is there, and cannot be had in one run.
    """
    regions = largest_need(budget, [heap for heap in budget.heaps if _is_short(budget, heap)])
    larger = {heap: size for heap, size in regions.items() if size > _size(budget, heap)}
    return tuple(fix for heap, size in larger.items() for fix in _ways(question, heap, size))


def _size(budget: BudgetFacts, heap: str) -> int:
    """The area behind a heap in bytes; 0 where it is not known."""
    capacities = [own.capacity for _, own in budget.of_heap(heap) if own.capacity is not None]
    return max((capacity.size or 0 for capacity in capacities), default=0)


def _is_short(budget: BudgetFacts, heap: str) -> bool:
    outcomes = {own.outcome for _, own in budget.of_heap(heap)}
    return outcomes != {Outcome.PASS}


def _ways(question: BudgetQuestion, heap: str, size: int) -> Iterator[HeapFix]:
    """Where the region is declared today comes first; the default area can be made in either place."""
    known, basis = question.heap(heap), _basis(question)
    lines = {
        _ON_CMDLINE: cma_parameter(basis, size) if _may_be_default(question, heap) else (),
        _IN_TREE: device_tree(basis, _node(known, heap), _region(question, heap, size), known.kind if known else _CMA),
    }
    order = [_ON_CMDLINE, _IN_TREE] if _is_on_cmdline(question, known) else [_IN_TREE, _ON_CMDLINE]
    for title in order:
        if lines[title]:
            yield HeapFix(heap, size, title, lines[title])


def _basis(question: BudgetQuestion) -> Basis:
    if question.facts is not None:
        return basis_of(question.facts)
    config = question.config or BoardConfig(name="board", title="This board")
    memory = config.memory or Memory()
    cells = {
        "address_cells": memory.address_cells or ASSUMED_CELLS,
        "size_cells": memory.size_cells or ASSUMED_CELLS,
    }
    return Basis(config.model_copy(update={"memory": memory.model_copy(update=cells)}))


def _may_be_default(question: BudgetQuestion, heap: str) -> bool:
    """Whether ``cma=`` makes this heap's area: the default one, under whatever name."""
    known = question.heap(heap)
    if known is not None and known.region is not None:
        return known.kind is HeapKind.CMA and (known.region.default or known.region.declared_in is DeclaredIn.CMDLINE)
    stem = area_of(heap).partition("@")[0]
    return stem in default_cma_names() or stem == "linux,cma"


def _is_on_cmdline(question: BudgetQuestion, known: Heap | None) -> bool:
    """Whether the area is made on the command line: the board shows it, or its config says so."""
    if question.facts is not None and cma_parameters(question.facts):
        return True
    return known is not None and known.region is not None and known.region.declared_in is DeclaredIn.CMDLINE


def _node(known: Heap | None, heap: str) -> str:
    """The name of the node: without a fixed address it has no unit address."""
    if known is not None and known.region is not None and known.region.base is not None:
        return known.region.node_name or heap
    return heap.partition("@")[0]


def _region(question: BudgetQuestion, heap: str, size: int) -> Region:
    """The heap's region with another size, at the place that its config gives it, or where the kernel finds one."""
    known = question.heap(heap)
    region = known.region if known is not None else None
    is_cma = known is None or known.kind is HeapKind.CMA
    is_default = region.default if region is not None else _is_default_node(question.facts, heap)
    return Region(
        declared_in=DeclaredIn.DEVICE_TREE,
        size=size,
        base=region.base if region is not None else None,
        alignment=question.granule if region is None or region.base is None else None,
        alloc_ranges=region.alloc_ranges if region is not None else (),
        reusable=is_cma,
        no_map=region.no_map if region is not None else False,
        compatible=region.compatible if region is not None else None,
        default=is_cma and is_default,
    )


def _is_default_node(facts: Facts | None, heap: str) -> bool:
    nodes = observed_nodes(facts) if facts is not None else ()
    return any(node.name == heap and node.is_default for node in nodes) or heap.partition("@")[0] == "linux,cma"
