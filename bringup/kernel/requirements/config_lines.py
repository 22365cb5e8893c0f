"""What to write into a ``.config`` so that a need holds."""

from __future__ import annotations

from collections.abc import Mapping

from bringup.kernel.history.symbols import Kernel
from bringup.kernel.requirements.requirement import AnyOf, Need, SymbolNeed

__all__ = ["lines_to_set", "value_to_set"]


def lines_to_set(need: Need, kernel: Kernel, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Configuration lines, without dependencies. Of an any-of: the first part that the kernel has.

    :param settings: values that a requirement prefers where it accepts several.
    """
    if isinstance(need, SymbolNeed):
        value = settings.get(need.symbol) or value_to_set(need)
        if value is None:
            return ()
        return (f"# CONFIG_{need.symbol} is not set" if value == "n" else f"CONFIG_{need.symbol}={value}",)
    if isinstance(need, AnyOf):
        return lines_to_set(_first_in_kernel(need, kernel), kernel, settings)
    return tuple(line for part in need.parts for line in lines_to_set(part, kernel, settings))


def value_to_set(need: SymbolNeed) -> str | None:
    """The value to write: ``y`` before ``m`` before ``n``, else the first text, else the end of a range.

    :returns: ``None`` where the symbol has to be absent, which no line can say.
    """
    for value in ("y", "m", "n"):
        if value in need.values:
            return value
    if "absent" in need.values:
        return None
    if need.values:
        text = min(need.values)
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    low, high = need.ranges[0]
    return str(low if low is not None else high if high is not None else 0)


def _first_in_kernel(need: AnyOf, kernel: Kernel) -> Need:
    for part in need.parts:
        if not isinstance(part, SymbolNeed) or not kernel.symbols.known(part.symbol, kernel.version):
            return part
        if kernel.era(part.symbol) is not None:
            return part
    return need.parts[0]
