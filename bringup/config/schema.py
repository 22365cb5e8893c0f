"""What a board config holds. Frozen; unknown keys are refused; what is not known is left out.

Every block of facts has a ``source``: a key of the config's ``sources`` (or a list of them) for the whole block, or
one per field.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, field_validator

from bringup.config.block import Block, Model
from bringup.config.expectation import Expectation
from bringup.config.streams import Scenario, StreamConfig
from bringup.config.units import (
    Address,
    ByteSize,
    Compatible,
    ConfigName,
    ConfigRef,
    HeapName,
    Identifier,
    IonFlags,
    IonHeapMask,
    Mode,
    PoolCompatible,
    PropertyName,
    Series,
    Symbol,
    Text,
    TrueOrFalse,
    UsageBit,
    in_series,
)
from bringup.kernel.history.version import Flavour

__all__ = [
    "Alias",
    "Android",
    "Arch",
    "Block",
    "BoardConfig",
    "DeclaredIn",
    "DeviceNode",
    "Heap",
    "HeapKind",
    "Identity",
    "IonHeap",
    "Kernel",
    "Memory",
    "Note",
    "Ramoops",
    "Range",
    "Region",
    "Soc",
    "UsageRule",
]


class Arch(enum.StrEnum):
    """The kernel's architecture, as ARCH= names it."""

    ARM = "arm"
    ARM64 = "arm64"
    RISCV = "riscv"
    X86 = "x86"


class HeapKind(enum.StrEnum):
    """What stands behind a heap."""

    SYSTEM = "system"
    SYSTEM_UNCACHED = "system-uncached"
    CMA = "cma"
    CARVEOUT = "carveout"
    PROTECTED = "protected"
    VENDOR = "vendor"


class DeclaredIn(enum.StrEnum):
    """Who reserves a heap's memory."""

    DEVICE_TREE = "device-tree"
    CMDLINE = "cmdline"
    KCONFIG = "kconfig"
    FIRMWARE = "firmware"
    DRIVER = "driver"


class Identity(Block):
    """By what a connected board is recognised. What is given must agree; what the board hides is no objection."""

    compatible: tuple[Compatible, ...] = ()
    """Root 'compatible' strings of this board (not of its SoC); the board shows at least one of them."""
    properties: dict[PropertyName, Text] = Field(default_factory=dict)
    """Android properties and their values."""
    kernel: Series | None = None
    """The kernel series, only where nothing else distinguishes two configs (virtual boards)."""


class Soc(Block):
    """The system on chip."""

    name: Text
    """Its name, as people write it."""
    vendor: Text | None = None
    """Who makes it."""
    compatible: tuple[Compatible, ...] = ()
    """Its 'compatible' strings."""


class Range(Model):
    """A range of physical addresses."""

    base: Address
    """First address."""
    size: ByteSize
    """Size in bytes."""


class Memory(Block):
    """The board's RAM."""

    base: Address | None = None
    """Where RAM begins."""
    size: ByteSize | None = None
    """How much of it there is, where that is fixed."""
    address_cells: int | None = Field(default=None, ge=1, le=2, strict=True)
    """#address-cells of the device tree's root."""
    size_cells: int | None = Field(default=None, ge=1, le=2, strict=True)
    """#size-cells of the device tree's root."""
    dma_limit: ByteSize | None = None
    """Some of the board's devices cannot address memory from here on."""


class Kernel(Block):
    """The kernel that the board is meant to run."""

    arch: Arch | None = None
    """Its architecture."""
    flavour: Flavour | None = None
    """mainline, gki or vendor."""
    branch: Text | None = None
    """The branch or package it is built from."""
    versions: tuple[Series, ...] = ()
    """Series known to run on this board, oldest first; fragments are rendered for the last."""
    page_sizes: tuple[ByteSize, ...] = ()
    """Page sizes it is built with."""
    cmdline: tuple[Text, ...] = ()
    """Parameters on its command line that concern memory."""
    modules: tuple[Identifier, ...] = ()
    """Modules that provide heaps, in load order, without .ko."""
    ion: TrueOrFalse | None = None
    """Whether ION is still meant to be there (kernels before 5.11 only)."""
    options: dict[Symbol, Text] = Field(default_factory=dict)
    """Further options that its heaps need: symbol without CONFIG_ → y, m, n or a value."""


class Android(Block):
    """How Android on this board is configured for heaps."""

    properties: dict[PropertyName, Text] = Field(default_factory=dict)
    """Vendor properties, e.g. debug.c2.use_dmabufheaps."""


class Ramoops(Block):
    """Memory that keeps the kernel's log over a crash, in the words of the ramoops binding."""

    base: Address
    """Fixed address."""
    size: ByteSize
    """All of it."""
    record_size: ByteSize | None = None
    """For one dump of the log; what the other parts leave over is split into dumps."""
    console_size: ByteSize | None = None
    """For the console's lines."""
    ftrace_size: ByteSize | None = None
    """For function traces."""
    pmsg_size: ByteSize | None = None
    """For what user space writes to /dev/pmsg0."""

    @property
    def address(self) -> str:
        """The unit address of its node."""
        return f"{self.base:x}"

    @property
    def sizes(self) -> tuple[tuple[str, int], ...]:
        """The parts that are given: name, bytes."""
        parts = {
            "record": self.record_size,
            "console": self.console_size,
            "ftrace": self.ftrace_size,
            "pmsg": self.pmsg_size,
        }
        return tuple((name, size) for name, size in parts.items() if size)


class Alias(Model):
    """Another node name under which a heap's memory is reached."""

    name: HeapName
    """The name in /dev/dma_heap."""
    first: Series | None = None
    """First kernel series that has it."""
    last: Series | None = None
    """Last kernel series that has it."""


class Region(Model):
    """The memory behind a heap, in the words of the reserved-memory binding."""

    declared_in: DeclaredIn
    """Who reserves it."""
    size: ByteSize | None = None
    """Size in bytes."""
    alignment: ByteSize | None = None
    """Alignment of a dynamically placed region."""
    alloc_ranges: tuple[Range, ...] = ()
    """Where a dynamically placed region may lie."""
    base: Address | None = None
    """Fixed address; then alignment and alloc_ranges have no meaning."""
    reusable: TrueOrFalse = False
    """The kernel may use it meanwhile; a shared-dma-pool needs this to become a CMA heap."""
    no_map: TrueOrFalse = False
    """The kernel must not map it."""
    default: TrueOrFalse = False
    """It is the default CMA area (linux,cma-default)."""
    node_name: HeapName | None = None
    """Its node name in the device tree, where it is not the heap's name."""
    compatible: PoolCompatible | None = None
    """Its 'compatible' in the device tree; a CMA pool's is shared-dma-pool and need not be given."""


class DeviceNode(Model):
    """The node in /dev/dma_heap as Android's ueventd leaves it."""

    mode: Mode | None = None
    """Permission bits, quoted: "0444"."""
    owner: Identifier | None = None
    """User."""
    group: Identifier | None = None
    """Group."""
    label: Identifier | None = None
    """SELinux type."""


class UsageRule(Model):
    """Gralloc usage bits that select a heap."""

    all: tuple[UsageBit, ...] = ()
    """Bits that must all be set."""
    none: tuple[UsageBit, ...] = ()
    """Bits of which none may be set."""


class IonHeap(Model):
    """The ION heap that a heap replaces: the arguments of libdmabufheap's MapNameToIonHeap."""

    name: HeapName
    """ion_heap_name, for ION from 4.12 on."""
    flags: IonFlags = 0
    """ion_heap_flags, for ION from 4.12 on."""
    legacy_mask: IonHeapMask = 0
    """legacy_ion_heap_mask, for ION before 4.12."""
    legacy_flags: IonFlags = 0
    """legacy_ion_heap_flags, for ION before 4.12."""


class Heap(Block):
    """One DMA-BUF heap."""

    not_facts: ClassVar[frozenset[str]] = frozenset({"source", "name"})

    name: HeapName
    """Its name in /dev/dma_heap."""
    kind: HeapKind
    """What stands behind it."""
    required: TrueOrFalse = True
    """Whether the board is wrong without it."""
    first: Series | None = None
    """First kernel series on which it has this name."""
    last: Series | None = None
    """Last kernel series on which it has this name."""
    aliases: tuple[Alias, ...] = ()
    """Other names of the same memory."""
    region: Region | None = None
    """The memory behind it."""
    node: DeviceNode | None = None
    """Its device node."""
    used_by: tuple[Identifier, ...] = ()
    """SELinux domains of the HALs that open it."""
    usage: tuple[UsageRule, ...] = ()
    """Gralloc usages that select it; any one of the rules is enough."""
    replaces: IonHeap | None = None
    """The ION heap it replaces."""

    def names_on(self, kernel: str | None) -> tuple[str, ...]:
        """Its node names on a kernel series or release, the config's own name first; all of them when it is unknown.

        Empty: that kernel does not have this heap.
        """
        names = [self.name] if in_series(kernel, self.first, self.last) else []
        names += [alias.name for alias in self.aliases if in_series(kernel, alias.first, alias.last)]
        return tuple(dict.fromkeys(names))


class Note(Block):
    """Something a person who brings the board up should know."""

    text: Text
    """One or two sentences."""


class BoardConfig(Model):
    """What is expected of one board, or of one SoC (then it has no identity and boards extend it)."""

    name: ConfigName
    """The file's name without .yaml."""
    title: Text
    """The board's name, as people write it."""
    extends: ConfigRef | None = None
    """The config whose facts hold here too; what is given here replaces them field by field, heaps by name."""
    sources: dict[str, Text] = Field(default_factory=dict)
    """Short key → where facts were read: file and version, commit, document."""
    identity: Identity | None = None
    """By what the board is recognised."""
    soc: Soc | None = None
    """The system on chip."""
    memory: Memory | None = None
    """RAM."""
    kernel: Kernel | None = None
    """The kernel it runs."""
    android: Android | None = None
    """How Android is configured."""
    ramoops: Ramoops | None = None
    """Memory that keeps the kernel's log over a crash."""
    heaps: tuple[Heap, ...] = ()
    """The heaps expected on it."""
    streams: tuple[StreamConfig, ...] = ()
    """Queues of buffers that its cameras, codecs and display take from heaps."""
    scenarios: tuple[Scenario, ...] = ()
    """Which streams run at the same time."""
    expect: tuple[Expectation, ...] = ()
    """What further facts of the board have to be: a verdict each."""
    notes: tuple[Note, ...] = ()
    """What a person should know."""

    @field_validator("sources")
    @classmethod
    def _keys_are_short(cls, sources: dict[str, str]) -> dict[str, str]:
        if "*" in sources:
            raise ValueError("'*' is no key")
        return sources

    def heap(self, name: str) -> Heap | None:
        """The heap of this name or alias."""
        for heap in self.heaps:
            if name in heap.names_on(None):
                return heap
        return None

    def blocks(self) -> Iterator[tuple[tuple[str | int, ...], Block]]:
        """Every block of facts with its path."""
        for name in ("identity", "soc", "memory", "kernel", "android", "ramoops"):
            block = getattr(self, name)
            if block is not None:
                yield (name,), block
        for name in ("heaps", "streams", "scenarios", "notes"):
            for index, block in enumerate(getattr(self, name)):
                yield (name, index), block
