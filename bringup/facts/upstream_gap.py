"""A board's upstream gap: from what was observed, or from what its config expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bringup.allocator.answer import State
from bringup.config.schema import BoardConfig, DeclaredIn, Heap, HeapKind
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.memory.cma_usage import CMA_SYSFS
from bringup.facts.memory.reserved_memory import observed_nodes
from bringup.kernel.history.gap import UpstreamGap, Used, upstream_gap
from bringup.kernel.history.symbols import symbol_table
from bringup.kernel.history.version import Flavour, KernelVersion

__all__ = ["gap_of_board", "gap_of_config", "gap_of_modules"]

Users = Mapping[str, tuple[str, ...]]

_CONFIG = "board config"
_INTERFACES = ("/sys/kernel/dma_heap/total_pools_kb", "/dev/ion")


def gap_of_config(config: BoardConfig, kernel: str | None = None, users: Users | None = None) -> UpstreamGap:
    """The gap of a board config, without a board.

    :param kernel: a release or series; default: the newest of the config, else mainline as a whole.
    :param users: modules that allocate inside the kernel; see
        :func:`~bringup.kernel.sources.module_symbols.heap_users`.
    :raises UsageError: ``kernel`` is not a kernel version.
    """
    release = kernel or (config.kernel.versions[-1] if config.kernel and config.kernel.versions else None)
    expected = _expected(config, KernelVersion.parse(release) if release else None)
    return upstream_gap(replace(expected, interfaces=dict(expected.interfaces) | _called(users)))


def gap_of_modules(users: Users, kernel: str | None = None) -> UpstreamGap:
    """The gap of modules alone."""
    return upstream_gap(Used(KernelVersion.parse(kernel) if kernel else None, interfaces=_called(users)))


def gap_of_board(facts: Facts, users: Users | None = None) -> UpstreamGap:
    """The gap of a board, from what was observed and what its config expects.

    :param users: as for :func:`gap_of_config`.
    """
    expected = _expected(facts.config, facts.version)
    nodes = facts.heap_nodes
    symbols = facts.kernel_config
    modules = facts.modules
    options = {
        name: f"CONFIG_{name}={symbols.get(name)} in the running kernel"
        for name in symbol_table()
        if symbols is not None and symbols.get(name) in ("y", "m")
    }
    used = Used(
        kernel=facts.version,
        heaps=dict(expected.heaps) | {name: f"{HEAP_FOLDER}/{name} is on the board" for name in nodes or ()},
        options=dict(expected.options) | options,
        modules=dict(expected.modules) | dict.fromkeys(sorted(modules or ()), "loaded"),
        interfaces={path: "it is on the board" for path in _INTERFACES if _is_there(facts, path)} | _called(users),
        cma_areas=dict(expected.cma_areas)
        | _cma_areas(facts)
        | {name: True for name, default in expected.cma_areas.items() if default},
        not_known=(*_not_known(facts), *_calls_not_known(facts, users)),
    )
    return upstream_gap(used)


def _expected(config: BoardConfig | None, version: KernelVersion | None) -> Used:
    if config is None:
        return Used(version)
    series = f"{version.major}.{version.minor}" if version else None
    kernel = config.kernel
    return Used(
        kernel=version,
        heaps={
            name: _CONFIG if heap.required else f"{_CONFIG}, not required"
            for heap in config.heaps
            for name in heap.names_on(series)[:1]
        },
        options={name: _CONFIG for name, value in kernel.options.items() if value in ("y", "m")} if kernel else {},
        modules=dict.fromkeys(kernel.modules, _CONFIG) if kernel else {},
        interfaces={"/dev/ion": _CONFIG} if kernel and kernel.ion else {},
        cma_areas={name: _is_default(heap) for heap in config.heaps if _on_cma(heap) for name in heap.names_on(series)},
    )


def _on_cma(heap: Heap) -> bool:
    return heap.kind is HeapKind.CMA and heap.region is not None


def _is_default(heap: Heap) -> bool:
    region = heap.region
    return region is not None and (region.default or region.declared_in is not DeclaredIn.DEVICE_TREE)


def _cma_areas(facts: Facts) -> dict[str, bool]:
    """The CMA areas, and which is the default one: by the device tree, or because it is the only one with a heap."""
    areas = {entry.path.removeprefix(CMA_SYSFS).split("/")[0] for entry in facts.record.files(CMA_SYSFS)}
    with_heap = areas.intersection(facts.heap_nodes or ())
    default = {node.name for node in observed_nodes(facts) if "linux,cma-default" in node.flags}
    return {name: name in default or {name} == with_heap for name in areas}


def _is_there(facts: Facts, path: str) -> bool:
    entry = facts.record.file(path) or facts.record.node(path)
    return entry is not None and entry.state in (State.OK, State.DENIED)


def _called(users: Users | None) -> dict[str, str]:
    return {name: f"called by {', '.join(modules)}" for name, modules in (users or {}).items()}


def _calls_not_known(facts: Facts, users: Users | None) -> Iterator[str]:
    """Calls of modules cannot be observed on a board. (A mainline kernel has no such functions to call.)"""
    config, version = facts.kernel_config, facts.version
    flavour = (version.flavour if version else None) or (config.flavour if config else None)
    if users is None and flavour in (Flavour.GKI, Flavour.VENDOR) and facts.modules:
        yield "which modules allocate inside the kernel: bringup status --modules DIR reads it from the build"


def _not_known(facts: Facts) -> Iterator[str]:
    if facts.version is None:
        yield "which kernel runs there"
    if facts.heap_nodes is None:
        yield f"which heaps there are: {HEAP_FOLDER} could not be listed"
    if facts.kernel_config is None:
        yield f"which options the kernel has: {facts.why_no_kernel_config}"
    if facts.modules is None:
        yield f"which modules are loaded: {facts.why_unknown('/proc/modules')}"
