"""Facts of a board that prove what a symbol leaves open, and what several of them say together."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from bringup.kernel.history.symbols import builders_of
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.evidence import Evidence
from bringup.text import parse_number

__all__ = ["Proof", "ProofKind", "Proven", "WeighedProofs", "is_built", "proofs_of_this_board", "weigh_proofs"]


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


class WeighedProofs(Struct, frozen=True):
    """What the proofs of a requirement say together.

    :param by: the line that proves it.
    :param decisive: they come from the board itself, not only from a list of modules.
    """

    proven: Proven
    by: str = ""
    lines: tuple[str, ...] = ()
    decisive: bool = False


def proofs_of_this_board(proofs: Sequence[Proof], config: KernelConfig | None, evidence: Evidence) -> Sequence[Proof]:
    """The proofs without other vendors' modules: one counts where it is seen, or this configuration builds it."""
    modules = [proof for proof in proofs if proof.kind is ProofKind.MODULE]
    if not modules:
        return proofs
    seen = {proof for proof in modules if proof.weigh(evidence)[0] in {Proven.YES, Proven.AT_BOOT}}
    kept = seen or {proof for proof in modules if is_built(proof, config)} or set(modules[:1])
    return [proof for proof in proofs if proof.kind is not ProofKind.MODULE or proof in kept]


def is_built(proof: Proof, config: KernelConfig | None) -> bool:
    """Whether the configuration builds the module."""
    return config is not None and any(config.enabled(symbol) for symbol in builders_of(proof.pattern))


def weigh_proofs(proofs: Sequence[Proof], evidence: Evidence) -> WeighedProofs:
    """All proofs together. Where a heap node or a number of the board is known, it decides; modules only explain."""
    weighed = [(proof, *proof.weigh(evidence)) for proof in proofs]
    known = [entry for entry in weighed if entry[1] is not Proven.UNKNOWN]
    if not known:
        return WeighedProofs(Proven.UNKNOWN)
    lines = _lines_of(known)
    direct = [entry for entry in known if entry[0].kind is not ProofKind.MODULE]
    for best in (Proven.YES, Proven.AT_BOOT):
        for _, proven, line in direct or known:
            if proven is best:
                return WeighedProofs(proven, line, lines, decisive=bool(direct))
    return WeighedProofs(Proven.NO, "", lines, decisive=bool(direct))


def _lines_of(known: Sequence[tuple[Proof, Proven, str]]) -> tuple[str, ...]:
    """The lines of the proofs. Nodes that are not there share one line, or have none where another node is there."""
    absent: list[str] = []
    lines: list[str] = []
    has_node = False
    for proof, proven, line in known:
        if proof.kind is ProofKind.NODE and proven is Proven.NO:
            absent.append(proof.pattern)
        else:
            lines.append(line)
            has_node |= proof.kind is ProofKind.NODE
    if len(absent) < 2:
        return tuple(line for _, _, line in known)
    return tuple(lines) if has_node else (f"/dev/dma_heap has none of {', '.join(absent)}", *lines)
