"""Regions that the kernel rejected: what its log says about them, why, and the node that it would accept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as replace_in

from msgspec.structs import replace

from bringup.causes import fix_lines
from bringup.causes.area_not_activated import why_not_activated
from bringup.causes.heap_driver import without_cma
from bringup.causes.known.kernel import KCONFIG_CMA_OFF
from bringup.causes.known.known_cause import KnownCause
from bringup.causes.known.memory import (
    CMA_NOT_ACTIVATED,
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
    CMA_RESERVED_IGNORED,
    NO_MATCH,
)
from bringup.causes.no_room import outside_ram, pools_among, why_firmware_kept_out, why_no_room
from bringup.causes.rendered_lines import basis_of, device_tree
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.memory.cma_areas import cma_granule, largest_order, largest_order_line
from bringup.facts.memory.region_log import is_empty, names_in, pools_not_made
from bringup.facts.memory.reserved_memory import ReservedNode, observed_nodes, reserved_nodes
from bringup.kernel.history.cma_alignment import USUAL_LARGEST_ORDER
from bringup.results.verdict import Alternative, Diagnosis

__all__ = ["Rejection", "log_is_whole", "region_rejected", "rejections"]

#: The first line that a kernel logs.
_LOG_BEGINS = "Linux version "
#: What the kernel logs when cma= replaces a node (5.10 to 6.12; 7.2).
_REPLACED = ("using cmdline CMA params instead", 'in favor for "cma=" kernel param')
#: The causes that a line of the log shows, the more precise ones first. The wording of each is from
#: of_reserved_mem.c, kernel/dma/contiguous.c and coherent.c, mm/cma.c of Linux 5.10, 6.12 and 7.3.
_LOGGED = (
    CMA_RESERVED_IGNORED,
    CMA_REGION_MISALIGNED,
    CMA_REGION_CELLS,
    CMA_REGION_DOES_NOT_FIT,
    CMA_REGION_OVERLAP,
    CMA_REGION_COUNT,
    CMA_REGION_NO_MAP,
    CMA_REGION_NOT_REUSABLE,
    CMA_NOT_ACTIVATED,
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
    """Regions that the kernel rejected for one cause, and the log lines that show it.

    :param nodes: the nodes that the lines name; empty where they name none.
    :param harms: a pool is among them, or may be: then some heap or device goes without memory. Firmware's regions do
        not count.
    """

    cause: KnownCause
    lines: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    harms: bool = True


def log_is_whole(facts: Facts) -> bool:
    """Whether the kernel's log still holds what was logged at boot."""
    return any(_LOG_BEGINS in line for line in (facts.dmesg or ())[:40])


def rejections(facts: Facts) -> tuple[Rejection, ...]:
    """What the kernel rejected, by cause, what harms first; vague lines are added to the first precise cause.

    The kernel skips a node on purpose if cma= on the command line replaces it. It then logs that the node matched
    nothing, which is not a rejection (kernel/dma/contiguous.c: rmem_cma_setup). A node of size 0 has nothing to lose.
    """
    lines = facts.dmesg or ()
    is_replaced = any(words in line for line in lines for words in _REPLACED)
    found: dict[tuple[bool, KnownCause], tuple[list[str], list[str]]] = {}
    for number, line in enumerate(lines):
        cause = next((cause for cause in _LOGGED if any(words in line for words in cause.logged)), None)
        if cause is None or (is_replaced and NO_MATCH in line):
            continue
        # The line below an overlap names the two regions.
        shown = lines[number : number + 2] if cause is CMA_REGION_OVERLAP else (line,)
        nodes = names_in(shown) or (_coherent_pools(facts) if cause is CMA_REGION_NOT_REUSABLE else ())
        if nodes and all(is_empty(facts, name, line) for name in nodes):
            continue
        of_cause = found.setdefault((_harms(facts, cause, nodes), cause), ([], []))
        of_cause[0].extend(shown)
        of_cause[1].extend(nodes)
    harmful = {cause: lines for (harms, cause), lines in found.items() if harms}
    harmless = {cause: lines for (harms, cause), lines in found.items() if not harms}
    return (
        *_most_precise_first(facts, harmful),
        *(replace_in(other, harms=False) for other in _most_precise_first(facts, harmless)),
    )


def _coherent_pools(facts: Facts) -> tuple[str, ...]:
    """The pools of which 32-bit ARM says only that it has no such regions (kernel/dma/coherent.c: rmem_dma_setup)."""
    flags = {"reusable", "no-map"}
    return tuple(node.name for node in observed_nodes(facts) if node.is_pool and not flags & set(node.flags))


def _harms(facts: Facts, cause: KnownCause, names: tuple[str, ...]) -> bool:
    """Whether a pool may have lost its memory: one that a heap of the board config needs, or that says it is one."""
    if cause is CMA_REGION_COUNT and not names:
        return bool(pools_not_made(facts)) or not log_is_whole(facts)
    nodes = reserved_nodes(facts)
    if not names or nodes is None or cause is CMA_NOT_ACTIVATED:
        return True
    regions = ((heap, heap.region) for heap in (facts.config.heaps if facts.config else ()) if heap.region)
    needed = {region.node_name or heap.name for heap, region in regions}
    return any(name in needed or (name in nodes and nodes[name].is_for_buffers) for name in names)


def _most_precise_first(facts: Facts, by_cause: dict[KnownCause, tuple[list[str], list[str]]]) -> Iterator[Rejection]:
    vague, vague_nodes = by_cause.pop(CMA_REGION_REJECTED, ([], []))
    if vague and not by_cause:
        nodes = tuple(dict.fromkeys(vague_nodes))
        yield Rejection(_cause_in_tree(facts, nodes), tuple(vague), nodes)
    for cause in _LOGGED:
        if cause in by_cause:
            lines, nodes_named = by_cause[cause]
            nodes = tuple(dict.fromkeys((*nodes_named, *vague_nodes)))
            yield Rejection(_cause_on_kernel(facts, cause), (*lines, *vague), nodes)
            vague, vague_nodes = [], []


def _cause_on_kernel(facts: Facts, cause: KnownCause) -> KnownCause:
    """What makes a region misaligned, or leaves no room for it, on this kernel."""
    page = facts.page_size
    is_larger = (largest_order(facts) or 0) > USUAL_LARGEST_ORDER.get(page, 13)
    if is_larger and cause in (CMA_REGION_MISALIGNED, CMA_REGION_DOES_NOT_FIT):
        return CMA_REGION_MAX_ORDER
    return CMA_REGION_PAGE_SIZE if cause is CMA_REGION_MISALIGNED and page > 4096 else cause


def _cause_in_tree(facts: Facts, names: tuple[str, ...]) -> KnownCause:
    """Why no kind of region matched a node: the node may show it, else the kernel has no CMA for devices.

    rmem_cma_setup logs a line for each node that it rejects, except one with no-map or without reusable. So a node that
    is right and matched nothing was never shown to it (kernel/dma/contiguous.c of Linux 5.10, 6.12 and 7.3).
    """
    nodes = reserved_nodes(facts) or {}
    if any(node.is_pool and {"reusable", "no-map"} <= set(node.flags) for node in nodes.values()):
        return CMA_REGION_NO_MAP
    config, is_right = facts.kernel_config, any(name in nodes and nodes[name].is_cma for name in names)
    lacks_cma = not config.enabled("DMA_CMA") if config is not None else is_right and not facts.meminfo.get("CmaTotal")
    return KCONFIG_CMA_OFF if lacks_cma else CMA_REGION_REJECTED


def region_rejected(facts: Facts, rejected: tuple[Rejection, ...]) -> Diagnosis:
    """The diagnosis: the most precise rejection is the cause, the others are alternatives."""
    first, *others = rejected
    alternatives = tuple(
        Alternative(other.cause.here(), f"the kernel logs this, too: {other.lines[0]}", other.cause.fix)
        for other in others
    )
    return replace(_why(facts, first), alternatives=alternatives)


def _why(facts: Facts, rejection: Rejection) -> Diagnosis:
    cause, evidence = rejection.cause, rejection.lines[:8]
    node = _rejected_node(facts, rejection)
    if cause is KCONFIG_CMA_OFF:
        without = without_cma(facts)
        return replace(without, evidence=(*evidence, *without.evidence))
    if cause is CMA_NOT_ACTIVATED and (why := why_not_activated(facts)) is not None:
        return why
    if cause is CMA_REGION_DOES_NOT_FIT and not rejection.harms:
        return why_firmware_kept_out(facts, rejection.nodes, evidence)
    if not rejection.harms:
        of = f": {', '.join(rejection.nodes)}" if rejection.nodes else ""
        text = f"{cause.clause}{of}; {pools_among(facts, rejection.nodes)}"
        return Diagnosis(cause.here(text), evidence, cause.fix)
    if cause is CMA_REGION_COUNT:
        left_out = tuple(f"{name} was not made" for name in pools_not_made(facts))
        return Diagnosis(cause.here(), (*evidence, *left_out), cause.fix)
    if cause is CMA_REGION_DOES_NOT_FIT:
        return why_no_room(facts, node, evidence)
    if cause is CMA_REGION_MAX_ORDER and (line := largest_order_line(facts)) is not None:
        align = f"{line}: CMA's areas are multiples of {show_size(cma_granule(facts) or 0)} on this kernel"
        return Diagnosis(cause.here(), (*evidence, align), (f"drop {line}: the default suits CMA",))
    if node is None:
        return Diagnosis(cause.here(), evidence, cause.fix)
    if cause is CMA_REGION_REJECTED and (why := outside_ram(facts, node, evidence)) is not None:
        return why
    evidence = (*evidence, str(node), f"CMA on this kernel: multiples of {cma_granule(facts) or 0:#x}")
    region = fix_lines.aligned_region(facts, node) if cause in _FIXED_IN_NODE else None
    changes = device_tree(basis_of(facts), node.name, region)
    return Diagnosis(cause.here(f"{cause.clause}: {node.name}"), evidence, cause.fix, changes)


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
    return next((node for node in pools if node.name in rejection.nodes), None)
