"""Lines of a configuration that are odd: not as the kernel writes them, or about a symbol that no kernel has."""

from __future__ import annotations

from collections.abc import Iterable

from bringup.kernel.data.shipped import shipped_data
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.requirement import Requirement, symbols_of
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict, Severity
from bringup.outcome import Cause, Outcome
from bringup.text import did_you_mean

__all__ = ["odd_notes", "refuse_doubtful", "unknown_symbols"]

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


def unknown_symbols(config: KernelConfig) -> KconfigVerdict | None:
    """A warning about lines of a fragment that set a symbol of heaps which no known tree has; ``None`` without any.

    A whole configuration proves that its tree has what it names.
    """
    if config.complete:
        return None
    known = shipped_data()["symbols"]
    unknown = [
        symbol for symbol in config if _is_about_heaps(symbol) and symbol not in known and config.enabled(symbol)
    ]
    if not unknown:
        return None
    return KconfigVerdict(
        "lines.unknown-symbols",
        "Every symbol about heaps is one that a kernel has",
        Outcome.WARN,
        Answer.NO_SUCH_SYMBOL,
        Severity.RECOMMENDED,
        tuple(map(config.line, unknown)),
        Cause("kconfig.unknown-symbol", "no tree that is known here has the symbol, so the line does nothing"),
        tuple(_nearest(symbol, known) for symbol in unknown),
        symbols=tuple(unknown),
    )


def _is_about_heaps(symbol: str) -> bool:
    return symbol.startswith(("DMA_HEAP", "DMA_BUF_HEAP")) or "DMABUF_HEAP" in symbol


def _nearest(symbol: str, known: Iterable[str]) -> str:
    return f"instead of CONFIG_{symbol}: {did_you_mean(symbol, known, 'drop the line')}"
