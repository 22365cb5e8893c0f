"""All checks of facts, over all trees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bringup.kernel.history.defects import Defect, defects
from bringup.kernel.history.heap_names import HeapNames, heap_names
from bringup.kernel.history.symbols import SymbolHistory, symbol_table
from bringup.kernel.history.upstream import looked_at
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.kconfig.source_tree import tree_version
from tests.support.kernel_facts.derived import check_defects, check_heap_names
from tests.support.kernel_facts.problem import Problem
from tests.support.kernel_facts.symbols import check_selectors, check_symbols
from tests.support.kernel_facts.texts import Row, check_rows, rows

__all__ = ["Checked", "Data", "KernelTree", "check_all", "check_tree", "load_trees", "shipped"]


@dataclass(frozen=True, slots=True)
class KernelTree:
    """A kernel source tree, or the files of it that facts are about."""

    path: Path
    version: KernelVersion

    @property
    def name(self) -> str:
        """For people, e.g. ``linux-source-6.1_6.1.176-1``."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Data:
    """What is checked."""

    symbols: dict[str, SymbolHistory]
    rows: tuple[Row, ...]
    heaps: tuple[HeapNames, ...]
    defects: tuple[Defect, ...]


@dataclass(slots=True)
class Checked:
    """One tree's outcome. :param counts: subject → how many facts were compared."""

    name: str
    is_newer: bool
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def shipped() -> Data:
    """bringup's own data, and the rows."""
    return Data(dict(symbol_table()), rows(), heap_names(), defects())


def load_trees(paths: Iterable[Path]) -> list[KernelTree]:
    """The trees, the oldest kernel first. A candidate precedes the release of its series."""
    trees = [KernelTree(path, version) for path in paths if (version := tree_version(path)) is not None]
    return sorted(trees, key=lambda tree: (tree.version, tree.version.candidate or 0))


def check_tree(data: Data, tree: KernelTree) -> Checked:
    """Every fact about that kernel. One that is newer than the data is compared with its last series."""
    checked = Checked(tree.name, tree.version.series > looked_at().series)
    path, version, name = tree.path, tree.version, tree.name
    for subject, found in (
        ("options", check_symbols(data.symbols, path, version, name)),
        ("texts", check_rows(data.rows, path, version, name)),
        ("heaps", check_heap_names(data.heaps, data.rows, version, name)),
        ("defects", check_defects(data.defects, data.rows, path, version, name)),
    ):
        checked.counts[subject] = found.checked
        checked.problems += found.problems
    return checked


def check_all(trees: Sequence[KernelTree]) -> list[Checked]:
    """Each tree, and what can be said of all of them only."""
    data = shipped()
    checked = [check_tree(data, tree) for tree in trees]
    known = [(tree.path, tree.version) for tree in trees if tree.version.series <= looked_at().series]
    together = Checked("all trees together", is_newer=False)
    together.problems += check_selectors(data.symbols, known)
    together.counts["selectors"] = sum(
        len(era.selected_by) for history in data.symbols.values() for era in history.eras
    )
    return [*checked, together]
