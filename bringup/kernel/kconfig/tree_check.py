"""A configuration against the source tree it is meant for: does every symbol exist, may it have that value, do its
dependencies hold. What fails here is what ``olddefconfig`` drops without a word.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from bringup.kernel.history.symbols import Kernel, SymbolType
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.kconfig.effective import Effective
from bringup.kernel.kconfig.expression import And, BadExpression, parse_expression
from bringup.kernel.kconfig.source_tree import SourceTree, TreeSymbol

__all__ = ["TreeProblem", "TreeProblemKind", "check_against_tree"]

_NUMERIC = {SymbolType.INT, SymbolType.HEX}


class TreeProblemKind(enum.StrEnum):
    """What is wrong with a symbol."""

    UNDEFINED = "not defined"
    WRONG_TYPE = "wrong type"
    UNMET = "dependencies not met"


class TreeProblem(Struct, frozen=True):
    """One symbol that the tree would not take as it is set. :param place: ``file:line`` of its definition."""

    symbol: str
    kind: TreeProblemKind
    text: str
    place: str = ""


def check_against_tree(config: KernelConfig, tree: SourceTree) -> list[TreeProblem]:
    """Symbols that the configuration sets and the tree would drop or change, in the configuration's order."""
    effective = Effective(config, Kernel(tree.version, None, tree.arch, tree))
    found = (_check(symbol, value, tree, effective) for symbol, value in config.values.items() if value != "n")
    return [problem for problem in found if problem is not None]


def _check(symbol: str, value: str, tree: SourceTree, effective: Effective) -> TreeProblem | None:
    known = tree.symbols.get(symbol)
    if known is None:
        return TreeProblem(symbol, TreeProblemKind.UNDEFINED, tree.life(symbol, None))
    wrong = _wrong_type(known, value)
    if wrong:
        text = f"CONFIG_{symbol}={value}: {known.type.value} {wrong}"
        return TreeProblem(symbol, TreeProblemKind.WRONG_TYPE, text, known.places[0])
    missing = _missing(known, value, effective)
    if missing:
        text = f"CONFIG_{symbol}={value} depends on {' and on '.join(missing)}, which does not hold"
        return TreeProblem(symbol, TreeProblemKind.UNMET, text, known.places[0])
    return None


def _wrong_type(symbol: TreeSymbol, value: str) -> str:
    if symbol.type is SymbolType.STRING:
        return "" if value.startswith('"') else "wants quotes"
    if symbol.type in _NUMERIC:
        return "" if value[:1].isdigit() or value[:1] == "-" else "wants a number"
    if value not in {"y", "m"}:
        return "takes y, m or n only"
    return "takes no m" if value == "m" and symbol.type is SymbolType.BOOL else ""


def _missing(symbol: TreeSymbol, value: str, effective: Effective) -> list[str]:
    if not symbol.depends:
        return []
    try:
        expression = parse_expression(symbol.depends)
    except BadExpression:
        return []
    level = 2 if value == "y" and symbol.type is SymbolType.TRISTATE else 1
    if effective.level(expression) >= level or effective.is_selected(symbol.selected_by):
        return []
    parts = expression.parts if isinstance(expression, And) else (expression,)
    return [str(part) for part in parts if effective.level(part) < level]
