"""The default CMA area on one board: what its heap is called, and which ``cma=`` counts."""

from __future__ import annotations

from bringup.config.schema import HeapKind
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.memory.cma_usage import area_uses
from bringup.facts.memory.reserved_memory import observed_nodes
from bringup.kernel.history.heap_names import default_cma_names

__all__ = ["area_of", "cma_parameters", "default_names", "has_area", "is_cma_heap", "is_default", "linked_heap"]

#: Vendors' kernels have a second heap on an area, for uncached memory: ``cma-uncached``, ``reserved-uncached``.
_UNCACHED = "-uncached"


def default_names(facts: Facts) -> tuple[str, ...]:
    """The names that the default area's heap can have: that of the device tree's node first, then the usual ones.

    Source: kernel/dma/contiguous.c of Linux 5.10, 6.12 and 7.3: rmem_cma_setup names the area after its node, and
    linux,cma-default makes it the default area, whatever the node's name.
    """
    own = (node.name for node in observed_nodes(facts) if node.is_cma and node.is_default)
    return tuple(dict.fromkeys((*own, *default_cma_names())))


def area_of(heap: str) -> str:
    """The name of the area of a heap that is called after its area."""
    return heap.removesuffix(_UNCACHED)


def is_default(facts: Facts, heap: str) -> bool:
    """Whether a heap hands out memory of the default area."""
    return area_of(heap) in default_names(facts)


def is_cma_heap(facts: Facts, name: str) -> bool:
    """Whether this heap hands out memory of a CMA area: by the board config, by its name, by the areas of the board."""
    known = facts.config.heap(name) if facts.config else None
    return known.kind is HeapKind.CMA if known is not None else has_area(facts, name)


def has_area(facts: Facts, name: str) -> bool:
    """The same by the board alone: by the heap's name, the device tree's pools, the kernel's list of areas."""
    pools = {node.name for node in observed_nodes(facts) if node.is_cma}
    return is_default(facts, name) or area_of(name) in pools or area_of(name) in area_uses(facts)


def linked_heap(facts: Facts, name: str) -> str | None:
    """The heap that a symbolic link in /dev/dma_heap leads to; ``None`` if the name is a node of its own."""
    node = (facts.heap_nodes or {}).get(name)
    if node is None or not node.target:
        return None
    folder, _, target = node.target.rpartition("/")
    return target if folder in ("", ".", HEAP_FOLDER) and target in (facts.heap_nodes or {}) else None


def cma_parameters(facts: Facts) -> tuple[str, ...]:
    """Every ``cma=`` of the command line. The last one counts (kernel/dma/contiguous.c: early_param)."""
    return tuple(word for word in facts.cmdline or () if word.startswith("cma="))
