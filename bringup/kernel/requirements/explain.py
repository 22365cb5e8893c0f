"""All that is known about one symbol or one requirement, as data to print."""

from __future__ import annotations

from difflib import get_close_matches

from msgspec import Struct

from bringup.errors import UsageError
from bringup.kernel.history.heap_names import HeapNames, heap_names
from bringup.kernel.history.symbols import SymbolHistory, symbol_table
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.requirement import Requirement

__all__ = ["Explanation", "explain"]


class Explanation(Struct, frozen=True):
    """A symbol with the requirements that look at it, or a requirement with the symbols that it looks at.

    :param symbols: histories, those of the name asked for first.
    :param unknown: symbols of the requirement with no history here.
    """

    name: str
    symbols: tuple[SymbolHistory, ...]
    requirements: tuple[Requirement, ...]
    heaps: tuple[HeapNames, ...]
    unknown: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """As a JSON object, schema ``bringup.kconfig-explain/1``."""
        return {
            "schema": "bringup.kconfig-explain/1",
            "name": self.name,
            "requirements": [_requirement(requirement) for requirement in self.requirements],
            "symbols": [_history(history) for history in self.symbols],
            "heaps": [
                {"heap": entry.heap, "symbol": entry.symbol, "kernel": str(entry.kernel), "names": list(entry.names)}
                for entry in self.heaps
            ],
            "unknown": list(self.unknown),
        }


def _requirement(requirement: Requirement) -> dict[str, object]:
    return {
        "id": requirement.id,
        "title": requirement.title,
        "severity": requirement.severity.value,
        "kernel": str(requirement.kernel),
        "flavours": sorted(requirement.flavours),
        "need": str(requirement.need),
        "when": None if requirement.when is None else str(requirement.when),
        "why": requirement.why,
        "sources": list(requirement.sources),
    }


def _history(history: SymbolHistory) -> dict[str, object]:
    return {
        "symbol": history.name,
        "what": history.what,
        "vendor": history.vendor,
        "module": history.module,
        "heaps": list(history.heaps),
        "renamed_to": list(history.renamed_to) if history.renamed_to else None,
        "eras": [
            {
                "kernel": str(era.kernel),
                "flavours": sorted(era.flavours),
                "type": era.type.value,
                "prompt": era.prompt,
                "depends": era.depends,
                "note": era.note,
                "sources": list(era.sources),
            }
            for era in history.eras
        ],
        "notes": list(history.notes),
    }


def explain(name: str, requirements: tuple[Requirement, ...] | None = None) -> Explanation:
    """Look up a symbol (with or without ``CONFIG_``) or a requirement's id.

    :raises UsageError: neither is known under that name; the hint names the nearest.
    """
    wanted = shipped_requirements() if requirements is None else requirements
    table = symbol_table()
    by_id = {requirement.id: requirement for requirement in wanted}
    if name in by_id:
        requirement = by_id[name]
        known = tuple(table[symbol] for symbol in requirement.symbols if symbol in table)
        unknown = tuple(symbol for symbol in requirement.symbols if symbol not in table)
        return Explanation(name, known, (requirement,), _heaps(known), unknown)
    symbol = name.upper().removeprefix("CONFIG_")
    if symbol in table:
        about = tuple(requirement for requirement in wanted if symbol in requirement.symbols)
        return Explanation(symbol, (table[symbol],), about, _heaps((table[symbol],)))
    near = get_close_matches(symbol, table, 3) + get_close_matches(name, by_id, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "bringup kconfig explain --list names all that is known"
    raise UsageError(f"explain {name}", "no symbol and no requirement of that name is known", hint=hint)


def _heaps(histories: tuple[SymbolHistory, ...]) -> tuple[HeapNames, ...]:
    names = {history.name for history in histories}
    return tuple(entry for entry in heap_names() if entry.symbol in names)
