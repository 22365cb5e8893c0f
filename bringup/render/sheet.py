"""A board config in words, each fact with the numbers of its sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bringup.config.schema import Alias, Block, BoardConfig, DeviceNode, Heap, IonHeap, Region, UsageRule
from bringup.config.units import show_size

__all__ = ["HeapSheet", "Line", "Sheet", "make_sheet"]


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: ``name``, ``value`` in words, ``marks`` such as `` [1, 3]`` or nothing."""

    name: str
    value: str
    marks: str


@dataclass(frozen=True, slots=True)
class HeapSheet:
    """One heap: its ``name`` and what is known of it."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole board; ``sources`` are numbered from 1 in this order."""

    facts: tuple[Line, ...]
    heaps: tuple[HeapSheet, ...]
    notes: tuple[Line, ...]
    sources: tuple[str, ...]


def make_sheet(config: BoardConfig, heaps: tuple[Heap, ...], kernel: str) -> Sheet:
    """Describe ``config`` in words, with those of its heaps that ``kernel`` has."""
    used = {ref for _, block in config.blocks() for refs in block.source.values() for ref in refs}
    sources = {key: text for key, text in config.sources.items() if key in used}
    numbers = {key: number for number, key in enumerate(sources, 1)}
    facts = [
        line
        for path, block in config.blocks()
        if len(path) == 1
        for line in _lines(block, numbers, _FACTS[str(path[0])])
    ]
    return Sheet(
        tuple(facts),
        tuple(HeapSheet(heap.names_on(kernel)[0], _lines(heap, numbers, _HEAP)) for heap in heaps),
        tuple(line for note in config.notes for line in _lines(note, numbers, {"text": ("", str)})),
        tuple(sources.values()),
    )


Write = Callable[[Any], str]


def _lines(block: Block, numbers: Mapping[str, int], words: Mapping[str, tuple[str, Write]]) -> tuple[Line, ...]:
    lines = []
    for fact in block.facts():
        if fact in words and getattr(block, fact) not in ((), {}, None):
            name, write = words[fact]
            refs = block.source.get(fact, block.source.get("*", ()))
            marks = sorted({numbers[ref] for ref in refs if ref in numbers})
            lines.append(Line(name, write(getattr(block, fact)), f" [{', '.join(map(str, marks))}]" if marks else ""))
    return tuple(lines)


def _list(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _sizes(values: Iterable[int]) -> str:
    return ", ".join(map(show_size, values))


def _aliases(values: Iterable[Alias]) -> str:
    return ", ".join(alias.name + _span(alias.first, alias.last) for alias in values)


def _span(first: str | None, last: str | None) -> str:
    words = [f"from {first}"] if first else []
    words += [f"up to {last}"] if last else []
    return f" ({' '.join(words)})" if words else ""


def _region(region: Region) -> str:
    words = [show_size(region.size)] if region.size is not None else ["size unknown"]
    words.append(f"declared in the {region.declared_in.replace('-', ' ')}")
    if region.base is not None:
        words.append(f"at 0x{region.base:x}")
    if region.alignment is not None:
        words.append(f"aligned to {show_size(region.alignment)}")
    words += [f"within 0x{span.base:x} to 0x{span.base + span.size:x}" for span in region.alloc_ranges]
    flags = (("reusable", region.reusable), ("no-map", region.no_map), ("the default CMA area", region.default))
    words += [word for word, given in flags if given]
    return ", ".join(words)


def _node(node: DeviceNode) -> str:
    words = [word for word in (node.mode, node.owner, node.group) if word is not None]
    permissions = [" ".join(words)] if words else []
    return ", ".join([*permissions, *([f"SELinux type {node.label}"] if node.label else [])])


def _usage(rules: Iterable[UsageRule]) -> str:
    texts = []
    for rule in rules:
        usage = " and ".join(rule.all) or "any usage"
        texts.append(f"{usage}, but not with {' or '.join(rule.none)}" if rule.none else usage)
    return "; ".join(texts)


def _ion(ion: IonHeap) -> str:
    return f"{ion.name}, flags 0x{ion.flags:x}; before 4.12 mask 0x{ion.legacy_mask:x}, flags 0x{ion.legacy_flags:x}"


_FACTS: Mapping[str, Mapping[str, tuple[str, Write]]] = {
    "identity": {
        "compatible": ("device tree compatible", _list),
        "properties": ("identifying properties", _pairs),
        "kernel": ("identifying kernel series", str),
    },
    "soc": {"name": ("SoC", str), "vendor": ("SoC vendor", str), "compatible": ("SoC compatible", _list)},
    "memory": {
        "base": ("RAM begins at", hex),
        "size": ("RAM", show_size),
        "address_cells": ("#address-cells", str),
        "size_cells": ("#size-cells", str),
        "dma_limit": ("some devices cannot address memory from", show_size),
    },
    "kernel": {
        "arch": ("architecture", str),
        "flavour": ("kernel flavour", str),
        "branch": ("kernel branch", str),
        "versions": ("kernel series", _list),
        "page_sizes": ("page sizes", _sizes),
        "modules": ("heap modules", _list),
        "ion": ("ION is still there", _yes),
        "options": ("further options", _pairs),
    },
    "android": {"properties": ("vendor properties", _pairs)},
    "ramoops": {
        "base": ("ramoops begins at", hex),
        "size": ("ramoops", show_size),
        "record_size": ("ramoops, one dump", show_size),
        "console_size": ("ramoops, console", show_size),
        "ftrace_size": ("ramoops, function trace", show_size),
        "pmsg_size": ("ramoops, user space", show_size),
    },
}
_HEAP: Mapping[str, tuple[str, Write]] = {
    "kind": ("kind", str),
    "required": ("required", _yes),
    "first": ("first kernel series", str),
    "last": ("last kernel series", str),
    "aliases": ("also called", _aliases),
    "region": ("memory", _region),
    "node": ("node", _node),
    "used_by": ("opened by", _list),
    "usage": ("selected by gralloc usage", _usage),
    "replaces": ("replaces the ION heap", _ion),
}
