"""Does an expression over symbols hold in one configuration, and which lines of the configuration show it."""

from __future__ import annotations

import enum
from functools import partial

from msgspec import Struct

from bringup.kernel.history.symbols import Era, Kernel, symbol_history
from bringup.kernel.kconfig.dotconfig import KernelConfig, unquote
from bringup.kernel.kconfig.effective import Effective
from bringup.kernel.kconfig.expression import And, parse_expression, value_of
from bringup.kernel.requirements.requirement import AllOf, Need, SymbolNeed
from bringup.text import parse_number

__all__ = ["NeedCheck", "NeedState", "accepts", "check_need", "unmet_dependencies"]

_DEPTH = 8
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
    # A part that the kernel does not have at all says nothing against the others; one that is not known may hold.
    wrong = best is NeedState.NO_SUCH_SYMBOL and any(part.state is NeedState.WRONG for part in parts)
    decided = NeedState.WRONG if wrong else best
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
    accepted = (str(need),)
    if not accepts(need, value):
        reasons = unmet_dependencies(need, config, kernel) or _dead_line(need.symbol, value, config, kernel)
        return NeedCheck(NeedState.WRONG, (line,), reasons, accepted)
    state, reasons = _does_it_stand(need.symbol, value, config, kernel)
    if state is NeedState.HOLDS and value == "m" and "y" in need.values:
        state = NeedState.MODULE
    return NeedCheck(state, (line,), reasons, accepted)


def _does_it_stand(symbol: str, value: str, config: KernelConfig, kernel: Kernel) -> tuple[NeedState, tuple[str, ...]]:
    """Whether a line that sets a symbol is believed: ``conf`` drops what type and dependencies do not allow."""
    if value not in {"y", "m"} or not kernel.symbols.known(symbol, kernel.version):
        return NeedState.HOLDS, ()
    era = kernel.era(symbol)
    if config.complete:
        # conf wrote it, so it stood in that tree. Only a dependency that is written as off speaks against it.
        off = () if era is None or era.selected_by else _written_off(era.depends, config, kernel)
        tail = f"is off, and CONFIG_{symbol} depends on it: was this file edited by hand?"
        reasons = tuple(f"{part} {tail}" for part in off)
        return (NeedState.UNKNOWN if reasons else NeedState.HOLDS), reasons
    if era is None:
        return NeedState.UNKNOWN, _dead_line(symbol, value, config, kernel)
    effective = Effective(config, kernel)
    reason = effective.why_it_falls(symbol, value)
    if reason:
        return NeedState.WRONG, (reason,)
    expression = parse_expression(era.depends)
    if era.depends and effective.is_open(expression):
        text = f"in some trees of this version CONFIG_{symbol} depends on {expression}"
        return NeedState.UNKNOWN, (f"{text}; where one of these is off, the line is dropped",)
    return NeedState.HOLDS, ()


def _written_off(depends: str, config: KernelConfig, kernel: Kernel, depth: int = 0) -> tuple[str, ...]:
    """The parts of a ``depends on`` that are written as off, or not mentioned because of something that is."""

    def value(name: str, unknown: str) -> str:
        written = config.values.get(name)
        if written is not None:
            return written
        era = kernel.era(name)
        hidden = era is not None and depth < _DEPTH and _written_off(era.depends, config, kernel, depth + 1)
        return "n" if hidden else unknown

    if not depends:
        return ()
    expression = parse_expression(depends)
    if value_of(expression, config.values.get):
        return ()
    parts = expression.parts if isinstance(expression, And) else (expression,)
    either = (partial(value, unknown="y"), partial(value, unknown="n"))
    return tuple(str(part) for part in parts if all(value_of(part, of) == 0 for of in either))


def _dead_line(symbol: str, value: str, config: KernelConfig, kernel: Kernel) -> tuple[str, ...]:
    """What to say of a line in a fragment for a kernel that does not have the symbol."""
    if config.complete or value not in {"y", "m"} or not kernel.symbols.known(symbol, kernel.version):
        return ()
    if kernel.era(symbol) is not None:
        return ()
    life = kernel.symbols.life(symbol, kernel.version)
    return (f"{life}; unless this tree has it from elsewhere, the line is dropped",)


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
        if era is not None and _tree_lacks(need.symbol, era, config, kernel):
            reason = f"{config.source} is whole and does not mention CONFIG_{need.symbol}: this tree has no such option"
            return NeedCheck(NeedState.NO_SUCH_SYMBOL, (line,), (reason,), accepted)
        return NeedCheck(NeedState.WRONG, (line,), unmet_dependencies(need, config, kernel), accepted)
    # A fragment leaves the symbol to its default.
    default = None if era is None else Effective(config, kernel).value(need.symbol)
    if default is None and _is_off_unless_set(need.symbol, era, config, kernel):
        default = "n"
    if default is None and era is not None and _any_default_is_right(need, era):
        defaults = " or ".join(value for value, _ in era.defaults)
        return NeedCheck(NeedState.HOLDS, (f"{line} (default {defaults})",), (), accepted)
    if default is None:
        reason = f"the default of CONFIG_{need.symbol} {_why_unknown(era, kernel)}"
        return NeedCheck(NeedState.UNKNOWN, (line,), (reason,), accepted)
    default = default or "n"
    holds = off_is_fine if default == "n" else accepts(need, default)
    return NeedCheck(NeedState.HOLDS if holds else NeedState.WRONG, (f"{line} (default {default})",), (), accepted)


def _is_off_unless_set(symbol: str, era: Era | None, config: KernelConfig, kernel: Kernel) -> bool:
    """Whether a symbol that a fragment does not mention is off in any tree, or in any version where it is not known."""
    if era is not None:
        # Where trees differ, it is off in those that have it and in those that do not.
        return era.prompt and not era.defaults and kernel.may_lack(symbol)
    history = symbol_history(symbol) if kernel.version is None else None
    return history is not None and all(
        era.prompt and not era.defaults and not any(config.enabled(name) for name, _ in era.selected_by)
        for era in history.eras
    )


def _why_unknown(era: Era | None, kernel: Kernel) -> str:
    if era is None:
        return "is not known" if kernel.version else "depends on the kernel's version: pass --kernel"
    tail = "" if kernel.arch else "; pass --arch"
    return f"depends on symbols that are not mentioned either{tail}"


def _any_default_is_right(need: SymbolNeed, era: Era) -> bool:
    """Whether each default is accepted, and the last has no condition; which of them it is does not matter then."""
    return bool(era.defaults) and not era.defaults[-1][1] and all(accepts(need, value) for value, _ in era.defaults)


def _tree_lacks(symbol: str, era: Era, config: KernelConfig, kernel: Kernel) -> bool:
    """Whether the tree of a whole configuration has no such symbol.

    ``conf`` writes each symbol with a prompt whose dependencies hold, at least as "is not set".
    """
    return era.prompt and kernel.may_lack(symbol) and not Effective(config, kernel).unmet(era.depends)


def unmet_dependencies(need: SymbolNeed, config: KernelConfig, kernel: Kernel) -> tuple[str, ...]:
    """Which dependencies keep a symbol off: one sentence for each part of its ``depends on`` that does not hold."""
    if need.values.isdisjoint({"y", "m"}) or not kernel.symbols.known(need.symbol, kernel.version):
        return ()
    era = kernel.era(need.symbol)
    if era is None:
        return ()
    if not era.depends or (config.complete and value_of(parse_expression(era.depends), config.values.get)):
        return ()
    missing = Effective(config, kernel).unmet(era.depends)
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
