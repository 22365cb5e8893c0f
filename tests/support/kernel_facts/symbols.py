"""The history of kernel options (``bringup/kernel/data/symbols.yaml``) against the Kconfig files and Makefiles of a tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from bringup.kernel.history.symbols import Era, SymbolHistory
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.kconfig.expression import And, BadExpression, Expression, Not, Or, parse_expression
from bringup.kernel.kconfig.kconfig_file import Definition, read_statements
from bringup.kernel.kconfig.source_tree import SourceTree, TreeSymbol, read_tree
from tests.support.kernel_facts.problem import Findings, Problem

__all__ = ["check_selectors", "check_symbols", "options"]

#: What most boards are. Options that another architecture selects are found without it.
_ARCHITECTURE = "arm64"
#: Each architecture defines these for itself, so only their existence, type and selectors are facts.
_OF_ARCHITECTURES = frozenset({"MMU", "HAVE_DMA_CONTIGUOUS"})
_MODULE_LINE = re.compile(r"^obj-\$\(CONFIG_(\w+)\)\s*[:+]?=\s*(.+)$", re.MULTILINE)


@cache
def options(path: Path) -> SourceTree:
    """All options of a tree. Read once."""
    return read_tree(path, _ARCHITECTURE)


def check_symbols(histories: Mapping[str, SymbolHistory], path: Path, version: KernelVersion, name: str) -> Findings:
    """What the data says of each option in that version, against the tree.

    :param name: the tree, for messages.
    """
    found = Findings(name)
    tree, modules = options(path), _modules(path)
    for symbol, history in histories.items():
        era, real = history.era(version), tree.symbols.get(symbol)
        fact = f"CONFIG_{symbol}"
        said = "exists" if era else "does not exist"
        if not found.expect((era is None) == (real is None), fact, f"the data says that it {said}; the tree disagrees"):
            continue
        if era is not None and real is not None:
            _check_era(found, fact, era, real)
            selectors = _selectors(path).get(symbol, {})
            unknown = sorted(selectors.keys() - dict(era.selected_by).keys())
            found.expect(not unknown, fact, f"is selected by {', '.join(unknown)}, too")
            if history.module is not None and era.type == "tristate":
                built = modules.get(symbol, frozenset())
                text = f"module: the data says {history.module!r}, the Makefiles {sorted(built)}"
                found.expect(history.module in built, fact, text)
    return found


def _check_era(found: Findings, fact: str, era: Era, real: TreeSymbol) -> None:
    found.equal(fact, "type", era.type.value, real.type.value)
    found.equal(fact, "prompt", era.prompt, real.prompt)
    found.equal(fact, "choice", sorted(era.choice), sorted(real.choice))
    if real.name in _OF_ARCHITECTURES:
        return
    found.equal(fact, "depends on", _canonical(era.depends), _canonical(real.depends))
    real_defaults = _conditional(default for default in real.defaults if default[0] != "n")
    said = _conditional(era.defaults)
    # Where releases of a series differ, the data says so: one of the two is right.
    doubtful = [(value, _canonical(era.default_unknown_if)) for value, _ in era.defaults]
    text = f"default: the data says {said}, the tree {real_defaults}"
    found.expect(real_defaults in (said, doubtful), fact, text)
    selects = {name for name, _ in real.selects}
    missing = sorted(set(era.selects) - selects)
    found.expect(not missing, fact, f"the data says that it selects {', '.join(missing)}; the tree does not")


def check_selectors(
    histories: Mapping[str, SymbolHistory], trees: Sequence[tuple[Path, KernelVersion]]
) -> Iterator[Problem]:
    """What the data says to select an option, and no tree of that era shows."""
    for symbol, history in histories.items():
        for era in history.eras:
            covered = [path for path, version in trees if history.era(version) is era]
            real = [_selectors(path).get(symbol, {}) for path in covered]
            for name, condition in era.selected_by:
                conditions = {_canonical(shown) for shows in real for shown in shows.get(name, ())}
                if covered and _canonical(condition) not in conditions:
                    seen = f"it does so under {sorted(conditions)}" if conditions else "none shows it"
                    where = ", ".join(path.name for path in covered)
                    yield Problem(f"CONFIG_{symbol}", where, f"selected by {name} if {condition or 'y'}: {seen}")


@cache
def _selectors(path: Path) -> Mapping[str, Mapping[str, set[str]]]:
    """Option → who selects it, and under which conditions, on any architecture: by all Kconfig files of the tree."""
    found: dict[str, dict[str, set[str]]] = {}
    for file in path.rglob("Kconfig*"):
        if file.is_file() and not file.is_relative_to(path / "scripts"):
            statements = read_statements(file.read_text("utf-8", "replace"))
            for definition in (statement for statement in statements if isinstance(statement, Definition)):
                for target, condition in definition.selects:
                    found.setdefault(target, {}).setdefault(definition.name, set()).add(condition)
    return found


@cache
def _modules(path: Path) -> Mapping[str, frozenset[str]]:
    """Option → the modules that the lines ``obj-$(CONFIG_X) += NAME.o`` of all Makefiles build."""
    found: dict[str, set[str]] = {}
    for makefile in (*path.rglob("Makefile"), *path.rglob("Kbuild")):
        text = makefile.read_text("utf-8", "replace").replace("\\\n", " ")
        for symbol, objects in _MODULE_LINE.findall(text):
            names = (word.removesuffix(".o") for word in objects.split("#")[0].split() if word.endswith(".o"))
            found.setdefault(symbol, set()).update(name.replace("-", "_") for name in names)
    return {symbol: frozenset(names) for symbol, names in found.items()}


def _conditional(entries: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(value, _canonical(condition)) for value, condition in entries]


def _canonical(text: str) -> str:
    """The expression with its parts in order, so that two ways to write it are equal."""
    try:
        return _sorted(parse_expression(text))
    except BadExpression:
        return text


def _sorted(expression: Expression) -> str:
    if isinstance(expression, Not):
        return f"!{_sorted(expression.part)}"
    if isinstance(expression, And | Or):
        sign = " && " if isinstance(expression, And) else " || "
        return f"({sign.join(sorted({_sorted(part) for part in _flat(expression)}))})"
    return str(expression)


def _flat(expression: And | Or) -> Iterator[Expression]:
    for part in expression.parts:
        if type(part) is type(expression):
            yield from _flat(part)
        else:
            yield part
