"""What is known about each symbol: its type by kernel version, since when and until when it exists, what it provides.

The facts are data (``data/symbols.yaml``); each era names the source it was read from.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

from msgspec import Struct, field

from bringup.errors import UsageError
from bringup.kernel.data.shipped import shipped_data
from bringup.kernel.history.version import Flavour, KernelVersion, VersionRange

__all__ = [
    "Era",
    "History",
    "Kernel",
    "Renamed",
    "SymbolHistory",
    "SymbolType",
    "Symbols",
    "builders_of",
    "symbol_history",
    "symbol_table",
    "symbol_type",
]


class SymbolType(enum.StrEnum):
    """Kconfig's types."""

    BOOL = "bool"
    TRISTATE = "tristate"
    INT = "int"
    HEX = "hex"
    STRING = "string"


class Era(Struct, frozen=True):
    """A span of kernel versions in which a symbol looked one way.

    :param flavours: trees that it applies to; empty means all of them.
    :param depends: Kconfig expression it depends on, conditions of surrounding menus included; empty for none.
    :param prompt: whether a person can set it; without a prompt only ``select`` and defaults do.
    :param defaults: values and their conditions, in order; the first whose condition holds counts.
    :param default_unknown_if: where this holds, it is not known whether the defaults do: releases of a series differ.
    :param selected_by: the symbols that select it, and under which condition.
    :param whole: whether all symbols that select it are listed.
    :param choice: the members of the ``choice`` it belongs to, itself included.
    """

    kernel: VersionRange
    type: SymbolType
    flavours: frozenset[Flavour] = frozenset()
    depends: str = ""
    prompt: bool = True
    defaults: tuple[tuple[str, str], ...] = ()
    default_unknown_if: str = "n"
    choice: tuple[str, ...] = ()
    selects: tuple[str, ...] = ()
    selected_by: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    note: str = ""
    sources: tuple[str, ...] = ()

    def default(self, bounds: Callable[[str], tuple[int, int]]) -> str | None:
        """Its value where nobody sets it: ``n`` or empty without a default, ``None`` where it is not known.

        :param bounds: the least and the greatest value that an expression can have: 0, 1, 2 for n, m, y.
        """
        either = self.type in {SymbolType.BOOL, SymbolType.TRISTATE}
        for value, condition in self.defaults:
            low, high = bounds(condition)
            if max(low, high) == 0:
                continue
            if min(low, high) == 0:
                return None
            return self._plain(value.strip('"'), bounds) if either else value
        if max(bounds(self.default_unknown_if)) > 0:
            return None
        return "n" if either else ""

    def _plain(self, value: str, bounds: Callable[[str], tuple[int, int]]) -> str | None:
        if value in {"y", "m", "n"}:
            return value
        low, high = bounds(value)
        if low != high:
            return None
        return "nmy"[2 if low and self.type is SymbolType.BOOL else low]


class Renamed(Struct, frozen=True):
    """A symbol's later name. :param since: the first series that has it."""

    symbol: str
    since: KernelVersion


class SymbolHistory(Struct, frozen=True):
    """All that is known about one symbol.

    :param module: name of the module that an ``m`` builds.
    :param heaps: names of the heaps it puts below ``/dev/dma_heap``.
    :param renamed_to: the symbol that took its place.
    :param vendor: whose tree it is from, where no mainline kernel has it.
    """

    name: str
    what: str
    eras: tuple[Era, ...]
    module: str | None = None
    heaps: tuple[str, ...] = ()
    renamed_to: Renamed | None = None
    vendor: str | None = None
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @classmethod
    def from_data(cls, name: str, data: Mapping[str, Any]) -> SymbolHistory:
        """Build from the dict of the symbol file."""
        renamed = data.get("renamed_to")
        return cls(
            name,
            data["what"],
            tuple(_era(era) for era in data["eras"]),
            data.get("module"),
            tuple(data.get("heaps", ())),
            Renamed(renamed["symbol"], KernelVersion.parse(renamed["kernel"])) if renamed else None,
            data.get("vendor"),
            tuple(data.get("notes", ())),
            tuple(data.get("source", ())),
        )

    def era(self, version: KernelVersion, flavour: Flavour | None = None) -> Era | None:
        """How the symbol looks in that kernel; an era of that flavour counts more than one of all trees."""
        eras = [era for era in self.eras if version in era.kernel and (not era.flavours or flavour in era.flavours)]
        return next((era for era in eras if era.flavours), eras[0] if eras else None)

    def span(self, flavour: Flavour | None = None) -> str:
        """The kernels that have the symbol, e.g. ``5.6..`` or ``5.15..6.19``; mainline unless a flavour is named."""
        eras = [era.kernel for era in self.eras if (flavour in era.flavours if flavour else not era.flavours)]
        if not eras:
            return ""
        first = None if any(era.first is None for era in eras) else min(era.first for era in eras if era.first)
        last = None if any(era.last is None for era in eras) else max(era.last for era in eras if era.last)
        return str(VersionRange(first, last))


def _era(data: Mapping[str, Any]) -> Era:
    return Era(
        VersionRange.parse(data.get("kernel", "..")),
        SymbolType(data["type"]),
        frozenset(map(Flavour, data.get("flavour", ()))),
        data.get("depends", ""),
        data.get("prompt", True),
        tuple((default["value"], default.get("if", "")) for default in data.get("default", ())),
        data.get("default_unknown_if", "n"),
        tuple(data.get("choice", ())),
        tuple(data.get("selects", ())),
        tuple((entry["symbol"], entry.get("if", "")) for entry in data.get("selected_by", ())),
        data.get("whole", False),
        data.get("note", ""),
        tuple(data.get("source", ())),
    )


@cache
def symbol_table() -> Mapping[str, SymbolHistory]:
    """Every symbol with a known history, by name without ``CONFIG_``."""
    return {name: history for name in shipped_data()["symbols"] if (history := symbol_history(name)) is not None}


@cache
def symbol_history(name: str) -> SymbolHistory | None:
    """What is known about one symbol. A check needs a few, and building all of them takes as long as judging."""
    data = shipped_data()["symbols"].get(name)
    return None if data is None else SymbolHistory.from_data(name, data)


@cache
def builders_of(module: str) -> tuple[str, ...]:
    """The symbols that build a module of that name."""
    return tuple(name for name, data in shipped_data()["symbols"].items() if data.get("module") == module)


class Symbols(Protocol):
    """What is known about symbols: their history, or a source tree."""

    @property
    def whole(self) -> bool:
        """Whether it knows every symbol that selects another."""

    def known(self, name: str, version: KernelVersion | None) -> bool:
        """Whether it is known if that kernel has the symbol."""

    def era(self, name: str, version: KernelVersion | None, flavour: Flavour | None) -> Era | None:
        """How the symbol looks in that kernel; ``None`` where it has none or nothing is known."""

    def everywhere(self, name: str, version: KernelVersion | None) -> bool:
        """Whether every tree of that version has it, not only some vendors'."""

    def life(self, name: str, version: KernelVersion | None) -> str:
        """Why that kernel does not have it, in one sentence."""


class History:
    """The shipped history of symbols, by kernel version."""

    whole = False

    def known(self, name: str, version: KernelVersion | None) -> bool:
        """Only symbols in the table, and only for a known version."""
        return version is not None and name in shipped_data()["symbols"]

    def era(self, name: str, version: KernelVersion | None, flavour: Flavour | None) -> Era | None:
        """See :meth:`SymbolHistory.era`."""
        history = symbol_history(name)
        return None if history is None or version is None else history.era(version, flavour)

    def everywhere(self, name: str, version: KernelVersion | None) -> bool:
        """An era of all trees; backports and vendors' own symbols have only eras of some."""
        history = symbol_history(name)
        if history is None or version is None:
            return False
        return any(version in era.kernel and not era.flavours for era in history.eras)

    def life(self, name: str, version: KernelVersion | None) -> str:
        """Renamed, a vendor's own, or from when to when it exists."""
        history = symbol_history(name)
        if history is None:
            raise KeyError(name)
        renamed = history.renamed_to
        if renamed and version and renamed.since.series <= version.series:
            return f"CONFIG_{name} is called CONFIG_{renamed.symbol} since {renamed.since}; this is {version}"
        if history.vendor:
            return f"CONFIG_{name} is known from {history.vendor} kernels only"
        span = history.span()
        return f"CONFIG_{name} exists in kernels {span}; this is {version}" if span else f"CONFIG_{name} exists nowhere"


class Kernel(Struct, frozen=True):
    """A kernel, as far as it is known, and what knows its symbols. ``None`` means: not known."""

    version: KernelVersion | None = None
    flavour: Flavour | None = None
    arch: str | None = None
    symbols: Symbols = field(default_factory=History)

    def era(self, name: str) -> Era | None:
        """How a symbol looks in this kernel; ``None`` where it has none or nothing is known."""
        return self.symbols.era(name, self.version, self.flavour)

    def may_lack(self, name: str) -> bool:
        """Whether a tree like this kernel's has the symbol or not: other trees of its version do not all have it."""
        return self.era(name) is not None and not self.symbols.everywhere(name, self.version)


def symbol_type(name: str, version: KernelVersion, flavour: Flavour | None = None) -> str | None:
    """``"bool"``, ``"tristate"``, ``"int"``, … in that kernel; ``None`` where that kernel does not have the symbol.

    :param name: without ``CONFIG_``.
    :raises UsageError: nothing is known about a symbol of that name.
    """
    history = symbol_history(name)
    if history is None:
        hint = "name a kernel source tree: --tree DIR --arch arm64"
        raise UsageError(f"look up CONFIG_{name}", "its history is not known", hint=hint)
    era = history.era(version, flavour)
    return None if era is None else era.type.value
