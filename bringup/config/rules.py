"""What a board config must hold true beyond the shape of its parts: sources exist, names are unique, memory fits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from bringup.config.expectation import repeated_ids
from bringup.config.schema import Arch, BoardConfig, DeclaredIn, Heap, HeapKind, Region
from bringup.config.units import UsageBit, series_key, show_size
from bringup.kernel.history.cma_alignment import cma_alignment
from bringup.kernel.history.version import KernelVersion
from bringup.text import did_you_mean, parse_number

__all__ = ["Problem", "cma_granule", "problems"]

_PATH = tuple[str | int, ...]
_MASKS = (UsageBit.CPU_READ_MASK, UsageBit.CPU_WRITE_MASK)


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule broken at one place of a config."""

    path: _PATH
    text: str
    hint: str = ""


def problems(config: BoardConfig) -> Iterator[Problem]:
    """Every rule that ``config`` breaks."""
    yield from _sources(config)
    yield from _names(config)
    for index, heap in enumerate(config.heaps):
        path = ("heaps", index)
        yield from _kernels(heap, path)
        yield from _usage(heap, path)
        if heap.region is not None:
            yield from _region(config, heap, heap.region, (*path, "region"))
    yield from _streams(config)
    yield from _overlaps(config)
    yield from _ramoops(config)
    yield from _cmdline(config)
    yield from (Problem(path, text) for path, text in repeated_ids(config.expect))


def cma_granule(config: BoardConfig) -> int:
    """The least granule of a CMA region on this board, in bytes: that of its strictest kernel and page size."""
    pages = (config.kernel.page_sizes if config.kernel else ()) or (4 << 10,)
    versions = config.kernel.versions if config.kernel else ()
    kernels: list[KernelVersion | None] = [KernelVersion.parse(version) for version in versions] or [None]
    return max(cma_alignment(page, kernel) for page in pages for kernel in kernels)


def _sources(config: BoardConfig) -> Iterator[Problem]:
    used: set[str] = set()
    for path, block in config.blocks():
        for fact, refs in block.source.items():
            used.update(refs)
            if fact != "*" and fact not in block.model_fields_set:
                yield Problem(
                    (*path, "source", fact), f"a source is given for '{fact}', which this block does not hold"
                )
            if not refs:
                yield Problem((*path, "source", fact), "an empty list of sources", "leave it out")
            for ref in refs:
                if ref not in config.sources:
                    known = ", ".join(config.sources) or "none"
                    yield Problem((*path, "source", fact), f"'{ref}' is not a key of 'sources'", f"known keys: {known}")
    for key in config.sources:
        if key not in used and ":" not in key:
            yield Problem(("sources", key), f"source '{key}' is used nowhere", "remove it, or name it beside its facts")


def _names(config: BoardConfig) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for index, heap in enumerate(config.heaps):
        if heap.name in owner:
            yield Problem(
                ("heaps", index, "name"), f"heap '{heap.name}' is already a name of heap '{owner[heap.name]}'"
            )
        owner.setdefault(heap.name, heap.name)
        for at, alias in enumerate(heap.aliases):
            path = ("heaps", index, "aliases", at, "name")
            if owner.get(alias.name, heap.name) != heap.name or alias.name == heap.name:
                yield Problem(path, f"alias '{alias.name}' is already a name of heap '{owner[alias.name]}'")
            owner.setdefault(alias.name, heap.name)


def _streams(config: BoardConfig) -> Iterator[Problem]:
    """Streams take from heaps of the config, scenarios consist of its streams, and no name stands twice."""
    heaps = [name for heap in config.heaps for name in heap.names_on(None)]
    names = [stream.name for stream in config.streams]
    for index, stream in enumerate(config.streams):
        if stream.heap not in heaps:
            hint = did_you_mean(stream.heap, heaps, f"its heaps: {', '.join(heaps) or 'none'}")
            yield Problem(("streams", index, "heap"), f"the config has no heap '{stream.heap}'", hint)
    for index, scenario in enumerate(config.scenarios):
        for at, name in enumerate(scenario.streams):
            if name not in names:
                hint = did_you_mean(name, names, f"its streams: {', '.join(names) or 'none'}")
                yield Problem(("scenarios", index, "streams", at), f"the config has no stream '{name}'", hint)
    for key, given in (("streams", names), ("scenarios", [scenario.name for scenario in config.scenarios])):
        for index, name in enumerate(given):
            if name in given[:index]:
                yield Problem((key, index, "name"), f"'{name}' is already the name of another of its {key}")


def _kernels(heap: Heap, path: _PATH) -> Iterator[Problem]:
    spans = [(path, heap.first, heap.last)]
    spans += [((*path, "aliases", at), alias.first, alias.last) for at, alias in enumerate(heap.aliases)]
    for place, first, last in spans:
        if first is not None and last is not None and series_key(first) > series_key(last):
            yield Problem((*place, "last"), f"last ({last}) is before first ({first})")


def _usage(heap: Heap, path: _PATH) -> Iterator[Problem]:
    for at, rule in enumerate(heap.usage):
        place = (*path, "usage", at)
        if not rule.all and not rule.none:
            yield Problem(place, "a usage rule without bits would select this heap for every buffer")
        if any(bit in _MASKS for bit in rule.all):
            yield Problem(
                (*place, "all"), "a mask of several bits belongs under 'none'", "name CPU_READ_OFTEN or _RARELY"
            )
        if both := set(rule.all) & set(rule.none):
            yield Problem(place, f"{', '.join(sorted(both))} under both 'all' and 'none'")


def _region(config: BoardConfig, heap: Heap, region: Region, path: _PATH) -> Iterator[Problem]:
    if region.reusable and region.no_map:
        yield Problem((*path, "no_map"), "no_map and reusable exclude each other", "a CMA pool is reusable only")
    if region.base is not None:
        for name in ("alignment", "alloc_ranges"):
            if getattr(region, name):
                yield Problem((*path, name), f"{name} has no meaning beside a fixed base", f"remove {name} or base")
        if region.size is None:
            yield Problem((*path, "base"), "a fixed base needs a size")
    if region.alignment is not None and region.alignment & (region.alignment - 1):
        yield Problem((*path, "alignment"), f"{show_size(region.alignment)} is not a power of two")
    if region.default and heap.kind is not HeapKind.CMA:
        yield Problem((*path, "default"), "only a CMA pool can be the default CMA area")
    if region.declared_in is DeclaredIn.DEVICE_TREE:
        yield from _node_name(heap, region, path)
    yield from _cma(config, heap, region, path)
    yield from _fits(config, region, path)


def _node_name(heap: Heap, region: Region, path: _PATH) -> Iterator[Problem]:
    """A CMA heap is called as its device tree node, unit address included.

    The kernel does not compare the unit address with ``reg``, so boards boot with other names, and their heaps have
    these. A config that gives such a name as both the heap's and the node's means it.
    """
    name = region.node_name or heap.name
    place = (*path, "node_name") if region.node_name else (*path[:-1], "name")
    stem, at, unit = name.partition("@")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9,._+-]{0,30}", stem):
        hint = "a letter, then up to 30 of: letters, digits, , . _ + -"
        yield Problem(place, f"'{stem[:60]}' is not a device tree node name", hint)
    elif region.node_name == heap.name:
        return
    elif region.base is not None and unit != f"{region.base:x}":
        yield Problem(place, f"a node with a fixed base is called {stem}@{region.base:x}, and so is its heap")
    elif region.base is None and at:
        yield Problem(place, "only a node with a fixed base has a unit address", f"call it {stem}, or give its base")


def _cma(config: BoardConfig, heap: Heap, region: Region, path: _PATH) -> Iterator[Problem]:
    if heap.kind is not HeapKind.CMA:
        return
    if region.declared_in is DeclaredIn.DEVICE_TREE and not region.reusable:
        hint = "add 'reusable: true'"
        yield Problem(path, "a shared-dma-pool that is not reusable becomes a coherent pool, and no heap", hint)
    granule = cma_granule(config)
    for name, value in (("size", region.size), ("base", region.base)):
        if value is not None and value % granule:
            text = f"{name} {show_size(value)} is not a multiple of {show_size(granule)}"
            hint = 'the kernel would drop it: "Reserved memory: incorrect alignment of CMA region"'
            yield Problem((*path, name), text, hint)


def _fits(config: BoardConfig, region: Region, path: _PATH) -> Iterator[Problem]:
    size = region.size or 0
    for at, span in enumerate(region.alloc_ranges):
        start = -(-span.base // (region.alignment or 1)) * (region.alignment or 1)
        if start + size > span.base + span.size:
            text = f"{show_size(size)} do not fit into a range of {show_size(span.size)}"
            yield Problem((*path, "alloc_ranges", at), text)
    memory = config.memory
    if memory is None:
        return
    if memory.size is not None and size > memory.size:
        yield Problem((*path, "size"), f"{show_size(size)} is more than the board has ({show_size(memory.size)})")
    elif region.base is not None and memory.base is not None and memory.size is not None:
        end = memory.base + memory.size
        if not memory.base <= region.base <= region.base + size <= end:
            text = f"0x{region.base:x} to 0x{region.base + size:x} lies outside RAM (0x{memory.base:x} to 0x{end:x})"
            yield Problem((*path, "base"), text)
    top = (region.base or 0) + size
    if config.kernel is not None and config.kernel.arch is Arch.ARM and memory.address_cells == 1 and top > 1 << 32:
        yield Problem((*path, "base"), "an address above 4 GiB does not fit in one address cell")


def _overlaps(config: BoardConfig) -> Iterator[Problem]:
    fixed: list[tuple[_PATH, str, int, int]] = [
        (("heaps", index, "region", "base"), heap.name, heap.region.base, heap.region.base + heap.region.size)
        for index, heap in enumerate(config.heaps)
        if heap.region is not None and heap.region.base is not None and heap.region.size is not None
    ]
    if config.ramoops is not None:
        begin = config.ramoops.base
        fixed.append((("ramoops", "base"), "ramoops", begin, begin + config.ramoops.size))
    for (_, first, low, high), (path, second, start, end) in combinations(fixed, 2):
        if start < high and low < end:
            text = f"'{second}' (0x{start:x} to 0x{end:x}) overlaps '{first}' (0x{low:x} to 0x{high:x})"
            yield Problem(path, text)
    defaults = [index for index, heap in enumerate(config.heaps) if heap.region is not None and heap.region.default]
    for index in defaults[1:]:
        yield Problem(("heaps", index, "region", "default"), "there is one default CMA area, and it is given above")
    yield from _total(config)


def _ramoops(config: BoardConfig) -> Iterator[Problem]:
    """What the driver would refuse or round down (fs/pstore/ram.c of Linux 5.10 and 7.3: ramoops_probe)."""
    area, path = config.ramoops, ("ramoops",)
    if area is None:
        return
    if not area.sizes:
        yield Problem(path, "no part of it has a size", "give record_size or console_size")
    for name, size in area.sizes:
        if size & (size - 1):
            yield Problem(
                (*path, f"{name}_size"), f"{show_size(size)} is not a power of two: the kernel rounds it down"
            )
    if sum(size for _, size in area.sizes) > area.size:
        yield Problem((*path, "size"), f"its parts take more than {show_size(area.size)}")
    yield from _fits(config, Region(declared_in=DeclaredIn.DEVICE_TREE, base=area.base, size=area.size), path)


def _total(config: BoardConfig) -> Iterator[Problem]:
    size = config.memory.size if config.memory else None
    regions = [(index, heap.region) for index, heap in enumerate(config.heaps) if heap.region is not None]
    total = sum(region.size or 0 for _, region in regions)
    if size is not None and total > size and all((region.size or 0) <= size for _, region in regions):
        index = regions[-1][0]
        text = f"all regions together take {show_size(total)}, more than the board has ({show_size(size)})"
        yield Problem(("heaps", index, "region", "size"), text)


def _cmdline(config: BoardConfig) -> Iterator[Problem]:
    """cma= and the pool that is declared in the command line say the same thing twice: they must agree."""
    parameters = config.kernel.cmdline if config.kernel is not None else ()
    sizes = [(at, _cma_size(text)) for at, text in enumerate(parameters) if text.startswith("cma=")]
    for at, size in sizes:
        if size is None:
            yield Problem(("kernel", "cmdline", at), "no cma= that the kernel understands", "cma=SIZE[@FROM[-TO]]")
    for index, heap in enumerate(config.heaps):
        region = heap.region
        if region is None or region.declared_in is not DeclaredIn.CMDLINE or region.size is None:
            continue
        for _, size in sizes:
            if size is not None and size != region.size:
                text = f"{show_size(region.size)} here, but the command line asks for {show_size(size)}"
                yield Problem(("heaps", index, "region", "size"), text)


def _cma_size(text: str) -> int | None:
    """The size that a cma= parameter asks for (lib/cmdline.c: memparse)."""
    number = r"(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})([KMGTkmgt]?)"
    match = re.fullmatch(f"cma={number}(?:@{number}(?:-{number})?)?", text)
    return None if match is None else (parse_number(match[1], 0) or 0) << 10 * " KMGT".index(match[2].upper() or " ")
