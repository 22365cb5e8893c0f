"""One expression over symbols against one configuration: does it hold, and on which lines does the answer rest."""

from __future__ import annotations

import enum

from msgspec import Struct

from bringup.kernel.history.symbols import Kernel
from bringup.kernel.kconfig.dotconfig import KernelConfig, unquote
from bringup.kernel.requirements.requirement import AllOf, Need, Wanted

__all__ = ["Finding", "State", "accepts", "find", "unmet"]

_TRISTATE = frozenset({"y", "m", "n", "absent"})


class State(enum.IntEnum):
    """From best to worst; the worst part decides an all-of."""

    HOLDS = 0
    MODULE = 1
    UNKNOWN = 2
    NO_SUCH_SYMBOL = 3
    WRONG = 4


class Finding(Struct, frozen=True):
    """:param lines: the configuration's lines that decided. :param reasons: why, where it does not hold.
    :param wanted: what was accepted, as ``CONFIG_X=y|m``.
    """

    state: State
    lines: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


def find(need: Need, config: KernelConfig, kernel: Kernel) -> Finding:
    """Weigh an expression. :returns: its state, with the lines of the parts that decided it."""
    if isinstance(need, Wanted):
        return _find_one(need, config, kernel)
    parts = [find(part, config, kernel) for part in need.parts]
    if isinstance(need, AllOf):
        worst = max(part.state for part in parts)
        return _joined(worst, [part for part in parts if worst <= State.MODULE or part.state is worst])
    best = min(part.state for part in parts)
    if best <= State.MODULE:
        return next(part for part in parts if part.state is best)
    # a part that the kernel does not have at all says nothing against the others
    decided = State.WRONG if any(part.state is State.WRONG for part in parts) else best
    joined = _joined(decided, [part for part in parts if part.state is decided])
    return Finding(decided, joined.lines, joined.reasons, (" or ".join(joined.wanted),))


def _joined(state: State, parts: list[Finding]) -> Finding:
    # what is a module goes first: it is the part that still wants a proof
    parts = sorted(parts, key=lambda part: -part.state)
    return Finding(
        state,
        tuple(line for part in parts for line in part.lines),
        tuple(reason for part in parts for reason in part.reasons),
        tuple(wanted for part in parts for wanted in part.wanted),
    )


def _find_one(need: Wanted, config: KernelConfig, kernel: Kernel) -> Finding:
    value = config.values.get(need.symbol)
    line = config.line(need.symbol)
    if value is None:
        return _find_absent(need, line, config, kernel)
    if accepts(need, value):
        return Finding(State.MODULE if value == "m" and "y" in need.values else State.HOLDS, (line,), (), (str(need),))
    return Finding(State.WRONG, (line,), unmet(need, config, kernel), (str(need),))


def _find_absent(need: Wanted, line: str, config: KernelConfig, kernel: Kernel) -> Finding:
    wanted = (str(need),)
    off_is_fine = not need.values.isdisjoint({"n", "absent"})
    known = kernel.symbols.known(need.symbol, kernel.version)
    era = kernel.era(need.symbol) if known else None
    if known and era is None:
        if off_is_fine:
            return Finding(State.HOLDS, (line,), (), wanted)
        return Finding(State.NO_SUCH_SYMBOL, (line,), (kernel.symbols.life(need.symbol, kernel.version),), wanted)
    if config.complete:
        if off_is_fine:
            return Finding(State.HOLDS, (line,), (), wanted)
        return Finding(State.WRONG, (line,), unmet(need, config, kernel), wanted)
    if era is None:
        reason = f"CONFIG_{need.symbol} is not mentioned in {config.source}, and what it defaults to is not known"
        return Finding(State.UNKNOWN, (line,), (reason,), wanted)
    from bringup.kernel.kconfig.effective import Effective

    default = Effective(config, kernel).value(need.symbol)
    if default is None:
        reason = (
            f"CONFIG_{need.symbol} is not mentioned in {config.source}, and what it defaults to hangs on what is not"
        )
        return Finding(State.UNKNOWN, (line,), (reason,), wanted)
    default = default or "n"
    holds = off_is_fine if default == "n" else accepts(need, default)
    return Finding(State.HOLDS if holds else State.WRONG, (f"{line} (default {default})",), (), wanted)


def unmet(need: Wanted, config: KernelConfig, kernel: Kernel) -> tuple[str, ...]:
    """Which dependencies keep a symbol off: one line for each part of its ``depends on`` that does not hold."""
    if need.values.isdisjoint({"y", "m"}) or not kernel.symbols.known(need.symbol, kernel.version):
        return ()
    era = kernel.era(need.symbol)
    if era is None or not era.depends:
        return ()
    from bringup.kernel.kconfig.expression import And, parse_expression, value_of

    expression = parse_expression(era.depends)
    parts = expression.parts if isinstance(expression, And) else (expression,)
    missing = [str(part) for part in parts if value_of(part, config.values.get) == 0]
    return tuple(f"CONFIG_{need.symbol} depends on {part}, which does not hold" for part in missing)


def accepts(need: Wanted, value: str) -> bool:
    """Whether a value, as a ``.config`` writes it, is one of those wanted."""
    if value in need.values:
        return True
    if value[:1] == '"':  # the text "y" is not the tristate y
        return unquote(value) in need.values - _TRISTATE
    if not need.ranges:
        return False
    try:
        number = int(value, 16 if value[:2] in {"0x", "0X"} else 10)
    except ValueError:
        return False
    return any((low is None or number >= low) and (high is None or number <= high) for low, high in need.ranges)
