"""A first config for a board that has none, from what the board said of itself; a person goes over it.

Only what stays the same from one boot and one unit to the next is written down as identity: no serial number, no build.
Every fact names the observation as its source. What was guessed is marked ``LOOK`` and reported to the caller.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bringup.config.schema import Arch, HeapKind
from bringup.config.units import show_size
from bringup.errors import ConfigError
from bringup.kernel.history.architecture import arch_of_machine
from bringup.kernel.history.heap_names import PROTECTED, default_cma_names

__all__ = ["Draft", "SeenBoard", "SeenHeap", "SeenPool", "draft", "draft_name"]

_IDENTITY = ("ro.product.device", "ro.hardware")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class SeenHeap:
    """A node in /dev/dma_heap. ``None``: could not be read.

    :param mode: permission bits.
    :param owner: user name; a bare number is left out of the draft, as ``group`` is.
    :param label: SELinux type, without user, role and level.
    """

    name: str
    mode: int | None = None
    owner: str | None = None
    group: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class SeenPool:
    """A node of the live device tree's /reserved-memory; sizes and addresses in bytes.

    :param ranges: where a pool without a base may lie: (base, size).
    """

    node: str
    size: int | None = None
    base: int | None = None
    alignment: int | None = None
    reusable: bool = False
    no_map: bool = False
    default: bool = False
    ranges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SeenBoard:
    """What a board or a record of it shows; whatever is empty or ``None`` is not known.

    :param source: where it is from, e.g. ``"record of 2026-03-01, kernel 6.12.10"``.
    :param machine: ``uname -m``.
    :param cells: #address-cells and #size-cells of the device tree's root.
    :param cmdline: the kernel's command line, word by word.
    :param modules: loaded modules that may provide heaps, in the order they were loaded in.
    """

    source: str
    model: str = ""
    compatible: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    kernel: str = ""
    machine: str = ""
    page_size: int | None = None
    cells: tuple[int, int] | None = None
    cmdline: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    heaps: tuple[SeenHeap, ...] = ()
    pools: tuple[SeenPool, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """The config's text, and the lines that a person should look at: (line number from 1, why)."""

    text: str
    look_at: tuple[tuple[int, str], ...]


def draft_name(seen: SeenBoard) -> str:
    """A config's name for a board that nobody has named: by its compatible or its product, else ``board``."""
    words = [text.split(",")[-1] for text in seen.compatible[:1]] + [seen.properties.get(key, "") for key in _IDENTITY]
    names = (re.sub(r"[^a-z0-9._-]+", "-", word.lower()).strip("._-")[:64] for word in words)
    return next(filter(None, names), "board")


def draft(name: str, seen: SeenBoard) -> Draft:
    """Write a config called ``name`` for the board that was seen. It validates, whatever the board said.

    A board may have regions that a config is refused with (a size below the granule, an overlap): then no region is
    written down, and the reason is reported.

    :raises ConfigError: ``name`` is no name of a config.
    """
    from bringup.config.load import load_text

    made = _write(name, seen, "")
    try:
        load_text(made.text.encode(), name)
    except ConfigError as error:
        bare = replace(seen, cmdline=())
        refused = f"its reserved memory is left out, for a config would be refused: {error.seen}"
        made = _write(name, bare, refused)
        load_text(made.text.encode(), name)
    return made


def _write(name: str, seen: SeenBoard, refused: str) -> Draft:
    sheet = _Sheet()
    title = _clean(seen.model) or _clean(seen.properties.get("ro.product.model", ""))
    sheet.line(f"name: {name}")
    sheet.line(f"title: {_text(title or name)}", "" if title else "the board shows no model")
    sheet.line("sources:")
    sheet.line(
        f"  seen: {_text(_clean(seen.source) or 'the board')}",
        "name documents and source files too: an observation proves only itself",
    )
    _identity(sheet, seen)
    _memory(sheet, seen)
    _kernel(sheet, seen)
    if refused:
        sheet.remark(_clean(refused))
    _heaps(sheet, seen, refused)
    if not any(line.endswith("source: seen") for line in sheet.lines):
        sheet.line("notes:")
        sheet.line("  - text: The board shows nothing about itself.")
        sheet.line("    source: seen")
    return Draft("\n".join(sheet.lines) + "\n", tuple(sheet.look_at))


class _Sheet:
    """Lines, and which of them were guessed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.look_at: list[tuple[int, str]] = []

    def line(self, text: str, look: str = "") -> None:
        self.lines.append(f"{text}  # LOOK: {look}" if look else text)
        if look:
            self.look_at.append((len(self.lines), look))

    def remark(self, look: str) -> None:
        """A line of its own, for what is not written."""
        self.lines.append(f"# LOOK: {look}")
        self.look_at.append((len(self.lines), look))


def _clean(value: str) -> str:
    """One line without control characters."""
    return " ".join("".join(char for char in value if char.isprintable() or char.isspace()).split())


def _text(value: str) -> str:
    """A YAML string on one line: JSON's strings are YAML's."""
    return json.dumps(_clean(value), ensure_ascii=False)


def _identity(sheet: _Sheet, seen: SeenBoard) -> None:
    compatible = [one for one in seen.compatible if re.fullmatch(r"[A-Za-z0-9][\w.+-]*,[\w.+-]+", one, re.ASCII)]
    properties = {key: seen.properties[key] for key in _IDENTITY if _clean(seen.properties.get(key, ""))}
    if not compatible and not properties:
        sheet.remark("the board shows nothing that identifies it; without 'identity' no board matches this config")
        return
    sheet.line("identity:")
    if compatible:
        look = "" if len(compatible) > 1 else "is this the board, or its SoC?"
        sheet.line(f"  compatible: [{_text(compatible[0])}]", look)
    if properties:
        sheet.line("  properties:")
    for key, value in properties.items():
        generic = "a family's name, not this board's?" if key == "ro.hardware" else ""
        sheet.line(f"    {key}: {_text(value)}", generic)
    sheet.line("  source: seen")


def _memory(sheet: _Sheet, seen: SeenBoard) -> None:
    if seen.cells is not None and all(1 <= cells <= 2 for cells in seen.cells):
        sheet.line("memory:")
        sheet.line(f"  address_cells: {seen.cells[0]}")
        sheet.line(f"  size_cells: {seen.cells[1]}")
        sheet.line("  source: seen")


def _kernel(sheet: _Sheet, seen: SeenBoard) -> None:
    facts = []
    arch = arch_of_machine(seen.machine)
    if arch in set(Arch):
        facts.append((f"  arch: {arch}", ""))
    if "-android" in seen.kernel:
        facts.append(("  flavour: gki", "by the release's name; is it an unchanged GKI kernel?"))
    if series := re.match(r"[0-9]{1,3}\.[0-9]{1,3}(?![0-9])", seen.kernel):
        facts.append((f'  versions: ["{series[0]}"]', ""))
    if seen.page_size:
        facts.append((f"  page_sizes: [{show_size(seen.page_size)}]", ""))
    if modules := [name for name in seen.modules if _WORD.fullmatch(name)]:
        facts.append((f"  modules: [{', '.join(map(_text, modules))}]", "by their names; does each provide a heap?"))
    # The last one counts (lib/cmdline.c, early_param).
    if given := [word for word in seen.cmdline if word.startswith("cma=")][-1:]:
        facts.append((f"  cmdline: [{_text(given[0])}]", "from the boot loader, or from BOARD_KERNEL_CMDLINE?"))
    if facts:
        sheet.line("kernel:")
        for text, look in facts:
            sheet.line(text, look)
        sheet.line("  source: seen")


def _heaps(sheet: _Sheet, seen: SeenBoard, refused: str) -> None:
    pools = {pool.node: pool for pool in seen.pools}
    default_pool = next((pool for pool in seen.pools if pool.default), None)
    default = default_pool.node if default_pool is not None else None
    heaps = [heap for heap in seen.heaps if _is_heap_name(heap.name)]
    names = [heap.name for heap in heaps]
    # Since 6.17 the default area is called default_cma_region, and often has its older name, too. A config gives one
    # heap one mode and owner, so nodes that differ in them are two heaps to it.
    area = next((name for name in (default, *default_cma_names()[:-1]) if name in names), None)
    alias = "default_cma_region" if _are_twins(heaps, area, "default_cma_region") else None
    if heaps:
        sheet.line("heaps:")
    # A kernel that does not name the heap after the node; cma= puts another area in the node's place.
    is_own = default not in names and not any(word.startswith("cma=") for word in seen.cmdline)
    heir = next((name for name in default_cma_names() if is_own and name in names), None)
    for heap in heaps:
        pool = pools.get(heap.name) or (default_pool if heap.name == heir else None)
        if heap.name != alias:
            _heap(sheet, heap, pool, alias if heap.name == area else None, with_region=not refused)


def _are_twins(heaps: list[SeenHeap], one: str | None, other: str) -> bool:
    """Whether both are there and alike: the names of one heap share its node's mode, owner and label."""
    seen = {heap.name: (heap.mode, heap.owner, heap.group, heap.label) for heap in heaps}
    return one is not None and one in seen and seen.get(one) == seen.get(other)


def _is_heap_name(name: str) -> bool:
    return (
        bool(name) and name not in {".", ".."} and "/" not in name and name.isprintable() and len(name.encode()) < 256
    )


def _heap(sheet: _Sheet, heap: SeenHeap, pool: SeenPool | None, alias: str | None, *, with_region: bool) -> None:
    kind, look = _kind(heap.name, pool)
    sheet.line(f"  - name: {json.dumps(heap.name, ensure_ascii=False)}")
    sheet.line(f"    kind: {kind}", look)
    sheet.line("    required: true", "it was there; must it be?")
    if alias:
        sheet.line(f"    aliases: [{{name: {alias}, first: '6.17'}}]", "both nodes were there; do they reach one area?")
    if with_region and pool is not None and (kind is not HeapKind.CMA or pool.reusable):
        sheet.line(f"    region: {{{_region(pool, heap.name)}}}")
    node = _node(heap)
    if node:
        sheet.line(f"    node: {{{node}}}")
    sheet.line("    source: seen")


def _kind(name: str, pool: SeenPool | None) -> tuple[HeapKind, str]:
    if name in {"system", "system-uncached"}:
        return HeapKind(name), ""
    if name in default_cma_names() or (pool is not None and pool.reusable):
        return HeapKind.CMA, ""
    if name.startswith((*PROTECTED, "system-secure")):
        return HeapKind.PROTECTED, ""
    return HeapKind.VENDOR, "what stands behind this heap?"


def _region(pool: SeenPool, heap: str) -> str:
    facts = ["declared_in: device-tree"]
    # A node's name need not end in its address, and need not be its heap's.
    unit = pool.node.partition("@")[2]
    if pool.node != heap or unit != ("" if pool.base is None else f"{pool.base:x}"):
        facts.append(f"node_name: {json.dumps(pool.node, ensure_ascii=False)}")
    if pool.base is not None:
        facts.append(f"base: 0x{pool.base:x}")
    if pool.size:
        facts.append(f"size: {show_size(pool.size)}")
    if pool.alignment and pool.base is None:
        facts.append(f"alignment: {show_size(pool.alignment)}")
    if pool.ranges and pool.base is None:
        spans = (f"{{base: 0x{base:x}, size: 0x{size:x}}}" for base, size in pool.ranges)
        facts.append(f"alloc_ranges: [{', '.join(spans)}]")
    flags = (("reusable", pool.reusable), ("no_map", pool.no_map), ("default", pool.default))
    return ", ".join([*facts, *(f"{flag}: true" for flag, given in flags if given)])


def _node(heap: SeenHeap) -> str:
    facts = [f'mode: "0{heap.mode & 0o777:03o}"'] if heap.mode is not None else []
    for key, value in (("owner", heap.owner), ("group", heap.group), ("label", heap.label)):
        if value is not None and _WORD.fullmatch(value):
            facts.append(f"{key}: {_text(value)}")
    return ", ".join(facts)
