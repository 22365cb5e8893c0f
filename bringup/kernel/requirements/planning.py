"""The fewest symbols to set so that an expression holds, dependencies included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from msgspec import Struct, field

from bringup.kernel.history.symbols import Era, Kernel, SymbolType
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.kconfig.effective import Effective
from bringup.kernel.kconfig.expression import And, BadExpression, Compare, Expression, Not, Or, Symbol, parse_expression
from bringup.kernel.requirements.finding import accepts
from bringup.kernel.requirements.requirement import AllOf, Need, Requirement, Wanted
from bringup.kernel.requirements.setting import value_to_set

__all__ = ["Impossible", "Plan", "Planner", "Reason"]

_DEPTH = 32


class Impossible(Exception):
    """No setting of symbols makes it hold; the text says why."""


class Reason(Struct, frozen=True):
    """The requirement that asks for a symbol, and the symbol that depends on it where there is one between."""

    requirement: str
    symbol: str = ""


class Plan(Struct, frozen=True):
    """Symbols to set, in order, each with why.

    :param reasons: why each symbol is set.
    """

    values: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)

    def with_value(self, symbol: str, value: str, reason: Reason) -> Plan:
        """The plan and one more symbol."""
        return Plan({**self.values, symbol: value}, {**self.reasons, symbol: self.reasons.get(symbol, reason)})


class Planner:
    """Makes plans for one configuration of one kernel."""

    def __init__(self, config: KernelConfig, kernel: Kernel) -> None:
        self._config, self._kernel = config, kernel

    def meet(self, requirement: Requirement, plan: Plan) -> Plan:
        """The plan, extended so that the requirement's need holds.

        :raises Impossible: it cannot be made to hold by setting symbols.
        """
        return self._need(requirement.need, plan, requirement)

    def _effective(self, plan: Plan) -> Effective:
        return Effective(self._config, self._kernel, plan.values, frozenset())

    def _need(self, need: Need, plan: Plan, requirement: Requirement) -> Plan:
        if isinstance(need, Wanted):
            return self._wanted(need, plan, requirement)
        if isinstance(need, AllOf):
            for part in need.parts:
                plan = self._need(part, plan, requirement)
            return plan
        return _fewest(plan, [partial(self._need, part, plan, requirement) for part in need.parts])

    def _wanted(self, need: Wanted, plan: Plan, requirement: Requirement) -> Plan:
        current = self._effective(plan).value(need.symbol)
        if current is not None and accepts(need, current):
            return plan
        value = requirement.settings.get(need.symbol) or value_to_set(need)
        if value is None:
            raise Impossible(f"CONFIG_{need.symbol} has to go from the source tree, which no configuration can do")
        return self._set(need.symbol, value, Reason(requirement.id), plan, 0)

    def _set(self, symbol: str, value: str, reason: Reason, plan: Plan, depth: int) -> Plan:
        if depth > _DEPTH:
            raise Impossible(f"CONFIG_{symbol}: its dependencies go in circles")
        if plan.values.get(symbol, value) != value:
            raise Impossible(f"CONFIG_{symbol} would have to be {plan.values[symbol]} and {value}")
        if self._effective(plan).value(symbol) == value:
            return plan
        if not self._kernel.symbols.known(symbol, self._kernel.version):
            return plan.with_value(symbol, value, reason)
        era = self._kernel.era(symbol)
        if era is None:
            raise Impossible(self._kernel.symbols.life(symbol, self._kernel.version))
        if value == "m" and era.type is SymbolType.BOOL:
            value = "y"
        if not era.prompt:
            return self._without_prompt(symbol, era, value, reason, plan, depth)
        return self._with_prompt(symbol, era, value, reason, plan, depth)

    def _with_prompt(self, symbol: str, era: Era, value: str, reason: Reason, plan: Plan, depth: int) -> Plan:
        if value == "n":
            return self._switch_off(symbol, era, reason, plan, depth)
        level = 2 if value == "y" and era.type is SymbolType.TRISTATE else 1
        extended = self._depends(symbol, era, level, reason, plan.with_value(symbol, value, reason), depth)
        # olddefconfig keeps one member of a choice; the others have to say so
        for member in era.choice:
            if member != symbol and self._config.values.get(member) == "y":
                extended = extended.with_value(member, "n", Reason(reason.requirement, symbol))
        return extended

    def _switch_off(self, symbol: str, era: Era, reason: Reason, plan: Plan, depth: int) -> Plan:
        effective = self._effective(plan)
        selectors = [name for name, _ in era.selected_by if effective.value(name) in {"y", "m"}]
        if selectors:
            raise Impossible(f"CONFIG_{symbol} is selected by {', '.join(f'CONFIG_{name}' for name in selectors)}")
        others = [member for member in era.choice if member != symbol]
        if others:
            return self._set(
                others[0], "y", Reason(reason.requirement, symbol), plan.with_value(symbol, "n", reason), depth + 1
            )
        return plan.with_value(symbol, "n", reason)

    def _without_prompt(self, symbol: str, era: Era, value: str, reason: Reason, plan: Plan, depth: int) -> Plan:
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
        found = _fewest(plan, ways)
        if len(found.values) == len(plan.values):
            raise Impossible(f"CONFIG_{symbol} has no prompt and is off, although everything that it depends on holds")
        return found

    def _depends(self, symbol: str, era: Era, level: int, reason: Reason, plan: Plan, depth: int) -> Plan:
        try:
            expression = parse_expression(era.depends)
        except BadExpression as error:
            raise Impossible(f"CONFIG_{symbol}: its dependencies are not understood: {error}") from error
        return self._hold(expression, level, Reason(reason.requirement, symbol), plan, depth + 1)

    def _hold(self, expression: Expression, level: int, reason: Reason, plan: Plan, depth: int) -> Plan:
        if self._effective(plan).level(expression) >= level:
            return plan
        if isinstance(expression, And):
            for part in expression.parts:
                plan = self._hold(part, level, reason, plan, depth)
            return plan
        if isinstance(expression, Or):
            return _fewest(plan, [partial(self._hold, part, level, reason, plan, depth) for part in expression.parts])
        if isinstance(expression, Symbol) and expression.name not in {"y", "m", "n"}:
            return self._set(expression.name, "y", reason, plan, depth + 1)
        if isinstance(expression, Not) and isinstance(expression.part, Symbol):
            return self._set(expression.part.name, "n", reason, plan, depth + 1)
        if isinstance(expression, Compare) and expression.operator == "=" and expression.right in {"y", "m", "n"}:
            return self._set(expression.left, expression.right, reason, plan, depth + 1)
        raise Impossible(f"CONFIG_{reason.symbol} depends on {expression}, which no single symbol decides")


def _fewest(plan: Plan, ways: Iterable[Callable[[], Plan]]) -> Plan:
    """The way that sets the fewest symbols more; of equals the first."""
    best: Plan | None = None
    why: Impossible | None = None
    for way in ways:
        try:
            tried = way()
        except Impossible as error:
            why = why or error
            continue
        if best is None or len(tried.values) < len(best.values):
            best = tried
        if len(best.values) == len(plan.values):
            break
    if best is None:
        raise why or Impossible("there is no way to it")
    return best
