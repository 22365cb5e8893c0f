"""What a symbol's value comes out as, where a configuration says nothing: defaults, selects, dependencies.

A whole ``.config`` says everything: what it does not mention is off. A defconfig or fragment leaves the rest to the
defaults, which are known from the symbols' history or from a source tree. What is in neither stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bringup.kernel.history.symbols import Kernel, SymbolType
from bringup.kernel.history.version import Flavour
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.kconfig.expression import And, Expression, parse_expression, symbols_in, value_of

__all__ = ["Effective"]

_DEPTH = 24
# Architecture as arch/ spells it → the symbol that every configuration of it has.
_ARCH_SYMBOLS = {
    "arm": "ARM",
    "arm64": "ARM64",
    "loongarch": "LOONGARCH",
    "mips": "MIPS",
    "powerpc": "PPC",
    "riscv": "RISCV",
    "s390": "S390",
    "x86": "X86",
}


class Effective:
    """Values of symbols, those of a plan laid over a configuration.

    :param plan: symbols to be set, with their values.
    :param fresh: symbols whose value a whole configuration does not have either, because the plan is what
        makes them visible; they have their defaults.
    """

    def __init__(
        self,
        config: KernelConfig,
        kernel: Kernel,
        plan: Mapping[str, str] | None = None,
        fresh: frozenset[str] = frozenset(),
    ) -> None:
        self._config, self._kernel = config, kernel
        self._plan = plan or {}
        self._fresh = fresh
        self._open: set[str] = set()
        self._known: dict[str, str | None] = {}

    def value(self, name: str) -> str | None:
        """The value as a ``.config`` would write it; ``None`` where it is not known."""
        if name in self._plan:
            return self._plan[name]
        written = self._config.values.get(name)
        # An "n" may be wrong once the plan selects the symbol; of a fragment, a "y" or "m" may not stand either.
        if written is not None and written != "n" and (self._config.complete or written not in {"y", "m"}):
            return written
        if name not in self._known:
            if name in self._open or len(self._open) > _DEPTH:
                return None
            self._open.add(name)
            value = self._derived(name, written)
            self._open.discard(name)
            if value is None and self._open:
                return None  # perhaps only because the question goes in a circle: ask again from outside
            self._known[name] = value
        return self._known[name]

    def level(self, expression: Expression | str) -> int:
        """0, 1, 2 for n, m, y. What is not known counts as on: nobody can set it, so it must not fail anything."""
        return max(self.bounds(expression))

    def bounds(self, expression: Expression | str) -> tuple[int, int]:
        """The level with everything unknown off, and with everything unknown on. They differ where it matters."""
        if isinstance(expression, str):
            expression = parse_expression(expression)
        return value_of(expression, self.value), value_of(expression, self._or_on)

    def _or_on(self, name: str) -> str | None:
        value = self.value(name)
        return "y" if value is None else value

    def _derived(self, name: str, written: str | None) -> str | None:
        era = self._kernel.era(name)
        # What selects a symbol overrules everything else.
        if era is not None and self.is_selected(era.selected_by):
            return "y"
        if self._kernel.arch is not None and name in _ARCH_SYMBOLS.values():
            return "y" if _ARCH_SYMBOLS.get(self._kernel.arch) == name else "n"
        if written is not None:
            return "n" if self.why_it_falls(name, written) else written
        # Not mentioned: off in a whole configuration, at its default in a fragment. Where trees differ and a whole one
        # does not mention it, this tree has no such symbol, and nothing in it depends on one.
        optional = self._kernel.may_lack(name)
        if self._config.complete and name not in self._fresh:
            return None if optional else "n"
        if optional and self._kernel.flavour is Flavour.VENDOR:
            return None
        if era is None:
            return "n" if self._kernel.symbols.known(name, self._kernel.version) else None
        # Only a symbol that selects it can switch it on, and perhaps not all of these are known.
        if not era.prompt and not era.defaults:
            whole = era.whole or self._kernel.symbols.whole
            return "n" if whole and all(self.value(name) is not None for name, _ in era.selected_by) else None
        if era.depends and self.level(era.depends) == 0:
            return "n" if era.type in {SymbolType.BOOL, SymbolType.TRISTATE} else ""
        return era.default(self.bounds)

    def why_it_falls(self, name: str, value: str) -> str:
        """Why ``conf`` drops a line that sets a symbol to ``y`` or ``m``, in one sentence; empty where it keeps it."""
        era = self._kernel.era(name)
        if era is None or not era.prompt or value not in {"y", "m"}:
            return ""
        if value == "m" and era.type is SymbolType.BOOL:
            return f"CONFIG_{name} is a bool in {self._kernel.version}: m is not valid there, and the line is dropped"
        missing = self.unmet(era.depends)
        if not missing or self.is_selected(era.selected_by):
            return ""
        return f"CONFIG_{name} depends on {' and '.join(missing)}, which does not hold, so the line is dropped"

    def unmet(self, depends: str) -> list[str]:
        """The parts of a ``depends on`` that do not hold."""
        if not depends:
            return []
        expression = parse_expression(depends)
        parts = expression.parts if isinstance(expression, And) else (expression,)
        return [str(part) for part in parts if self.level(part) == 0]

    def is_open(self, expression: Expression) -> bool:
        """Whether it hangs on a symbol that only some trees of this version have, and a fragment does not set."""
        return not self._config.complete and any(
            self._kernel.may_lack(name) and self.value(name) is None for name in symbols_in(expression)
        )

    def is_selected(self, selectors: Iterable[tuple[str, str]]) -> bool:
        """Whether one of the symbols that select it is on, and its condition holds.

        In a whole configuration only those of the plan are asked: what the others select is written in it.
        """
        if self._config.complete:
            selectors = [
                entry for entry in selectors if self._plan.get(entry[0], self._config.values.get(entry[0])) != "n"
            ]
        return any(self.value(name) in {"y", "m"} and self.level(condition) > 0 for name, condition in selectors)
