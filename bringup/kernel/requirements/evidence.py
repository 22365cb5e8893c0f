"""What was seen on a board besides its configuration, and how such a fact can prove what a symbol leaves open."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

from bringup.kernel.sources.modules_load import module_name
from bringup.text import parse_number

__all__ = ["Evidence", "Proof", "ProofKind", "Proven"]


class Evidence(Struct, frozen=True):
    """Facts from a record or a build. ``None`` always means: not known.

    :param modules: names in ``/proc/modules`` (``system_heap``), loaded now.
    :param modules_load: entries of ``modules.load`` files (``system_heap.ko``, with or without folder), loaded at boot.
    :param heaps: names below ``/dev/dma_heap``.
    :param cma_heaps: those of them that the device tree or the kernel's list of areas shows to be of a CMA area.
    :param cmdline: the kernel command line as booted, or as a boot image would pass it.
    :param cma_total: bytes, ``CmaTotal`` of ``/proc/meminfo``.
    :param is_user_build: ``ro.build.type`` is ``user``.
    """

    modules: frozenset[str] | None = None
    modules_load: frozenset[str] | None = None
    heaps: frozenset[str] | None = None
    cmdline: str | None = None
    cma_total: int | None = None
    is_user_build: bool | None = None
    cma_heaps: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        modules: Iterable[str] | None = None,
        modules_load: Iterable[str] | None = None,
        heaps: Iterable[str] | None = None,
        cmdline: str | None = None,
        cma_total: int | None = None,
        is_user_build: bool | None = None,
        cma_heaps: Iterable[str] = (),
    ) -> Evidence:
        """Build from any iterables; module names get one spelling."""
        return cls(
            None if modules is None else frozenset(map(module_name, modules)),
            None if modules_load is None else frozenset(map(module_name, modules_load)),
            None if heaps is None else frozenset(heaps),
            cmdline,
            cma_total,
            is_user_build,
            frozenset(cma_heaps),
        )

    def parameter(self, name: str) -> str | None:
        """Value of a kernel parameter (the last one counts); ``None`` when absent or the command line is not known."""
        last = None
        for word in (self.cmdline or "").split():
            key, equals, value = word.partition("=")
            if key == name and equals:
                last = value
        return last


class ProofKind(enum.StrEnum):
    """Which fact proves a requirement."""

    NODE = "node"
    CMA_HEAP = "cma_heap"
    MODULE = "module"
    PARAMETER = "parameter"
    CMA_TOTAL = "cma_total"


class Proven(enum.Enum):
    """What the evidence says about one proof."""

    YES = "yes"
    AT_BOOT = "listed to be loaded at boot"
    NO = "no"
    UNKNOWN = "not known"


class Proof(Struct, frozen=True):
    """One fact that shows a requirement to hold, whatever the configuration says.

    :param kind: where to look.
    :param pattern: heap name (shell pattern; for ``CMA_HEAP`` of those known to be of a CMA area), module name, or
        ``name=value pattern`` of a kernel parameter; for ``CMA_TOTAL`` the least number of bytes.
    """

    kind: ProofKind
    pattern: str

    def weigh(self, evidence: Evidence) -> tuple[Proven, str]:
        """What the evidence says, and the line to print for it; the line is empty where nothing is known."""
        return _WEIGH[self.kind](self.pattern, evidence)


def _weigh_node(pattern: str, evidence: Evidence) -> tuple[Proven, str]:
    if evidence.heaps is None:
        return Proven.UNKNOWN, ""
    names = sorted(name for name in evidence.heaps if fnmatchcase(name, pattern))
    if names:
        return Proven.YES, f"/dev/dma_heap/{names[0]} is there"
    return Proven.NO, f"/dev/dma_heap/{pattern} is not there"


def _weigh_cma_heap(pattern: str, evidence: Evidence) -> tuple[Proven, str]:
    names = sorted(name for name in evidence.cma_heaps if fnmatchcase(name, pattern))
    return (Proven.YES, f"/dev/dma_heap/{names[0]} is there, of a CMA area") if names else (Proven.UNKNOWN, "")


def _weigh_module(pattern: str, evidence: Evidence) -> tuple[Proven, str]:
    if evidence.modules is not None:
        if pattern in evidence.modules:
            return Proven.YES, f"module {pattern} is in /proc/modules"
        listed = evidence.modules_load is not None and pattern in evidence.modules_load
        tail = ", though modules.load lists it" if listed else ""
        return Proven.NO, f"module {pattern} is not in /proc/modules{tail}"
    if evidence.modules_load is None:
        return Proven.UNKNOWN, ""
    if pattern in evidence.modules_load:
        return Proven.AT_BOOT, f"modules.load lists {pattern}"
    return Proven.NO, f"modules.load does not list {pattern}"


def _weigh_parameter(pattern: str, evidence: Evidence) -> tuple[Proven, str]:
    if evidence.cmdline is None:
        return Proven.UNKNOWN, ""
    name, _, expected = pattern.partition("=")
    value = evidence.parameter(name)
    if value is not None and fnmatchcase(value, expected):
        return Proven.YES, f"the kernel command line has {name}={value}"
    return Proven.NO, f"the kernel command line has no {pattern}"


def _weigh_cma_total(pattern: str, evidence: Evidence) -> tuple[Proven, str]:
    if evidence.cma_total is None:
        return Proven.UNKNOWN, ""
    line = f"CmaTotal in /proc/meminfo is {evidence.cma_total >> 10} kB"
    least = parse_number(pattern)
    if least is None:
        return Proven.UNKNOWN, ""
    return (Proven.YES if evidence.cma_total >= least else Proven.NO), line


_WEIGH = {
    ProofKind.NODE: _weigh_node,
    ProofKind.CMA_HEAP: _weigh_cma_heap,
    ProofKind.MODULE: _weigh_module,
    ProofKind.PARAMETER: _weigh_parameter,
    ProofKind.CMA_TOTAL: _weigh_cma_total,
}
