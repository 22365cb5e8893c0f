"""Why the kernel did not take a reserved-memory region, and how the node has to look."""

from __future__ import annotations

from bringup.causes import fix_lines as changes
from bringup.facts.board import Facts
from bringup.facts.region_rejections import Rejection, cma_alignment, extent, is_pool, node_text, reserved_nodes
from bringup.facts.reserved_memory import ReservedNode
from bringup.outcome import Cause
from bringup.results.verdict import Alternative, Diagnosis

__all__ = ["region_rejected"]

_TEXTS = {
    "cma.region-misaligned": "the kernel did not take a region that CMA's alignment does not allow",
    "cma.region-page-size": "the kernel did not take a region that is too finely placed for its page size",
    "cma.region-max-order": "the kernel's largest page order makes CMA's alignment larger than the region allows",
    "cma.region-cells": "a reserved-memory property has the wrong number of cells",
    "cma.region-does-not-fit": "there was no room for a reserved-memory region",
    "cma.region-overlap": "two reserved-memory regions overlap",
    "cma.region-count": "there are more reserved-memory regions or CMA areas than the kernel has room for",
    "cma.region-no-map": "a shared-dma-pool node says both no-map and reusable",
    "cma.region-not-reusable": "a shared-dma-pool node does not say reusable",
    "cma.region-rejected": "the kernel did not take a reserved-memory region",
}
_MOVE = ("move and enlarge the region to multiples of CMA's alignment; see that nothing else lies there",)
#: What to do, and whether the node can be mended from what it says itself.
_REMEDIES: dict[str, tuple[tuple[str, ...], bool]] = {
    "cma.region-misaligned": (_MOVE, True),
    "cma.region-page-size": (_MOVE, True),
    "cma.region-max-order": (("take ARCH_FORCE_MAX_ORDER out of the configuration: the default suits CMA",), False),
    "cma.region-cells": (("write sizes and alignments with as many cells as the root node's #*-cells say",), True),
    "cma.region-does-not-fit": (("make the region smaller, widen alloc-ranges, or give firmware less memory",), False),
    "cma.region-overlap": (("move one of the two regions that the kernel's line names",), False),
    "cma.region-count": (("merge regions, or raise CONFIG_CMA_AREAS",), False),
    "cma.region-no-map": (("take no-map out of the node: a CMA area is memory that the kernel lends out",), True),
    "cma.region-not-reusable": (("write reusable into the node",), True),
    "cma.region-rejected": (("mend the reserved-memory node that the kernel's line names",), False),
}  # fmt: skip


def region_rejected(facts: Facts, found: tuple[Rejection, ...]) -> Diagnosis:
    """What the kernel did not take, the most telling first; the others stand beside it."""
    first, *rest = found
    nodes = [one for one in (reserved_nodes(facts) or {}).values() if is_pool(one)]
    node = _blamed(facts, first, nodes)
    region = changes.within(facts, node) if node is not None else None
    name = node.name if node is not None else ""
    mended = changes.device_tree(facts, name, region) if node is not None and _REMEDIES[first.cause][1] else ()
    seen = (
        (node_text(node), f"CMA on this kernel: multiples of {cma_alignment(facts) or 0:#x}")
        if node is not None
        else ()
    )
    others = tuple(
        Alternative(
            Cause(one.cause, _TEXTS[one.cause]), f"the kernel says this, too: {one.lines[0]}", _REMEDIES[one.cause][0]
        )
        for one in rest
    )
    text = _TEXTS[first.cause] + (f": {node.name}" if node is not None else "")
    return Diagnosis(Cause(first.cause, text), (*first.lines[:8], *seen), _REMEDIES[first.cause][0], mended, others)


def _blamed(facts: Facts, found: Rejection, nodes: list[ReservedNode]) -> ReservedNode | None:
    """The node that the kernel means: the one it names, or the one that has this fault."""
    step = cma_alignment(facts)
    if found.cause in ("cma.region-misaligned", "cma.region-page-size") and step is not None:
        for one in nodes:
            base, size = extent(one)
            if base is not None and size is not None and (base | size) % step:
                return one
    if found.cause == "cma.region-no-map":
        return next((one for one in nodes if {"no-map", "reusable"} <= set(one.flags)), None)
    return next((one for one in nodes if any(one.name in line for line in found.lines)), None)
