"""Two configurations side by side, or several that should say the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from msgspec import Struct

from bringup.errors import UsageError
from bringup.kernel.history.symbols import symbol_table
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.sources.source import Source

__all__ = ["Difference", "Disagreement", "KconfigDiff", "configs_of", "differences", "disagreements"]


class Difference(Struct, frozen=True):
    """A symbol that has different values.

    :param symbol: Without CONFIG_.
    :param values: One per source, as written; n is off, and null says nothing, as a fragment may.
    :param relevant: It has to do with DMA-BUFs, heaps or CMA.
    """

    symbol: str
    values: tuple[str | None, ...]
    relevant: bool


class Disagreement(Struct, frozen=True):
    """Two sources that have different values.

    :param sources: Their places in the list of sources, from 0.
    :param symbols: For how many symbols.
    """

    sources: tuple[int, int]
    symbols: int


class KconfigDiff(Struct, frozen=True, tag_field="schema", tag="bringup.kconfig-diff/1"):
    """Kernel configurations, compared.

    :param sources: What was read, in the order of the values.
    :param differences: Symbols of heaps first, then by name.
    :param disagreements: Which two sources differ; a fragment that does not mention a symbol disagrees with nobody.
    """

    sources: tuple[str, ...]
    differences: tuple[Difference, ...]
    disagreements: tuple[Disagreement, ...] = ()


def disagreements(found: Sequence[Difference], count: int) -> tuple[Disagreement, ...]:
    """Which two of ``count`` sources disagree, and on how many symbols."""
    pairs = (
        Disagreement((first, second), sum(_disagree(diff.values[first], diff.values[second]) for diff in found))
        for first, second in combinations(range(count), 2)
    )
    return tuple(pair for pair in pairs if pair.symbols)


def _disagree(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and first != second


def differences(configs: Sequence[KernelConfig], *, exact: bool = False) -> tuple[Difference, ...]:
    """Where configurations differ, symbols of heaps first, then by name.

    :param exact: distinguish "is not set" from "is not mentioned" in whole configurations, too; otherwise both are off.
    :raises UsageError: fewer than two configurations.
    """
    if len(configs) < 2:
        raise UsageError("compare configurations", f"{len(configs)} named", hint="name two or more")
    table = symbol_table()
    found = []
    for symbol in sorted({symbol for config in configs for symbol in config}):
        values = tuple(_value(config, symbol, exact) for config in configs)
        if len(set(values) if exact else set(values) - {None}) > 1:
            found.append(Difference(symbol, values, symbol in table))
    return tuple(sorted(found, key=lambda difference: not difference.relevant))


def configs_of(sources: Sequence[Source]) -> list[KernelConfig]:
    """The configurations of sources.

    :raises BringupError: a source holds none.
    """
    return [source.require_config("compare configurations") for source in sources]


def _value(config: KernelConfig, symbol: str, exact: bool) -> str | None:
    value = config.get(symbol)
    if value is None and config.complete and not exact:
        return "n"
    return value
