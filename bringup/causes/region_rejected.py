"""Regions that the kernel rejected: what its log says about them, why, and the node that it would accept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bringup.causes import fix_lines
from bringup.causes.known.known_cause import KnownCause
from bringup.causes.known.memory import (
    CMA_REGION_CELLS,
    CMA_REGION_COUNT,
    CMA_REGION_DOES_NOT_FIT,
    CMA_REGION_MAX_ORDER,
    CMA_REGION_MISALIGNED,
    CMA_REGION_NO_MAP,
    CMA_REGION_NOT_REUSABLE,
    CMA_REGION_OVERLAP,
    CMA_REGION_PAGE_SIZE,
    CMA_REGION_REJECTED,
    NO_MATCH,
)
from bringup.facts.board import Facts
from bringup.facts.memory.cma_areas import cma_granule, largest_order
from bringup.facts.memory.reserved_memory import ReservedNode, reserved_nodes
from bringup.kernel.history.cma_alignment import USUAL_LARGEST_ORDER
from bringup.results.verdict import Alternative, Diagnosis

__all__ = ["Rejection", "log_is_whole", "region_rejected", "rejections"]

#: What the kernel logs when cma= replaces a node (5.10 to 6.12; 7.2).
_REPLACED = ("using cmdline CMA params instead", 'in favor for "cma=" kernel param')
#: The causes that a line of the log shows, the more precise ones first. The wording of each is from
#: of_reserved_mem.c, kernel/dma/contiguous.c and coherent.c, mm/cma.c of Linux 5.10, 6.12 and 7.3.
_LOGGED = (
    CMA_REGION_MISALIGNED,
    CMA_REGION_CELLS,
    CMA_REGION_DOES_NOT_FIT,
    CMA_REGION_OVERLAP,
    CMA_REGION_COUNT,
    CMA_REGION_NO_MAP,
    CMA_REGION_NOT_REUSABLE,
    CMA_REGION_REJECTED,
)
#: Causes that a change of the node itself can fix.
_FIXED_IN_NODE = (
    CMA_REGION_MISALIGNED,
    CMA_REGION_PAGE_SIZE,
    CMA_REGION_CELLS,
    CMA_REGION_NO_MAP,
    CMA_REGION_NOT_REUSABLE,
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A region that the kernel rejected: the cause, and the log lines that show it."""

    cause: KnownCause
    lines: tuple[str, ...]


def log_is_whole(facts: Facts) -> bool:
    """Whether the kernel's log still holds what was logged at boot."""
    return any("Linux version " in line for line in (facts.dmesg or ())[:40])


def rejections(facts: Facts) -> tuple[Rejection, ...]:
    """What the kernel rejected, by cause; vague lines are added to the first precise cause.

    The kernel skips a node on purpose if cma= on the command line replaces it. It then logs that the node matched
    nothing, which is not a rejection (kernel/dma/contiguous.c: rmem_cma_setup).
    """
    lines = facts.dmesg or ()
    is_replaced = any(words in line for line in lines for words in _REPLACED)
    by_cause: dict[KnownCause, list[str]] = {}
    for number, line in enumerate(lines):
        cause = next((cause for cause in _LOGGED if any(words in line for words in cause.logged)), None)
        if cause is None or (is_replaced and NO_MATCH in line):
            continue
        # The line below an overlap names the two regions.
        shown = lines[number : number + 2] if cause is CMA_REGION_OVERLAP else (line,)
        by_cause.setdefault(cause, []).extend(shown)
    return tuple(_most_precise_first(facts, by_cause))


def _most_precise_first(facts: Facts, by_cause: dict[KnownCause, list[str]]) -> Iterator[Rejection]:
    vague = tuple(by_cause.pop(CMA_REGION_REJECTED, ()))
    if vague and not by_cause:
        yield Rejection(_cause_in_tree(facts), vague)
    for cause in _LOGGED:
        if cause in by_cause:
            yield Rejection(_cause_on_kernel(facts, cause), (*by_cause[cause], *vague))
            vague = ()


def _cause_on_kernel(facts: Facts, cause: KnownCause) -> KnownCause:
    """What makes a region misaligned, or leaves no room for it, on this kernel."""
    page = facts.page_size
    is_larger = (largest_order(facts) or 0) > USUAL_LARGEST_ORDER.get(page, 13)
    if is_larger and cause in (CMA_REGION_MISALIGNED, CMA_REGION_DOES_NOT_FIT):
        return CMA_REGION_MAX_ORDER
    return CMA_REGION_PAGE_SIZE if cause is CMA_REGION_MISALIGNED and page > 4096 else cause


def _cause_in_tree(facts: Facts) -> KnownCause:
    """Why no kind of region matched a node: the node itself may show it."""
    nodes = (reserved_nodes(facts) or {}).values()
    is_both = any(node.is_pool and {"reusable", "no-map"} <= set(node.flags) for node in nodes)
    return CMA_REGION_NO_MAP if is_both else CMA_REGION_REJECTED


def region_rejected(facts: Facts, rejected: tuple[Rejection, ...]) -> Diagnosis:
    """The diagnosis: the most precise rejection is the cause, the others are alternatives."""
    first, *others = rejected
    node = _rejected_node(facts, first)
    alternatives = tuple(
        Alternative(other.cause.here(), f"the kernel logs this, too: {other.lines[0]}", other.cause.fix)
        for other in others
    )
    evidence = first.lines[:8]
    if node is None:
        return Diagnosis(first.cause.here(), evidence, first.cause.fix, alternatives=alternatives)
    evidence = (*evidence, str(node), f"CMA on this kernel: multiples of {cma_granule(facts) or 0:#x}")
    cause = first.cause.here(f"{first.cause.clause}: {node.name}")
    region = fix_lines.aligned_region(facts, node) if first.cause in _FIXED_IN_NODE else None
    changes = fix_lines.device_tree(facts, node.name, region)
    return Diagnosis(cause, evidence, first.cause.fix, changes, alternatives)


def _rejected_node(facts: Facts, rejection: Rejection) -> ReservedNode | None:
    """The node that the kernel rejected: the one that its log names, or the one that has this fault."""
    pools = [node for node in (reserved_nodes(facts) or {}).values() if node.is_pool]
    granule = cma_granule(facts)
    if rejection.cause in (CMA_REGION_MISALIGNED, CMA_REGION_PAGE_SIZE) and granule is not None:
        for node in pools:
            base, size = node.extent
            if base is not None and size is not None and (base | size) % granule:
                return node
    if rejection.cause is CMA_REGION_NO_MAP:
        return next((node for node in pools if {"no-map", "reusable"} <= set(node.flags)), None)
    return next((node for node in pools if any(node.name in line for line in rejection.lines)), None)
