"""The fewest symbols to set so that a need holds, dependencies included.

A plan grows by one symbol at a time. To set a symbol the planner first makes its dependencies hold, which sets further
symbols. Where there are alternatives (an any-of, an ``||``, several symbols that select it), it tries each and keeps
the one that sets the fewest symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from msgspec import Struct

from bringup.kernel.history.symbols import Era, Kernel, SymbolType
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.kconfig.effective import Effective
from bringup.kernel.kconfig.expression import And, BadExpression, Compare, Expression, Not, Or, Symbol, parse_expression
from bringup.kernel.requirements.config_lines import value_to_set
from bringup.kernel.requirements.need_check import accepts
from bringup.kernel.requirements.requirement import AllOf, Need, Requirement, SymbolNeed

__all__ = ["Impossible", "Plan", "Planner", "Reason"]

_DEPTH = 32


class Impossible(Exception):
    """No setting of symbols makes it hold; the text says why."""


class Reason(Struct, frozen=True):
    """Why a symbol is set.

    :param requirement: id of the requirement that needs it.
    :param symbol: the symbol that depends on it; empty where the requirement names the symbol itself.
    """

    requirement: str
    symbol: str = ""


class Plan(Struct, frozen=True):
    """Symbols to set, in order, each with its reason."""

    values: dict[str, str] = {}
    reasons: dict[str, Reason] = {}

    def with_value(self, symbol: str, value: str, reason: Reason) -> Plan:
        """The plan and one more symbol."""
        return Plan({**self.values, symbol: value}, {**self.reasons, symbol: self.reasons.get(symbol, reason)})


class Planner:
    """Makes plans for one configuration of one kernel."""

    def __init__(self, config: KernelConfig, kernel: Kernel) -> None:
        self._config, self._kernel = config, kernel

    def meet(self, requirement: Requirement, plan: Plan) -> Plan:
        """The plan, extended so that the requirement's need holds.

        :raises Impossible: setting symbols cannot make it hold.
        """
        return self._need(requirement.need, plan, requirement)

    def _effective(self, plan: Plan) -> Effective:
        return Effective(self._config, self._kernel, plan.values, frozenset())

    def _need(self, need: Need, plan: Plan, requirement: Requirement) -> Plan:
        if isinstance(need, SymbolNeed):
            return self._symbol_need(need, plan, requirement)
        if isinstance(need, AllOf):
            for part in need.parts:
                plan = self._need(part, plan, requirement)
            return plan
        return _fewest(plan, [partial(self._need, part, plan, requirement) for part in need.parts])

    def _symbol_need(self, need: SymbolNeed, plan: Plan, requirement: Requirement) -> Plan:
        current = self._effective(plan).value(need.symbol)
        if current is not None and accepts(need, current):
            return self._standing(need.symbol, current, plan, requirement)
        value = requirement.settings.get(need.symbol) or value_to_set(need)
        if value is None:
            raise Impossible(f"CONFIG_{need.symbol} has to go from the source tree, which no configuration can do")
        return self._set(need.symbol, value, Reason(requirement.id), plan, 0)

    def _standing(self, symbol: str, value: str, plan: Plan, requirement: Requirement) -> Plan:
        """The plan, extended by what a line of a fragment depends on in some trees of this version."""
        era = self._kernel.era(symbol) if value in {"y", "m"} and not self._config.complete else None
        return plan if era is None or not era.prompt else self._depends(symbol, era, 1, Reason(requirement.id), plan, 0)

    def _set(self, symbol: str, value: str, reason: Reason, plan: Plan, depth: int) -> Plan:
        """The plan, extended so that the symbol has this value.

        :param depth: how many dependencies led here.
        """
        if depth > _DEPTH:
            raise Impossible(f"CONFIG_{symbol}: its dependencies go in circles")
        if plan.values.get(symbol, value) != value:
            raise Impossible(f"CONFIG_{symbol} would have to be {plan.values[symbol]} and {value}")
        if self._effective(plan).value(symbol) == value:
            return plan
        # Nothing is known about the symbol: set it, and let olddefconfig decide.
        if not self._kernel.symbols.known(symbol, self._kernel.version):
            return plan.with_value(symbol, value, reason)
        era = self._kernel.era(symbol)
        if era is None and self._config.complete and symbol in self._config:
            return plan.with_value(symbol, value, reason)  # a tree with a backport
        if era is None:
            raise Impossible(self._kernel.symbols.life(symbol, self._kernel.version))
        if value == "m" and era.type is SymbolType.BOOL:
            value = "y"
        if not era.prompt:
            return self._set_without_prompt(symbol, era, value, reason, plan, depth)
        return self._set_with_prompt(symbol, era, value, reason, plan, depth)

    def _set_with_prompt(self, symbol: str, era: Era, value: str, reason: Reason, plan: Plan, depth: int) -> Plan:
        if value == "n":
            return self._switch_off(symbol, era, reason, plan, depth)
        # A tristate cannot be higher than what it depends on: y needs y. Of a bool, m is enough.
        level = 2 if value == "y" and era.type is SymbolType.TRISTATE else 1
        extended = self._depends(symbol, era, level, reason, plan.with_value(symbol, value, reason), depth)
        # olddefconfig keeps one member of a choice, so the others have to be switched off.
        for member in era.choice:
            if member != symbol and self._config.values.get(member) == "y":
                extended = extended.with_value(member, "n", Reason(reason.requirement, symbol))
        return extended

    def _switch_off(self, symbol: str, era: Era, reason: Reason, plan: Plan, depth: int) -> Plan:
        effective = self._effective(plan)
        selectors = [name for name, _ in era.selected_by if effective.value(name) in {"y", "m"}]
        if selectors:
            raise Impossible(f"CONFIG_{symbol} is selected by {', '.join(f'CONFIG_{name}' for name in selectors)}")
        plan = plan.with_value(symbol, "n", reason)
        # One member of a choice is always on: switch another one on.
        others = [member for member in era.choice if member != symbol]
        if others:
            return self._set(others[0], "y", Reason(reason.requirement, symbol), plan, depth + 1)
        return plan

    def _set_without_prompt(self, symbol: str, era: Era, value: str, reason: Reason, plan: Plan, depth: int) -> Plan:
        """A symbol that no person can set: it gets its value from a default, or from a symbol that selects it."""
        if value == "n":
            raise Impossible(f"CONFIG_{symbol} has no prompt: nobody can switch it off")
        ways: list[Callable[[], Plan]] = []
        if any(default == value for default, _ in era.defaults):
            ways.append(partial(self._depends, symbol, era, 1, reason, plan, depth))
        ways.extend(
            partial(self._set, name, "y", reason, plan, depth + 1)
            for name, _ in era.selected_by
            if (selector := self._kernel.era(name)) is not None and selector.prompt
        )
        if not ways:
            raise Impossible(f"CONFIG_{symbol} has no prompt, and nothing that can be set selects it")
        extended = _fewest(plan, ways)
        if len(extended.values) == len(plan.values):
            raise Impossible(f"CONFIG_{symbol} has no prompt and is off, although everything that it depends on holds")
        return extended

    def _depends(self, symbol: str, era: Era, level: int, reason: Reason, plan: Plan, depth: int) -> Plan:
        try:
            expression = parse_expression(era.depends)
        except BadExpression as error:
            raise Impossible(f"CONFIG_{symbol}: its dependencies are not understood: {error}") from error
        return self._hold(expression, level, Reason(reason.requirement, symbol), plan, depth + 1)

    def _hold(self, expression: Expression, level: int, reason: Reason, plan: Plan, depth: int) -> Plan:
        """The plan, extended so that the expression is at least ``level`` (1: m, 2: y)."""
        effective = self._effective(plan)
        # A symbol that only some trees of this version have is set as well; the others drop the line.
        if effective.level(expression) >= level and not effective.is_open(expression):
            return plan
        if isinstance(expression, And):
            for part in expression.parts:
                plan = self._hold(part, level, reason, plan, depth)
            return plan
        if isinstance(expression, Or):
            return _fewest(plan, [partial(self._hold, part, level, reason, plan, depth) for part in expression.parts])
        # What is left is one symbol: on, off, or equal to a constant.
        if isinstance(expression, Symbol) and expression.name not in {"y", "m", "n"}:
            return self._set(expression.name, "y", reason, plan, depth + 1)
        if isinstance(expression, Not) and isinstance(expression.part, Symbol):
            return self._set(expression.part.name, "n", reason, plan, depth + 1)
        if isinstance(expression, Compare) and expression.operator == "=" and expression.right in {"y", "m", "n"}:
            return self._set(expression.left, expression.right, reason, plan, depth + 1)
        raise Impossible(f"CONFIG_{reason.symbol} depends on {expression}, which no single symbol decides")


def _fewest(plan: Plan, ways: Iterable[Callable[[], Plan]]) -> Plan:
    """The extension of the plan that sets the fewest symbols; of equals the first.

    :raises Impossible: every way is; the reason is that of the first.
    """
    best: Plan | None = None
    why: Impossible | None = None
    for way in ways:
        try:
            extended = way()
        except Impossible as error:
            why = why or error
            continue
        if best is None or len(extended.values) < len(best.values):
            best = extended
        if len(best.values) == len(plan.values):
            break
    if best is None:
        raise why or Impossible("there is no way to it")
    return best
