"""Requirements: what a kernel configuration must say, as data. Built from plain dicts, whatever file they came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from bringup.errors import UsageError
from bringup.kernel.history.version import ANY_VERSION, Flavour, VersionRange
from bringup.kernel.requirements.proof import Proof, ProofKind
from bringup.kernel.requirements.verdict import Severity
from bringup.outcome import Cause
from bringup.text import parse_number

__all__ = ["Absent", "AllOf", "AnyOf", "Need", "Requirement", "SymbolNeed", "need_from_data", "symbols_of"]

_RANGE = r"(-?\d{1,20}|0[xX][0-9a-fA-F]{1,16})?\.\.(-?\d{1,20}|0[xX][0-9a-fA-F]{1,16})?"
_NESTING = 16


class SymbolNeed(Struct, frozen=True):
    """One symbol and what is accepted for it.

    :param values: accepted texts; ``y m n`` as the kernel writes them, ``n`` holds for "is not set" and for a symbol
        that is not mentioned, ``absent`` only for the latter; anything else is compared with the value, unquoted.
    :param ranges: accepted numbers, both ends included, ``None`` for an open end.
    """

    symbol: str
    values: frozenset[str]
    ranges: tuple[tuple[int | None, int | None], ...] = ()

    def __str__(self) -> str:
        numbers = [f"{'' if low is None else low}..{'' if high is None else high}" for low, high in self.ranges]
        order = {"y": 0, "m": 1, "n": 2, "absent": 3}
        words = sorted(self.values, key=lambda value: (order.get(value, 4), value))
        return f"CONFIG_{self.symbol}={'|'.join(words + numbers)}"


class AllOf(Struct, frozen=True):
    """Every part has to hold."""

    parts: tuple[Need, ...]

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


class AnyOf(Struct, frozen=True):
    """One part has to hold; the first is what a fragment would set."""

    parts: tuple[Need, ...]

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, AllOf) else str(part) for part in self.parts)


Need = SymbolNeed | AllOf | AnyOf


class Absent(Struct, frozen=True):
    """What it means that the kernel's tree does not have the symbols at all, so that no line helps."""

    cause: Cause
    remedy: tuple[str, ...]


def symbols_of(need: Need) -> Iterator[str]:
    """The symbols of an expression, in order of appearance."""
    if isinstance(need, SymbolNeed):
        yield need.symbol
        return
    for part in need.parts:
        yield from symbols_of(part)


class Requirement(Struct, frozen=True):
    """One requirement. Fields are those of the requirement files; ``docs/kconfig.md`` explains them.

    :param proofs: facts of a board that satisfy it whatever the configuration says (any one of them).
    :param proof_needed: ``m``, or a heap node that should be there, is believed only with a proof.
    :param spoiled_by: facts that undo a right configuration (``cma=0`` on the command line).
    :param unset_is_right: flavours in which the symbol is meant to be unset and only a proof counts.
    :param absent: a kernel whose tree does not have the symbols fails; without it, it is not asked.
    :param module_needs: what the module needs of a kernel in which the symbol is meant to be unset.
    :param on_gki: what to do on a GKI kernel instead: its image is Google's, and nobody else sets its options.
    :param settings: what a fragment writes where a range or several values are accepted.
    :param when: the requirement is asked only where this holds in the configuration.
    """

    id: str
    title: str
    need: Need
    severity: Severity = Severity.REQUIRED
    kernel: VersionRange = ANY_VERSION
    flavours: frozenset[Flavour] = frozenset()
    archs: frozenset[str] = frozenset()
    when: Need | None = None
    user_build_only: bool = False
    proofs: tuple[Proof, ...] = ()
    proof_needed: bool = False
    spoiled_by: tuple[Proof, ...] = ()
    unset_is_right: frozenset[Flavour] = frozenset()
    cause: Cause | None = None
    remedy: tuple[str, ...] = ()
    why: str = ""
    sources: tuple[str, ...] = ()
    heap: str | None = None
    absent: Absent | None = None
    module_needs: Need | None = None
    on_gki: tuple[str, ...] = ()
    settings: Mapping[str, str] = {}
    origin: str = ""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that its need looks at, each once."""
        return tuple(dict.fromkeys(symbols_of(self.need)))

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that provide it, mainline's first, then vendors' own."""
        return tuple(proof.pattern for proof in self.proofs if proof.kind is ProofKind.MODULE)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], origin: str = "") -> Requirement:
        """Build from the dict of a requirement file.

        :param origin: the file, for messages.
        :raises UsageError: a value that is none of those allowed.
        """
        cause, absent = data.get("cause"), data.get("absent")
        try:
            return cls(
                id=data["id"],
                title=data["title"],
                need=need_from_data(data["need"]),
                severity=Severity(data.get("severity", "required")),
                kernel=VersionRange.parse(data.get("kernel", "..")),
                flavours=frozenset(map(Flavour, data.get("flavour", ()))),
                archs=frozenset(data.get("arch", ())),
                when=need_from_data(data["when"]) if "when" in data else None,
                user_build_only=data.get("user_build", False),
                proofs=_proofs(data.get("proof", ())),
                proof_needed=data.get("proof_needed", False),
                spoiled_by=_proofs(data.get("spoiled_by", ())),
                unset_is_right=frozenset(map(Flavour, data.get("unset_is_right", ()))),
                cause=Cause(cause["id"], cause["text"]) if cause else None,
                remedy=tuple(data.get("remedy", ())),
                why=data.get("why", ""),
                sources=tuple(data.get("source", ())),
                heap=data.get("heap"),
                absent=Absent(Cause(**absent["cause"]), tuple(absent["remedy"])) if absent else None,
                module_needs=need_from_data(data["module_needs"]) if "module_needs" in data else None,
                on_gki=tuple(data.get("on_gki", ())),
                settings={symbol: str(value) for symbol, value in data.get("set", {}).items()},
                origin=origin,
            )
        except ValueError as error:
            raise UsageError(f"read requirement {data.get('id')!r}", str(error)) from error


def _proofs(entries: Sequence[Mapping[str, Any]]) -> tuple[Proof, ...]:
    return tuple(Proof(ProofKind(kind), str(pattern)) for entry in entries for kind, pattern in entry.items())


def need_from_data(data: Any, depth: int = 0) -> Need:
    """``{SYMBOL: accepted, …}`` (all of them), ``{any: [need, …]}``, ``{all: [need, …]}`` → expression.

    :raises UsageError: not of that shape, or nested deeper than 16.
    """
    if depth > _NESTING:
        raise _bad_need("nested too deeply")
    if not isinstance(data, Mapping) or not data:
        raise _bad_need(f"{data!r} is no mapping of symbols to accepted values")
    if len(data) == 1:
        (key, value) = next(iter(data.items()))
        if key in {"any", "all"}:
            if not isinstance(value, Sequence) or isinstance(value, str) or not value:
                raise _bad_need(f"{key}: wants a list")
            parts = tuple(need_from_data(part, depth + 1) for part in value)
            return AnyOf(parts) if key == "any" else AllOf(parts)
    parts = tuple(_wanted(symbol, accepted) for symbol, accepted in data.items())
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _wanted(symbol: str, accepted: Any) -> SymbolNeed:
    if not isinstance(symbol, str) or not _is_symbol(symbol) or symbol.startswith("CONFIG_"):
        raise _bad_need(f"{symbol!r} is no symbol name (without CONFIG_)")
    texts = accepted if isinstance(accepted, list | tuple) else [accepted]
    values: set[str] = set()
    ranges: list[tuple[int | None, int | None]] = []
    for entry in texts:
        if isinstance(entry, bool) or not isinstance(entry, str | int):
            raise _bad_need(
                f"{symbol}: {entry!r} is no accepted value; write y, m, n, absent, a number, 1..16 or a text"
            )
        text = str(entry)
        match = re.fullmatch(_RANGE, text, re.ASCII) if ".." in text else None
        if match is None:
            values.add(text)
        else:
            ranges.append((_number(match[1]), _number(match[2])))
    if not values and not ranges:
        raise _bad_need(f"{symbol}: accepts nothing")
    return SymbolNeed(symbol, frozenset(values), tuple(ranges))


def _is_symbol(text: str) -> bool:
    """``[A-Z0-9][A-Za-z0-9_]*``; a regular expression for it takes longer to compile than all symbols to check."""
    return text.isascii() and text.replace("_", "").isalnum() and not (text[0] == "_" or text[0].islower())


def _number(text: str | None) -> int | None:
    return None if text is None else parse_number(text, 0, signed=True)


def _bad_need(seen: str) -> UsageError:
    return UsageError("read the need of a requirement", seen, hint="need: {DMABUF_HEAPS: y} or need: {any: [...]}")
