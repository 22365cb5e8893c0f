"""Does an expression over symbols hold in one configuration, and which lines of the configuration show it."""

from __future__ import annotations

import enum

from msgspec import Struct

from bringup.kernel.history.symbols import Kernel
from bringup.kernel.kconfig.dotconfig import KernelConfig, unquote
from bringup.kernel.kconfig.effective import Effective
from bringup.kernel.kconfig.expression import And, parse_expression, value_of
from bringup.kernel.requirements.requirement import AllOf, Need, SymbolNeed
from bringup.text import parse_number

__all__ = ["NeedCheck", "NeedState", "accepts", "check_need", "unmet_dependencies"]

_TRISTATE = frozenset({"y", "m", "n", "absent"})


class NeedState(enum.IntEnum):
    """From best to worst; the worst part decides an all-of."""

    HOLDS = 0
    MODULE = 1
    UNKNOWN = 2
    NO_SUCH_SYMBOL = 3
    WRONG = 4


class NeedCheck(Struct, frozen=True):
    """What a configuration says about a need.

    :param lines: the configuration's lines that decided.
    :param reasons: why it does not hold.
    :param accepted: what would have been accepted, as ``CONFIG_X=y|m``.
    """

    state: NeedState
    lines: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


def check_need(need: Need, config: KernelConfig, kernel: Kernel) -> NeedCheck:
    """The state of a need, with the lines of those parts that decided it."""
    if isinstance(need, SymbolNeed):
        return _check_symbol(need, config, kernel)
    parts = [check_need(part, config, kernel) for part in need.parts]
    if isinstance(need, AllOf):
        worst = max(part.state for part in parts)
        return _joined(worst, [part for part in parts if worst <= NeedState.MODULE or part.state is worst])
    best = min(part.state for part in parts)
    if best <= NeedState.MODULE:
        return next(part for part in parts if part.state is best)
    # A part that the kernel does not have at all says nothing against the others.
    decided = NeedState.WRONG if any(part.state is NeedState.WRONG for part in parts) else best
    joined = _joined(decided, [part for part in parts if part.state is decided])
    return NeedCheck(decided, joined.lines, joined.reasons, (" or ".join(joined.accepted),))


def _joined(state: NeedState, parts: list[NeedCheck]) -> NeedCheck:
    # A module comes first: it is the part that still has to be proven.
    parts = sorted(parts, key=lambda part: -part.state)
    return NeedCheck(
        state,
        tuple(line for part in parts for line in part.lines),
        tuple(reason for part in parts for reason in part.reasons),
        tuple(accepted for part in parts for accepted in part.accepted),
    )


def _check_symbol(need: SymbolNeed, config: KernelConfig, kernel: Kernel) -> NeedCheck:
    value = config.values.get(need.symbol)
    line = config.line(need.symbol)
    if value is None:
        return _check_absent(need, line, config, kernel)
    if accepts(need, value):
        state = NeedState.MODULE if value == "m" and "y" in need.values else NeedState.HOLDS
        return NeedCheck(state, (line,), (), (str(need),))
    return NeedCheck(NeedState.WRONG, (line,), unmet_dependencies(need, config, kernel), (str(need),))


def _check_absent(need: SymbolNeed, line: str, config: KernelConfig, kernel: Kernel) -> NeedCheck:
    """A symbol that the configuration does not mention."""
    accepted = (str(need),)
    off_is_fine = not need.values.isdisjoint({"n", "absent"})
    known = kernel.symbols.known(need.symbol, kernel.version)
    era = kernel.era(need.symbol) if known else None
    if known and era is None:
        if off_is_fine:
            return NeedCheck(NeedState.HOLDS, (line,), (), accepted)
        return NeedCheck(
            NeedState.NO_SUCH_SYMBOL, (line,), (kernel.symbols.life(need.symbol, kernel.version),), accepted
        )
    if config.complete:
        if off_is_fine:
            return NeedCheck(NeedState.HOLDS, (line,), (), accepted)
        return NeedCheck(NeedState.WRONG, (line,), unmet_dependencies(need, config, kernel), accepted)
    # A fragment leaves the symbol to its default.
    default = None if era is None else Effective(config, kernel).value(need.symbol)
    if default is None:
        why = "is not known" if era is None else "depends on symbols that are not mentioned either"
        reason = f"CONFIG_{need.symbol} is not mentioned in {config.source}, and its default {why}"
        return NeedCheck(NeedState.UNKNOWN, (line,), (reason,), accepted)
    default = default or "n"
    holds = off_is_fine if default == "n" else accepts(need, default)
    return NeedCheck(NeedState.HOLDS if holds else NeedState.WRONG, (f"{line} (default {default})",), (), accepted)


def unmet_dependencies(need: SymbolNeed, config: KernelConfig, kernel: Kernel) -> tuple[str, ...]:
    """Which dependencies keep a symbol off: one sentence for each part of its ``depends on`` that does not hold."""
    if need.values.isdisjoint({"y", "m"}) or not kernel.symbols.known(need.symbol, kernel.version):
        return ()
    era = kernel.era(need.symbol)
    if era is None or not era.depends:
        return ()
    expression = parse_expression(era.depends)
    parts = expression.parts if isinstance(expression, And) else (expression,)
    missing = [str(part) for part in parts if value_of(part, config.values.get) == 0]
    return tuple(f"CONFIG_{need.symbol} depends on {part}, which does not hold" for part in missing)


def accepts(need: SymbolNeed, value: str) -> bool:
    """Whether a value, as a ``.config`` writes it, is accepted."""
    if value in need.values:
        return True
    if value[:1] == '"':  # the text "y" is not the tristate y
        return unquote(value) in need.values - _TRISTATE
    if not need.ranges:
        return False
    number = parse_number(value, 0, signed=True)
    if number is None:
        return False
    return any((low is None or number >= low) and (high is None or number <= high) for low, high in need.ranges)
