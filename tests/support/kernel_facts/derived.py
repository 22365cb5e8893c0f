"""What bringup's data derives from the rows: names of heaps, and which kernels have a defect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bringup.kernel.history.defects import Defect, DefectState
from bringup.kernel.history.heap_names import HeapNames
from bringup.kernel.history.version import KernelVersion
from tests.support.kernel_facts.problem import Findings
from tests.support.kernel_facts.texts import Row, has_text

__all__ = ["check_defects", "check_heap_names"]


def check_heap_names(names: Iterable[HeapNames], rows: Iterable[Row], version: KernelVersion, tree: str) -> Findings:
    """Whether a kernel makes heaps of these names exactly if a row, which the tree was checked for, says so."""
    found = Findings(tree)
    by_name = {name: row for row in rows if row.kind == "heap" for name in row.used_by}
    entries = tuple(names)
    for name in dict.fromkeys(name for entry in entries for name in entry.names):
        row = by_name.get(name.replace("*@*", "*"))
        if row is None:
            found.expect(False, f"heap {name}", "no row in texts/heap.yaml says what makes it")
            continue
        said = any(name in entry.names and version in entry.kernel for entry in entries)
        real = bool(row.in_kernel(version))
        if name.endswith("*"):  # a node's name: the default area's before 6.17, each area's since 6.19
            found.expect(real or not said, f"heap {name}", "the data says that this kernel can make it")
        else:
            found.equal(f"heap {name}", "this kernel makes it", said, real)
    return found


def check_defects(
    defects: Iterable[Defect], rows: Iterable[Row], path: Path, version: KernelVersion, tree: str
) -> Findings:
    """Whether a tree has a defect as the data says. That the data does not know it is an error, too: the tree shows it."""
    found = Findings(tree)
    for defect, row in _with_rows(defects, rows):
        for seen in row.in_kernel(version):
            real = DefectState.PRESENT if has_text(path, seen) else DefectState.FIXED
            said = defect.state_in(version).state
            if version.candidate is None:  # in which candidate a fix came is not recorded
                found.equal(f"defect {defect.id}", "it is", said.value, real.value)
    return found


def _with_rows(defects: Iterable[Defect], rows: Iterable[Row]) -> Iterator[tuple[Defect, Row]]:
    by_id = {defect.id: defect for defect in defects}
    for row in rows:
        if row.kind == "defect":
            yield from ((by_id[name], row) for name in row.used_by)
