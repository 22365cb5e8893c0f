"""A board's upstream gap: what it has or asks for that mainline of its kernel series does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec

from bringup.kernel.history.heap_names import HeapNames, heap_names
from bringup.kernel.history.symbols import SymbolHistory, symbol_table
from bringup.kernel.history.upstream import ArtifactKind, Origin, OutOfTree, Span, newer_than_read, out_of_tree
from bringup.kernel.history.version import KernelVersion, VersionRange

__all__ = ["Dependency", "UpstreamGap", "Used", "upstream_gap"]


@dataclass(frozen=True, slots=True)
class Used:
    """What a board has or asks for. The values say by what that is known ("node on the board", "board config").

    :param kernel: the series to hold it against; ``None``: any release of mainline.
    :param heaps: names below ``/dev/dma_heap``.
    :param options: symbols without ``CONFIG_``, only those that are on.
    :param modules: as ``/proc/modules`` spells them, loaded or meant to be.
    :param interfaces: paths that are there, and functions of the kernel that its modules call.
    :param cma_areas: heaps that are known to stand on a CMA area; ``True``: on the default one.
    :param not_known: what could not be looked at, one sentence each.
    """

    kernel: KernelVersion | None
    heaps: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    interfaces: Mapping[str, str] = field(default_factory=dict)
    cma_areas: Mapping[str, bool] = field(default_factory=dict)
    not_known: tuple[str, ...] = ()


class Dependency(msgspec.Struct, frozen=True):
    """One thing that mainline of that series does not have.

    :param name: A heap's name, CONFIG_SYMBOL, a module or a path.
    :param origin: Whose it is, or what is known of that.
    :param seen: The evidence that the board has it or asks for it.
    :param instead: What mainline offers in its place; null where nothing is known.
    """

    kind: ArtifactKind
    name: str
    standing: Origin
    origin: str
    seen: str
    instead: str | None = None
    sources: tuple[str, ...] = ()


class UpstreamGap(msgspec.Struct, frozen=True):
    """What a board has or asks for that mainline does not have.

    :param kernel: The series of mainline that it was compared with; null: mainline as a whole.
    :param not_known: What could not be looked at. No dependencies means that there are none only where this is empty.
    """

    kernel: str | None
    dependencies: tuple[Dependency, ...] = ()
    not_known: tuple[str, ...] = ()


def upstream_gap(used: Used) -> UpstreamGap:
    """Hold what a board uses against mainline of its series. A pure function.

    Whatever mainline has under that name counts as mainline's: a vendor's module that registers ``system`` shows by
    its module, not by its node.
    """
    version = used.kernel
    found = (
        *(_heap(name, seen, used) for name, seen in used.heaps.items()),
        *(_option(name, seen, version) for name, seen in used.options.items()),
        *(_module(name, seen, version) for name, seen in used.modules.items()),
        *(_known(ArtifactKind.INTERFACE, name, seen) for name, seen in used.interfaces.items()),
    )
    series = f"{version.major}.{version.minor}" if version else None
    not_known = (*newer_than_read(version), *used.not_known)
    return UpstreamGap(series, tuple(one for one in found if one is not None), not_known)


def _heap(name: str, seen: str, used: Used) -> Dependency | None:
    if _is_cma_area(name, used):
        return None
    # Before mainline's patterns: linux,cma* would take a vendor's linux,cma-uncached for its own.
    known = _known(ArtifactKind.HEAP, name, seen)
    if known is not None:
        return known
    fitting = [one for one in heap_names() if _matches(name, one.names)]
    if any(_in(used.kernel, one) for one in fitting):
        return None
    if fitting:
        origin = f"mainline has it {' and '.join(dict.fromkeys(str(Span(one.kernel)) for one in fitting))}"
        sources = tuple(dict.fromkeys(source for one in fitting for source in one.sources))
        return Dependency(ArtifactKind.HEAP, name, Origin.BACKPORT, origin, seen, sources=sources)
    return _vendors_heap(name, seen) or _nobodys_heap(name, seen, used)


def _vendors_heap(name: str, seen: str) -> Dependency | None:
    for history in symbol_table().values():
        if history.vendor and _matches(name, history.heaps):
            said = f"{seen}; CONFIG_{history.name} provides it"
            return Dependency(ArtifactKind.HEAP, name, Origin.VENDOR, history.vendor, said, sources=_sources(history))
    return None


def _nobodys_heap(name: str, seen: str, used: Used) -> Dependency:
    if name in used.cma_areas:
        origin = "mainline makes a heap of every CMA area since 6.19; before, of the default area only"
        return Dependency(ArtifactKind.HEAP, name, Origin.BACKPORT, origin, seen, "6.19 or later")
    return Dependency(ArtifactKind.HEAP, name, Origin.UNKNOWN, "no mainline kernel registers a heap of this name", seen)


def _is_cma_area(name: str, used: Used) -> bool:
    """Whether mainline makes this heap because a CMA area is called so: of every area since 6.19, before of one."""
    if name not in used.cma_areas:
        return False
    every = used.kernel is None or used.kernel.series >= (6, 19)
    return every or (used.cma_areas[name] and used.kernel is not None and used.kernel.series >= (5, 6))


def _option(symbol: str, seen: str, version: KernelVersion | None) -> Dependency | None:
    history = symbol_table().get(symbol)
    if history is None or not _about_heaps(symbol):
        return None
    eras = [era for era in history.eras if not era.flavours]
    if any(version is None or version in era.kernel for era in eras) and not _gone(history):
        return None
    if history.vendor:
        standing = Origin.ANDROID if history.vendor.startswith("Android") else Origin.VENDOR
        name = f"CONFIG_{symbol}"
        return Dependency(ArtifactKind.OPTION, name, standing, history.vendor, seen, sources=_sources(history))
    standing = Origin.REMOVED if _gone(history) else Origin.BACKPORT
    origin = f"mainline has it {Span(VersionRange.parse(history.span()))}"
    return Dependency(ArtifactKind.OPTION, f"CONFIG_{symbol}", standing, origin, seen, sources=_sources(history))


def _about_heaps(symbol: str) -> bool:
    return "HEAP" in symbol or symbol == "ION" or symbol.startswith("ION_")


def _gone(history: SymbolHistory) -> bool:
    """ION: mainline dropped it, so that even a series that has it leads nowhere."""
    return history.name == "ION" or history.name.startswith("ION_")


def _module(name: str, seen: str, version: KernelVersion | None) -> Dependency | None:
    if (known := _known(ArtifactKind.MODULE, name, seen)) is not None:
        return known
    makers = [one for one in symbol_table().values() if one.module == name and _about_heaps(one.name)]
    if not makers or any(_builds_module(one, version) for one in makers):
        return None
    ours = next((one for one in makers if not one.vendor), None)
    if ours is None:
        return Dependency(
            ArtifactKind.MODULE, name, Origin.VENDOR, makers[0].vendor or "", seen, sources=_sources(makers[0])
        )
    since = next(era.kernel for era in ours.eras if not era.flavours and era.type.value == "tristate")
    series = str(since).removesuffix("..")
    return Dependency(
        ArtifactKind.MODULE,
        name,
        Origin.ANDROID,
        "Android Common Kernels let this heap be a module, or a vendor's own",
        seen,
        f"built in; mainline can build it as a module since {series}",
        _sources(ours),
    )


def _builds_module(history: SymbolHistory, version: KernelVersion | None) -> bool:
    return any(
        era.type.value == "tristate" and (version is None or version in era.kernel)
        for era in history.eras
        if not era.flavours
    )


def _known(kind: ArtifactKind, name: str, seen: str) -> Dependency | None:
    one = next(_listed(kind, name), None)
    if one is None:
        return None
    return Dependency(kind, name, one.standing, one.origin, seen, one.instead, one.sources)


def _listed(kind: ArtifactKind, name: str) -> Iterator[OutOfTree]:
    return (one for one in out_of_tree() if one.kind is kind and _matches(name, one.names))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _in(version: KernelVersion | None, entry: HeapNames) -> bool:
    return version is None or version in entry.kernel


def _sources(history: SymbolHistory) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*history.sources, *(source for era in history.eras for source in era.sources))))
