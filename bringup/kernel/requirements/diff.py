"""Two configurations side by side, or several that should say the same."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from bringup.errors import UsageError
from bringup.kernel.history.symbols import symbol_table
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.sources.configuration import Source

__all__ = ["Difference", "Disagreement", "configs_of", "differences", "disagreements"]


class Difference(Struct, frozen=True):
    """A symbol on which configurations disagree.

    :param values: for each configuration, in order, the value as written, ``n`` for off; ``None`` where it says nothing
        (a fragment that does not mention the symbol).
    :param relevant: the symbol has to do with dma-bufs, heaps or CMA.
    """

    symbol: str
    values: tuple[str | None, ...]
    relevant: bool

    def to_json(self) -> dict[str, object]:
        """As a JSON object."""
        return {"symbol": self.symbol, "values": list(self.values), "relevant": self.relevant}


class Disagreement(Struct, frozen=True):
    """Two of the configurations, by their place, and on how many symbols they disagree."""

    first: int
    second: int
    symbols: int


def disagreements(found: Sequence[Difference], count: int) -> list[Disagreement]:
    """Which two disagree, of ``count`` configurations compared; a fragment that says nothing disagrees with nobody."""
    pairs = [(first, second) for first in range(count) for second in range(first + 1, count)]
    told = [
        Disagreement(first, second, sum(_disagree(one.values[first], one.values[second]) for one in found))
        for first, second in pairs
    ]
    return [one for one in told if one.symbols]


def _disagree(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and first != second


def differences(configs: Sequence[KernelConfig], *, exact: bool = False) -> list[Difference]:
    """Where configurations disagree, symbols of heaps first, each part by name.

    :param exact: also tell "is not set" from "is not mentioned" in whole configurations; otherwise both are off.
    :raises UsageError: fewer than two configurations.
    """
    if len(configs) < 2:
        raise UsageError("compare configurations", f"{len(configs)} named", hint="name two or more")
    table = symbol_table()
    symbols = sorted({symbol for config in configs for symbol in config})
    found = []
    for symbol in symbols:
        values = tuple(_value(config, symbol, exact) for config in configs)
        told = {value for value in values if value is not None} if not exact else set(values)
        if len(told) > 1:
            found.append(Difference(symbol, values, symbol in table))
    return sorted(found, key=lambda difference: not difference.relevant)


def configs_of(sources: Sequence[Source]) -> list[KernelConfig]:
    """The configurations of sources.

    :raises BringupError: one holds none.
    """
    return [source.require_config("compare configurations") for source in sources]


def _value(config: KernelConfig, symbol: str, exact: bool) -> str | None:
    value = config.get(symbol)
    if value is None and config.complete and not exact:
        return "n"
    return value
