"""The input of a first board config: the board, its heaps and its pools, from a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bringup.allocator.answer import NodeFact
from bringup.config.draft import SeenBoard, SeenHeap, SeenPool
from bringup.facts.android_ids import selinux_type
from bringup.facts.board import Facts
from bringup.facts.expected_node import shown_owner
from bringup.facts.memory.default_cma import linked_heap
from bringup.facts.memory.reserved_memory import ReservedNode, reserved_memory
from bringup.record.load import Record

__all__ = ["seen_board"]


def seen_board(record: Record) -> SeenBoard:
    """What the record says about its board, without anything that identifies the single unit."""
    facts = Facts(record)
    hello = record.hello
    reserved = reserved_memory(facts)
    heaps = {name: node for name, node in (facts.heap_nodes or {}).items() if linked_heap(facts, name) is None}
    release = hello.release if hello else ""
    return SeenBoard(
        source=f"bringup's record of {record.started[:10]}" + (f", kernel {release}" if release else ""),
        model=(facts.text("/sys/firmware/devicetree/base/model") or "").rstrip("\0"),
        compatible=facts.compatibles,
        properties=facts.properties,
        kernel=release,
        machine=hello.machine if hello else "",
        page_size=hello.page_size if hello else None,
        cells=reserved.cells if reserved else None,
        cmdline=facts.cmdline or (),
        modules=_heap_modules(facts),
        heaps=tuple(_heap(facts, name, node) for name, node in sorted(heaps.items())),
        pools=tuple(_pools(reserved.nodes.values())) if reserved else (),
    )


def _heap_modules(facts: Facts) -> tuple[str, ...]:
    """Modules named like heap drivers; ``/proc/modules`` lists the last loaded first (kernel/module/main.c)."""
    names = [line.split()[0] for line in (facts.text("/proc/modules") or "").splitlines() if line.strip()]
    return tuple(name for name in reversed(names) if name.endswith(("_heap", "_heaps")))


def _heap(facts: Facts, name: str, node: NodeFact) -> SeenHeap:
    owner = group = None
    if node.uid is not None and node.gid is not None:
        owner, group = shown_owner(facts, node.uid, node.gid).split()
    return SeenHeap(name, node.mode, owner, group, selinux_type(node.label) if node.label else None)


def _pools(nodes: Iterable[ReservedNode]) -> Iterator[SeenPool]:
    """Nodes that reserve one region; one with several regions is not the pool of a heap."""
    for node in nodes:
        if len(node.regions) > 1 or node.unread:
            continue
        base, size = node.regions[0] if node.regions else (None, node.size)
        yield SeenPool(
            node=node.name,
            size=size,
            base=base,
            alignment=node.alignment,
            reusable="reusable" in node.flags,
            no_map="no-map" in node.flags,
            default=node.is_default,
            ranges=node.ranges,
        )
