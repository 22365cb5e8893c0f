"""Why a heap is not there: the first broken link in a chain of needs, with the evidence of the links before it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from bringup.causes import fix_lines
from bringup.causes.heap_driver import Link, driver_built, framework_built, has_cma, in_mainline, is_new_enough
from bringup.causes.heap_registered import names_of, why_area_has_no_heap, why_no_node
from bringup.causes.known.kernel import HEAP_NO_UNCACHED
from bringup.causes.known.memory import (
    CMA_DEFAULT_ONLY,
    CMA_NO_REGION,
    CMA_REGION_NO_MAP,
    CMA_REGION_NOT_REUSABLE,
    CMA_SIZE_ZERO,
)
from bringup.causes.known.nodes import HEAP_RENAMED
from bringup.causes.region_rejected import log_is_whole, region_rejected, rejections
from bringup.causes.rendered_lines import basis_of, cma_parameter, device_tree
from bringup.config.schema import DeclaredIn, Heap, HeapKind
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.memory.default_cma import area_of, cma_parameters, default_names
from bringup.facts.memory.reserved_memory import observed_nodes, reserved_nodes
from bringup.kernel.history.heap_names import renamed_protected
from bringup.outcome import Outcome
from bringup.results.verdict import Change, Diagnosis

__all__ = ["why_absent", "why_not_reserved"]

MIB = 1024 * 1024


def why_absent(facts: Facts, kind: HeapKind, heap: Heap | None = None) -> Diagnosis:
    """Why there is no node for a heap of this kind.

    :param heap: what the board config says about it.
    """
    links: list[Callable[[], Link]] = [
        lambda: why_no_node(facts, names_of(facts, kind, heap)),
        lambda: is_new_enough(facts),
        lambda: framework_built(facts, kind, heap),
    ]
    if kind is HeapKind.CMA:
        links.append(lambda: has_cma(facts))
    links.append(lambda: driver_built(facts, kind, heap))
    if kind is HeapKind.CMA:
        # cma= replaces the device tree's node, so with it the name is the first link. Without it the name follows
        # from the node, and a node that is missing or rejected is the link before it.
        by_name = lambda: _name(facts, heap)  # noqa: E731 - one of the links
        by_tree = [lambda: _tree(facts, heap), lambda: _not_rejected(facts, heap)]
        links += [by_name, *by_tree] if cma_parameters(facts) else [*by_tree, by_name]
        links.append(lambda: _area(facts, heap))
    links.append(lambda: _other_spelling(facts, heap))
    links.append(lambda: in_mainline(facts, kind, heap))
    intact: list[str] = []
    for link in links:
        result = link()
        if isinstance(result, Diagnosis):
            return replace(result, evidence=(*intact, *result.evidence))
        if result is not None:
            intact.append(result)
    return Diagnosis(evidence=tuple(intact))


def why_not_reserved(facts: Facts, heap: Heap) -> Diagnosis | None:
    """Why a heap's region is not in CMA; ``None`` if, as far as known, it is in the tree and was not rejected."""
    links = (_tree(facts, heap), _not_rejected(facts, heap))
    return next((link for link in links if isinstance(link, Diagnosis)), None)


# -- contiguous memory -----------------------------------------------------------------------------------------------


def _is_default(heap: Heap | None) -> bool:
    return heap is None or heap.region is None or heap.region.default


def _name(facts: Facts, heap: Heap | None) -> Link:
    """The default CMA area's heap may be there under another of its names."""
    if heap is None or not _is_default(heap):
        return None
    if area_of(heap.name) != heap.name and area_of(heap.name) in (facts.heap_nodes or {}):
        text = f"{heap.name} is in no mainline kernel: only vendors' kernels had a second, uncached heap of a CMA area"
        seen = f"{HEAP_FOLDER}/{area_of(heap.name)} is there, and is cached"
        words = (f"use {area_of(heap.name)} and DMA_BUF_IOCTL_SYNC around CPU access, or port the uncached heap",)
        return Diagnosis(HEAP_NO_UNCACHED.here(text), (seen,), words)
    there = [name for name in facts.heap_nodes or () if name in default_names(facts)]
    if not there or any(name in there for name in heap.names_on(facts.version.release if facts.version else None)):
        return None
    given = cma_parameters(facts)
    why = f"{given[-1]} replaces the device tree's pool" if given else "this kernel uses that name"
    cause = HEAP_RENAMED.here(f"the default CMA heap is called {', '.join(there)} here: {why}")
    remedy = [f"name {there[0]} in the heap map and in ueventd.rc instead of {heap.name}"]
    if given:
        every = " and ".join(given)
        remedy.insert(0, f"drop {every} from the kernel command line to use the device tree's pool and name again")
        remedy[1] = f"or {remedy[1]}"
    evidence = [f"/dev/dma_heap/{name} is there" for name in there]
    return Diagnosis(cause, (*evidence, *given), tuple(remedy), _keeps_the_name(facts))


def _other_spelling(facts: Facts, heap: Heap | None) -> Link:
    """A TEE heap may be there under the name that it has in other trees: protected,NAME or restricted,NAME."""
    name = renamed_protected(heap.name) if heap is not None else None
    if heap is None or name is None or name not in (facts.heap_nodes or ()):
        return None
    cause = HEAP_RENAMED.here(f"the protected heap {heap.name} is called {name} here")
    remedy = (f"name {name} instead of {heap.name}, or both: mainline has protected,NAME, older trees restricted,NAME",)
    return Diagnosis(cause, (f"/dev/dma_heap/{name} is there",), remedy)


def _keeps_the_name(facts: Facts) -> tuple[Change, ...]:
    """6.17 and 6.18 can keep the old name beside the new one (drivers/dma-buf/heaps/Kconfig there)."""
    answer = facts.kconfig.get("heaps.cma-legacy-name")
    unmet = answer is not None and answer.outcome in (Outcome.FAIL, Outcome.WARN)
    return fix_lines.split_kconfig(answer.remedy)[1] if answer is not None and unmet else ()


def _tree(facts: Facts, heap: Heap | None) -> Link:
    """The device tree that the board booted with may lack the node, or have one that makes no CMA area."""
    if heap is None or heap.region is None or heap.region.declared_in is not DeclaredIn.DEVICE_TREE:
        return None
    nodes = reserved_nodes(facts)
    if nodes is None:
        return None
    name = heap.region.node_name or heap.name
    default = (node for node in nodes.values() if heap.region.default and node.is_default)
    node = nodes.get(name) or next(default, None)
    lines = device_tree(basis_of(facts), name, heap.region)
    if node is None or not node.is_enabled:
        seen = ", ".join(sorted(nodes)) or "no node"
        evidence = (f"{node}, disabled",) if node is not None else (f"/reserved-memory has no {name}: {seen}",)
        cause = CMA_NO_REGION.here(f"the device tree that the board booted with has no node {name}")
        remedy = ("check that the overlay or .dts with this node is in the image that the boot loader uses",)
        return Diagnosis(cause, evidence, remedy, lines)
    if node.is_pool and not node.is_cma:
        known = CMA_REGION_NO_MAP if "no-map" in node.flags else CMA_REGION_NOT_REUSABLE
        why = "says no-map" if "no-map" in node.flags else "does not say reusable"
        cause = known.here(f"{node.name} {why}, so the kernel makes no CMA area and no heap from it")
        lines = lines or device_tree(basis_of(facts), node.name, fix_lines.aligned_region(facts, node))
        return Diagnosis(cause, (str(node),), ("add reusable to the node, and remove no-map",), lines)
    return str(node)


def _not_rejected(facts: Facts, heap: Heap | None) -> Link:
    """The kernel may have rejected the region of this heap, or one that no line of its log names."""
    region = heap.region if heap is not None else None
    name = (region.node_name if region is not None else None) or (heap.name if heap is not None else "")
    own = {name, *default_names(facts)} if _is_default(heap) else {name}
    if rejected := tuple(one for one in rejections(facts) if one.harms and (not one.nodes or own & set(one.nodes))):
        return region_rejected(facts, rejected)
    if facts.dmesg is None or not log_is_whole(facts):
        return None
    return f"none of {len(facts.dmesg)} lines of the kernel's log rejects its region"


def _area(facts: Facts, heap: Heap | None) -> Link:
    """There may be no CMA area at all, or only the default area may have a heap."""
    total = facts.meminfo.get("CmaTotal")
    if total is None:
        return None
    if total > 0:
        of_own = None if heap is None or _is_default(heap) else why_area_has_no_heap(facts, heap, log_is_whole(facts))
        return _default_only(facts, heap) or of_own or f"CmaTotal: {total // 1024} kB"
    evidence = ["CmaTotal: 0 kB"]
    parameter, config = (cma_parameters(facts) or (None,))[-1], facts.kernel_config
    if parameter:
        evidence.append(parameter)
    elif config is not None and config.get("CMA_SIZE_MBYTES") is not None:
        evidence.append(config.line("CMA_SIZE_MBYTES"))
    cause = CMA_SIZE_ZERO.here()
    if parameter:
        return Diagnosis(cause, tuple(evidence), (f"drop {parameter} from the kernel command line, or give it a size",))
    region = heap.region if heap is not None else None
    if region is not None and region.declared_in is DeclaredIn.DEVICE_TREE:
        lines = device_tree(basis_of(facts), region.node_name or heap.name if heap else "", region)
    else:
        size = (region.size if region is not None else None) or 64 * MIB
        lines = cma_parameter(basis_of(facts), size)
    words = ("reserve one: a linux,cma-default node under /reserved-memory, cma=SIZE, or CONFIG_CMA_SIZE_MBYTES",)
    return Diagnosis(cause, tuple(evidence), words, lines)


def _default_only(facts: Facts, heap: Heap | None) -> Diagnosis | None:
    """Up to 6.18 the CMA heap driver makes a heap from the default area only; 7.2 makes one per area."""
    if heap is None or _is_default(heap) or facts.version is None or facts.version.series > (6, 18):
        return None
    others = (node.name for node in observed_nodes(facts) if node.is_cma and not node.is_default)
    if any(name in (facts.heap_nodes or ()) for name in others):  # a vendor's driver, or a backport
        return None
    text = f"up to Linux 6.18 only the default CMA area has a heap, and {heap.name} is another area"
    remedy = (f"make {heap.name} the default area (linux,cma-default), or write in the board config: first: '7.2'",)
    return Diagnosis(CMA_DEFAULT_ONLY.here(text), (facts.version.release,), remedy)
