"""What a later kernel changes for a configuration: symbols renamed, retyped or gone, and new names of heaps."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from bringup.kernel.history.heap_names import HeapNames, heaps_of
from bringup.kernel.history.symbols import Era, SymbolHistory, SymbolType, symbol_table
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.kconfig.expression import parse_expression, value_of

__all__ = ["ChangeKind", "KernelChange", "carry_over", "changes_until"]


class ChangeKind(enum.StrEnum):
    """What happens on the way to the later kernel."""

    RENAMED = "renamed"
    REMOVED = "removed"
    RETYPED = "changes its type"
    ADDED = "new, on by default"
    HEAP_NAME = "heap name"


class KernelChange(Struct, frozen=True, omit_defaults=True):
    """One thing that is different in the later kernel.

    :param subject: The symbol with CONFIG_, or the heap.
    :param remedy: What to do about it; absent where nothing has to be done.
    """

    kind: ChangeKind
    subject: str
    text: str
    remedy: str = ""


def changes_until(
    config: KernelConfig, now: KernelVersion, later: KernelVersion, flavour: Flavour | None = None
) -> list[KernelChange]:
    """Compare what the configuration sets with what the later kernel knows.

    :returns: changes of symbols that the configuration sets, and of heaps that it builds, in the order of the table.
    """
    changes = [
        change
        for history in symbol_table().values()
        if (change := _symbol_change(history, config, now, later, flavour)) is not None
    ]
    return changes + list(_heap_changes(config, now, later))


def _symbol_change(
    history: SymbolHistory, config: KernelConfig, now: KernelVersion, later: KernelVersion, flavour: Flavour | None
) -> KernelChange | None:
    value = config.get(history.name)
    before, after = history.era(now, flavour), history.era(later, flavour)
    name = f"CONFIG_{history.name}"
    if value not in {None, "n"} and after is None:
        return _gone(history, name, later, flavour)
    if value not in {None, "n"} and before is not None and after is not None and before.type is not after.type:
        return _retyped(history, name, value or "", before, after)
    if before is None and after is not None and value is None and _on_by_default(after, config):
        text = f"{name} is new in {_first(after)} and on by default: {history.what}"
        return KernelChange(ChangeKind.ADDED, name, text)
    return None


def _gone(history: SymbolHistory, name: str, later: KernelVersion, flavour: Flavour | None) -> KernelChange:
    renamed = history.renamed_to
    if renamed is not None and renamed.since.series <= later.series:
        new = f"CONFIG_{renamed.symbol}"
        text = f"{name} is called {new} since {renamed.since}"
        return KernelChange(ChangeKind.RENAMED, name, text, f"set {new}; olddefconfig drops {name}")
    note = f"; {history.notes[0]}" if history.notes else ""
    span = history.span(flavour) or history.span()
    return KernelChange(ChangeKind.REMOVED, name, f"{name} exists in kernels {span} only{note}")


def _retyped(history: SymbolHistory, name: str, value: str, before: Era, after: Era) -> KernelChange:
    text = f"{name} changes from {before.type.value} to {after.type.value}"
    if after.type is SymbolType.TRISTATE and history.module:
        text += f"; as m it builds {history.module}.ko, which has to be loaded before its heap is there"
        fix = f"keep {name}=y, or list {history.module}.ko in modules.load"
        return KernelChange(ChangeKind.RETYPED, name, text, fix)
    return KernelChange(ChangeKind.RETYPED, name, text, f"set {name}=y" if value == "m" else "")


def _first(era: Era) -> str:
    return "a later kernel" if era.kernel.first is None else ".".join(map(str, era.kernel.first))


def _on_by_default(era: Era, config: KernelConfig) -> bool:
    def bounds(text: str) -> tuple[int, int]:
        level = value_of(parse_expression(text), config.values.get)
        return level, level

    return era.default(bounds) in {"y", "m"} and bounds(era.depends)[0] > 0


def _heap_changes(config: KernelConfig, now: KernelVersion, later: KernelVersion) -> Iterator[KernelChange]:
    before = {entry.heap: entry for entry in heaps_of(now) if config.enabled(entry.symbol)}
    carried = carry_over(config, now, later)
    after = {entry.heap: entry for entry in heaps_of(later) if carried.enabled(entry.symbol)}
    for heap, entry in before.items():
        if heap not in after:
            yield _lost(entry, after)
        elif after[heap].names != entry.names:
            yield _renamed_heap(entry, after[heap])
    for heap, entry in after.items():
        if heap not in before:
            names = ", ".join(entry.names)
            tail = f" ({entry.note})" if entry.note else ""
            yield KernelChange(ChangeKind.HEAP_NAME, heap, f"new below /dev/dma_heap: {names}{tail}")


def _lost(entry: HeapNames, after: dict[str, HeapNames]) -> KernelChange:
    names = ", ".join(entry.names)
    others = {name for other in after.values() for name in other.names}
    kept = ", ".join(name for name in entry.names if name in others)
    if kept:
        return KernelChange(ChangeKind.HEAP_NAME, entry.heap, f"{kept} now comes with every CMA area's own node")
    text = f"no longer below /dev/dma_heap: {names}"
    return KernelChange(ChangeKind.HEAP_NAME, entry.heap, text, "change what opens it")


def _renamed_heap(before: HeapNames, after: HeapNames) -> KernelChange:
    return KernelChange(
        ChangeKind.HEAP_NAME,
        before.heap,
        f"{' or '.join(before.names)} becomes {' or '.join(after.names)}",
        f"open {after.names[0]} where it is there, else the old name",
    )


def carry_over(
    config: KernelConfig, now: KernelVersion, later: KernelVersion, flavour: Flavour | None = None
) -> KernelConfig:
    """The configuration as ``olddefconfig`` of the later kernel would leave it: symbols that it does not know are gone,
    new ones have their defaults. Only symbols with a known history are touched; all others stay.
    """
    values = dict(config.values)
    for name, history in symbol_table().items():
        after = history.era(later, flavour)
        if after is None:
            values.pop(name, None)
        elif values.get(name) == "m" and after.type is SymbolType.BOOL:
            values[name] = "y"
    carried = replace(config, values=values, version=later)
    for name, history in symbol_table().items():
        after = history.era(later, flavour)
        if after is not None and name not in values and history.era(now, flavour) is None:
            values[name] = "y" if _on_by_default(after, carried) else "n"
    return carried
