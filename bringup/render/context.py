"""What a template can print: facts of the board config, arranged for one kernel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bringup.config.schema import BoardConfig, DeclaredIn, Heap, HeapKind, Region, UsageRule
from bringup.config.units import USAGE_BITS, UsageBit
from bringup.kernel.history.version import KernelVersion
from bringup.render.cmdline import Parameter, parameters
from bringup.render.kconfig import Option, kernel_options
from bringup.render.matrix_kernel import MatrixKernel, matrix_kernel
from bringup.render.sepolicy import Policy, make_policy
from bringup.render.sheet import Sheet, make_sheet
from bringup.render.udev import LINUX_NODE, is_of_linux

__all__ = ["CONTEXT_HELP", "Context", "make_context"]

_ION_GONE = (5, 11)


@dataclass(frozen=True, slots=True)
class BoardName:
    """The board: ``name``, ``title``, and ``ident`` (the name as an identifier of C, make and SELinux)."""

    name: str
    title: str
    ident: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel to render for: ``version`` as text, ``major``, ``minor``, ``ion`` (whether ION may still be there)."""

    version: str
    major: int
    minor: int
    ion: bool


@dataclass(frozen=True, slots=True)
class Node:
    """One device node: its ``name`` in /dev/dma_heap and the ``heap`` behind it."""

    name: str
    heap: Heap


@dataclass(frozen=True, slots=True)
class Permission:
    """What ueventd or udev sets on a node in /dev/dma_heap: ``name``, ``mode``, ``owner``, ``group``."""

    name: str
    mode: str
    owner: str
    group: str


@dataclass(frozen=True, slots=True)
class Pool:
    """A reserved-memory node: ``node`` name, ``label`` for references, ``compatible`` or none, the ``region``."""

    node: str
    label: str
    compatible: str | None
    region: Region


@dataclass(frozen=True, slots=True)
class UsageMask:
    """A gralloc usage rule: masks of bits that must all and none be set, the heap's node name, the rule in words."""

    all: int
    none: int
    heap: str
    text: str


CONTEXT_HELP: Mapping[str, str] = {
    "board": "name, title, ident (the name as an identifier)",
    "kernel": "version (the series as text), major, minor, ion (series before 5.11)",
    "config": "the board config, field by field; see 'bringup config schema'",
    "heaps": "heaps that this kernel has",
    "nodes": "their nodes in /dev/dma_heap on this kernel: name, heap; a heap may have several",
    "pools": "memory that the device tree reserves for heaps, where its size is known: node, label, compatible, region",
    "options": "kernel options: symbol, value, why",
    "usage_rules": "gralloc usage → heap, in the order to try: all, none (masks), heap (node name), text",
    "permissions": "nodes whose mode, owner and group are known: name, mode, owner, group",
    "udev_nodes": "nodes and what udev gives them on a Linux that is not Android: name, mode, owner, group",
    "modules": "modules that provide heaps on this board, in load order, without .ko",
    "cmdline": "cmdline(): kernel parameters: text, consequences (sentences)",
    "matrix_kernel": "matrix_kernel(): the kernel of AOSP's compatibility matrix: version, remark",
    "sheet": "sheet(): the config in words: facts, heaps, notes (name, value, marks) and numbered sources",
    "policy": "policy(): types to declare, contexts (node, type) and rules (domain, type) for SELinux",
    "header": "the comment that says where the file is from; every template prints it",
    "skip": "skip(reason): this board needs no such file",
}
"""Name and meaning of everything a template sees."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a template sees, see :data:`CONTEXT_HELP`."""

    board: BoardName
    kernel: Kernel
    config: BoardConfig
    heaps: tuple[Heap, ...]
    nodes: tuple[Node, ...]
    pools: tuple[Pool, ...]
    options: tuple[Option, ...]
    usage_rules: tuple[UsageMask, ...]
    permissions: tuple[Permission, ...]
    udev_nodes: tuple[Permission, ...]
    modules: tuple[str, ...]

    def cmdline(self) -> tuple[Parameter, ...]:
        """See :func:`bringup.render.cmdline.parameters`."""
        return parameters(self.config, self.heaps, KernelVersion(self.kernel.major, self.kernel.minor))

    def matrix_kernel(self) -> MatrixKernel:
        """See :func:`bringup.render.matrix_kernel.matrix_kernel`."""
        return matrix_kernel(self.kernel.version, self.config.kernel.branch if self.config.kernel else None)

    def sheet(self) -> Sheet:
        """See :func:`bringup.render.sheet.make_sheet`."""
        return make_sheet(self.config, self.heaps, self.kernel.version)

    def policy(self) -> Policy:
        """See :func:`bringup.render.sepolicy.make_policy`."""
        return make_policy(self.config, tuple((node.name, node.heap) for node in self.nodes))


def make_context(config: BoardConfig, kernel: KernelVersion) -> Context:
    """Arrange ``config`` for ``kernel``."""
    series = f"{kernel.major}.{kernel.minor}"
    heaps = tuple(heap for heap in config.heaps if heap.names_on(series))
    nodes = tuple(Node(name, heap) for heap in heaps for name in heap.names_on(series))
    return Context(
        board=BoardName(config.name, config.title, re.sub(r"[^a-z0-9]", "_", config.name.lower())),
        kernel=Kernel(series, kernel.major, kernel.minor, kernel.series < _ION_GONE),
        config=config,
        heaps=heaps,
        nodes=nodes,
        pools=tuple(pool for heap in heaps if (pool := _pool(heap)) is not None),
        options=kernel_options(config, heaps, kernel),
        usage_rules=_usage_rules(heaps, series),
        permissions=tuple(permission for node in nodes if (permission := _permission(node)) is not None),
        udev_nodes=tuple(_on_linux(node) for node in nodes),
        modules=config.kernel.modules if config.kernel is not None else (),
    )


def _permission(node: Node) -> Permission | None:
    expected = node.heap.node
    if expected is None or expected.mode is None or expected.owner is None or expected.group is None:
        return None
    return Permission(node.name, expected.mode, expected.owner, expected.group)


def _on_linux(node: Node) -> Permission:
    permission = _permission(node) if is_of_linux(node.heap.node) else None
    return permission or Permission(node.name, *LINUX_NODE)


def _usage_rules(heaps: tuple[Heap, ...], series: str) -> tuple[UsageMask, ...]:
    """Rules of all heaps. Those that need more bits set go first: a special heap is tried before a general one."""
    rules = [
        UsageMask(_mask(rule.all), _mask(rule.none), heap.names_on(series)[0], _in_words(rule))
        for heap in heaps
        for rule in heap.usage
    ]
    return tuple(sorted(rules, key=lambda rule: (-rule.all.bit_count(), -rule.none.bit_count())))


def _mask(bits: tuple[UsageBit, ...]) -> int:
    mask = 0
    for bit in bits:
        mask |= USAGE_BITS[bit]
    return mask


def _in_words(rule: UsageRule) -> str:
    bits = " | ".join(rule.all) or "any"
    return f"{bits}, without {' | '.join(rule.none)}" if rule.none else bits


def _pool(heap: Heap) -> Pool | None:
    region = heap.region
    if region is None or region.declared_in is not DeclaredIn.DEVICE_TREE or region.size is None:
        return None
    node = region.node_name or heap.name
    compatible = region.compatible or ("shared-dma-pool" if heap.kind is HeapKind.CMA else None)
    return Pool(node, "heap_" + re.sub(r"[^A-Za-z0-9]", "_", node), compatible, region)
