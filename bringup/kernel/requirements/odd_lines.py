"""Lines of a configuration that are not as the kernel writes them: which are noted, and which stop a judgement."""

from __future__ import annotations

from collections.abc import Iterable

from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.requirement import Requirement, symbols_of

__all__ = ["odd_notes", "refuse_doubtful"]

_SHOWN = 10


def odd_notes(config: KernelConfig | None) -> tuple[str, ...]:
    """One note for each odd line, ten at most."""
    odd = () if config is None else config.odd
    notes = tuple(map(str, odd[:_SHOWN]))
    return notes if len(odd) <= _SHOWN else (*notes, f"… and {len(odd) - _SHOWN} more lines like these")


def refuse_doubtful(config: KernelConfig | None, requirements: Iterable[Requirement]) -> None:
    """Stop where a requirement asks for a symbol whose value an odd line puts in doubt; other odd lines do not matter.

    :raises ConfigError: there is such a line.
    """
    doubtful = {line.symbol: line for line in config.odd if line.symbol} if config is not None and config.odd else {}
    if not doubtful:
        return
    for requirement in requirements:
        needs = (requirement.need,) if requirement.when is None else (requirement.need, requirement.when)
        for symbol in (symbol for need in needs for symbol in symbols_of(need)):
            if symbol in doubtful:
                raise doubtful[symbol].error()
