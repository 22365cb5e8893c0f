"""What is known about one symbol or one requirement: ``bringup kconfig explain``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from bringup.errors import UsageError
from bringup.kernel.history.heap_names import HeapNames, heap_names
from bringup.kernel.history.symbols import Era, SymbolHistory, SymbolType, symbol_table
from bringup.kernel.history.version import Flavour
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Severity
from bringup.text import did_you_mean

__all__ = ["Explanation", "KconfigExplanation", "KconfigNames", "all_names", "explain"]


class Explanation(Struct, frozen=True):
    """A symbol with the requirements that look at it, or a requirement with the symbols that it looks at.

    :param symbols: histories, those of the name that was looked up first.
    :param unknown: symbols of the requirement whose history is not known.
    """

    name: str
    symbols: tuple[SymbolHistory, ...]
    requirements: tuple[Requirement, ...]
    heaps: tuple[HeapNames, ...]
    unknown: tuple[str, ...] = ()

    def document(self) -> KconfigExplanation:
        """As ``--json`` prints it."""
        return KconfigExplanation(
            self.name,
            tuple(map(ExplainedRequirement.of, self.requirements)),
            tuple(map(ExplainedSymbol.of, self.symbols)),
            tuple(ExplainedHeap(entry.heap, entry.symbol, str(entry.kernel), entry.names) for entry in self.heaps),
            self.unknown,
        )


class ExplainedRequirement(Struct, frozen=True):
    """A requirement.

    :param kernel: Series that it applies to, both ends included; .. is all of them.
    :param flavours: Trees that it applies to; empty is all of them.
    :param need: What it asks for, as an expression.
    :param when: It applies only where this holds; null where it always does.
    :param sources: Where the facts were read.
    """

    id: str
    title: str
    severity: Severity
    kernel: str
    flavours: tuple[Flavour, ...]
    need: str
    when: str | None
    why: str
    sources: tuple[str, ...]

    @classmethod
    def of(cls, requirement: Requirement) -> ExplainedRequirement:
        """As a document has it."""
        return cls(
            requirement.id,
            requirement.title,
            requirement.severity,
            str(requirement.kernel),
            tuple(sorted(requirement.flavours)),
            str(requirement.need),
            None if requirement.when is None else str(requirement.when),
            requirement.why,
            requirement.sources,
        )


class ExplainedEra(Struct, frozen=True):
    """A span of kernels in which a symbol looks one way.

    :param kernel: The series, both ends included.
    :param flavours: Trees that it applies to; empty is all of them.
    :param prompt: Whether a person can set it.
    :param depends: Kconfig expression; empty where it depends on nothing.
    :param sources: Where the facts were read.
    """

    kernel: str
    flavours: tuple[Flavour, ...]
    type: SymbolType
    prompt: bool
    depends: str
    note: str
    sources: tuple[str, ...]

    @classmethod
    def of(cls, era: Era) -> ExplainedEra:
        """As a document has it."""
        flavours = tuple(sorted(era.flavours))
        return cls(str(era.kernel), flavours, era.type, era.prompt, era.depends, era.note, era.sources)


class ExplainedSymbol(Struct, frozen=True):
    """The history of a symbol.

    :param symbol: Without CONFIG_.
    :param vendor: Whose tree it is from; null where mainline has it.
    :param module: The module that an m builds; null where there is none.
    :param heaps: The nodes that it puts below /dev/dma_heap.
    :param renamed_to: The symbol that took its place, and since which series; null where none did.
    """

    symbol: str
    what: str
    vendor: str | None
    module: str | None
    heaps: tuple[str, ...]
    renamed_to: tuple[str, str] | None
    eras: tuple[ExplainedEra, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, history: SymbolHistory) -> ExplainedSymbol:
        """As a document has it."""
        renamed = history.renamed_to
        return cls(
            history.name,
            history.what,
            history.vendor,
            history.module,
            history.heaps,
            None if renamed is None else (renamed.symbol, str(renamed.since)),
            tuple(map(ExplainedEra.of, history.eras)),
            history.notes,
        )


class ExplainedHeap(Struct, frozen=True):
    """A heap and what it is called in a span of kernels.

    :param symbol: The symbol that builds it.
    :param kernel: The series, both ends included.
    :param names: Names or shell patterns below /dev/dma_heap.
    """

    heap: str
    symbol: str
    kernel: str
    names: tuple[str, ...]


class KconfigExplanation(Struct, frozen=True, tag_field="schema", tag="bringup.kconfig-explain/1"):
    """What is known about a symbol or a requirement.

    :param name: What was looked up.
    :param symbols: Those of the name that was looked up first.
    :param unknown: Symbols of the requirement whose history is not known.
    """

    name: str
    requirements: tuple[ExplainedRequirement, ...]
    symbols: tuple[ExplainedSymbol, ...]
    heaps: tuple[ExplainedHeap, ...]
    unknown: tuple[str, ...]


class KconfigNames(Struct, frozen=True, tag_field="schema", tag="bringup.kconfig-names/1"):
    """Every name that can be looked up.

    :param requirements: Each requirement's id and title.
    :param symbols: Each symbol with a known history, without CONFIG_, and what it is.
    """

    requirements: Mapping[str, str]
    symbols: Mapping[str, str]


def all_names(requirements: Iterable[Requirement]) -> KconfigNames:
    """The names of these requirements and of all symbols with a known history."""
    return KconfigNames(
        {requirement.id: requirement.title for requirement in requirements},
        {name: history.what for name, history in symbol_table().items()},
    )


def every_name() -> list[str]:
    """Ids of the shipped requirements, then symbols with a known history."""
    return [*(requirement.id for requirement in shipped_requirements()), *symbol_table()]


def explain(name: str, requirements: tuple[Requirement, ...] | None = None) -> Explanation:
    """Look up a symbol (with or without ``CONFIG_``) or a requirement's id.

    :raises UsageError: there is neither; the hint names the nearest.
    """
    requirements = shipped_requirements() if requirements is None else requirements
    table = symbol_table()
    by_id = {requirement.id: requirement for requirement in requirements}
    if name in by_id:
        requirement = by_id[name]
        known = tuple(table[symbol] for symbol in requirement.symbols if symbol in table)
        unknown = tuple(symbol for symbol in requirement.symbols if symbol not in table)
        return Explanation(name, known, (requirement,), _heaps(known), unknown)
    symbol = name.upper().removeprefix("CONFIG_")
    if symbol in table:
        about = tuple(requirement for requirement in requirements if symbol in requirement.symbols)
        return Explanation(symbol, (table[symbol],), about, _heaps((table[symbol],)))
    hint = did_you_mean(name, by_id, "bringup kconfig explain --list lists all names")
    hint = did_you_mean(symbol, table, hint)
    raise UsageError(f"explain {name}", "no symbol and no requirement of that name is known", hint=hint)


def _heaps(histories: tuple[SymbolHistory, ...]) -> tuple[HeapNames, ...]:
    names = {history.name for history in histories}
    return tuple(entry for entry in heap_names() if entry.symbol in names)
