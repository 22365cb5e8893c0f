"""What the kernel itself lists of its heaps: heaps without a node, areas without a heap, options without either."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bringup.allocator.answer import GlobFact, State
from bringup.causes.known.kernel import KCONFIG_NOT_BUILT
from bringup.causes.known.memory import CMA_HEAP_NOT_ADDED, CMA_REGION_REJECTED
from bringup.causes.known.nodes import NODE_NOT_MADE
from bringup.config.schema import Heap, HeapKind
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.memory.cma_usage import area_names
from bringup.facts.memory.default_cma import default_names
from bringup.facts.memory.region_log import line_of_area, pools_not_made
from bringup.facts.memory.reserved_memory import reserved_nodes
from bringup.results.verdict import Diagnosis

__all__ = ["CLASS", "class_listing", "names_of", "why_area_has_no_heap", "why_no_node", "why_not_built"]

CLASS = "/sys/class/dma_heap"
#: drivers/dma-buf/heaps/cma_heap.c of Linux 7.2 and 7.3; dma-heap.c of 5.10 to 7.3.
_NOT_ADDED = re.compile(r"(?:Failed to add CMA heap|Already registered heap named) (?P<name>\S+)")


def names_of(facts: Facts, kind: HeapKind, heap: Heap | None) -> Sequence[str]:
    """The names that a heap can have on this board."""
    if heap is not None:
        return heap.names_on(facts.version.release if facts.version else None)
    return ("system",) if kind is HeapKind.SYSTEM else default_names(facts) if kind is HeapKind.CMA else ()


def class_listing(facts: Facts) -> GlobFact | None:
    """What became of listing the class; ``None``: it is not known, as where /sys is not mounted."""
    glob = facts.record.globs.get(f"{CLASS}/*")
    return None if glob is not None and glob.state is State.MISSING and not _has_sysfs(facts) else glob


def _has_sysfs(facts: Facts) -> bool:
    mounts = (line.split()[1:3] for line in (facts.text("/proc/mounts") or "").splitlines())
    return ["/sys", "sysfs"] in mounts or any(entry.state is State.OK for entry in facts.record.files("/sys/"))


def why_no_node(facts: Facts, names: Sequence[str]) -> Diagnosis | None:
    """The diagnosis for a heap that the kernel has and that has no node in /dev."""
    listed = {node.path.rpartition("/")[2] for node in facts.record.nodes(CLASS) if node.state is State.OK}
    name = next((name for name in names if name in listed), None)
    if name is None or facts.heap_nodes is None or any(name in facts.heap_nodes for name in names):
        return None
    cause = NODE_NOT_MADE.here(f"the kernel has the heap {name}, and nothing made {HEAP_FOLDER}/{name}")
    return Diagnosis(cause, (f"{CLASS}/{name} is there",), NODE_NOT_MADE.fix)


def why_not_built(facts: Facts, option: str, names: Sequence[str] = ()) -> Diagnosis | None:
    """The diagnosis for an option that is on, of a kernel that does not have what it builds.

    :param names: the heap that the option builds; empty: the framework itself, with its class.
    """
    glob = class_listing(facts)
    listed = {node.path.rpartition("/")[2] for node in facts.record.nodes(CLASS)}
    if (
        glob is None
        or glob.truncated
        or listed & set(names)
        or glob.state not in (State.OK, State.MISSING)
        or (glob.state is State.OK and not names)
    ):
        return None
    seen = f"{CLASS} is not there" if glob.state is State.MISSING else f"{CLASS} does not list {names[0]}"
    cause = KCONFIG_NOT_BUILT.here(f"{option}, and the kernel that runs does not have what it builds")
    return Diagnosis(cause, (option, seen), KCONFIG_NOT_BUILT.fix)


def why_area_has_no_heap(facts: Facts, heap: Heap, is_whole: bool) -> Diagnosis | None:
    """The diagnosis for a pool of its own on a kernel that makes a heap of each area.

    :param is_whole: the kernel's log still has the lines from boot: it shows the areas where sysfs does not.
    """
    name = (heap.region.node_name if heap.region is not None else None) or heap.name
    areas = area_names(facts)
    made = areas.get(name) or (None if areas else line_of_area(facts, name))
    if made is None and not areas and not (is_whole and name in pools_not_made(facts)):
        return None
    matches = ((line, _NOT_ADDED.search(line)) for line in facts.dmesg or ())
    lines = tuple(line for line, match in matches if match and match["name"] == name)
    if made is not None:
        cause = CMA_HEAP_NOT_ADDED.here(f"the kernel has the CMA area {name}, and made no heap of it")
        twice = any("Already registered" in line for line in lines)
        words = (f"give the node {name} a name that no other heap has",) if twice else CMA_HEAP_NOT_ADDED.fix
        return Diagnosis(cause, (made, *lines), words)
    cause = CMA_REGION_REJECTED.here(f"the kernel made no CMA area of {name}, and {_why_unknown(facts, is_whole)}")
    node = (reserved_nodes(facts) or {}).get(name)
    seen = (
        f"areas that it made: {', '.join(sorted(areas))}" if areas else "no line of its log says that it made the area"
    )
    words = ("look at the beginning of a whole dmesg (log_buf_len=4M), and whether CONFIG_CMA_AREAS is large enough",)
    return Diagnosis(cause, (*([str(node)] if node else []), seen, *lines), words)


def _why_unknown(facts: Facts, is_whole: bool) -> str:
    if facts.dmesg is None:
        return "its log could not be read"
    return "its log does not say why" if is_whole else "no line that is left of its log says why"
