"""Lines that the templates of ``bringup render`` write for one heap, for a board or for a board config alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bringup.config.schema import BoardConfig, DeclaredIn, Heap, HeapKind, Kernel, Memory, Region
from bringup.errors import BringupError
from bringup.facts.board import Facts
from bringup.facts.memory.reserved_memory import root_cells
from bringup.results.verdict import Change

__all__ = ["Basis", "basis_of", "cma_parameter", "device_tree", "rendered_lines", "with_heap"]

_COMMENT = re.compile(r"#(?! CONFIG_)|//")


@dataclass(frozen=True, slots=True)
class Basis:
    """What lines are rendered for.

    :param config: the board config; its heaps and its command line are not used.
    :param kernel: the release; ``None``: the newest that the config names.
    """

    config: BoardConfig
    kernel: str | None = None


def basis_of(facts: Facts) -> Basis:
    """The board config that matched and the cells of the device tree; if none matched, a config with nothing else."""
    base = facts.config or BoardConfig(name="board", title="This board")
    cells = root_cells(facts)
    if cells is not None:
        memory = (base.memory or Memory()).model_copy(update={"address_cells": cells[0], "size_cells": cells[1]})
        base = base.model_copy(update={"memory": memory})
    return Basis(base, str(facts.version) if facts.version else None)


def cma_parameter(basis: Basis, size: int) -> tuple[Change, ...]:
    """The command line that gives the default CMA area a size."""
    region = {"declared_in": DeclaredIn.CMDLINE, "size": size}
    heap = {"name": "reserved", "kind": HeapKind.CMA, "region": region}
    return rendered_lines(basis, "cmdline", {"BoardConfig.mk": ""}, heap=heap)


def device_tree(basis: Basis, name: str, region: Region | None, kind: HeapKind = HeapKind.CMA) -> tuple[Change, ...]:
    """The reserved-memory node behind a heap; empty if its size or the tree's cells are not known."""
    if region is None or region.size is None:
        return ()
    properties = region.model_dump() | {"declared_in": DeclaredIn.DEVICE_TREE}
    if kind is HeapKind.CMA and not region.no_map and region.compatible in (None, "shared-dma-pool"):
        properties["reusable"] = True
    heap = {"name": name, "kind": kind, "region": properties}
    return rendered_lines(basis, "device-tree", {"device-tree/heaps.dtsi": ".dtsi"}, heap=heap)


def rendered_lines(
    basis: Basis,
    fragment: str,
    files: dict[str, str],
    *,
    heap: dict[str, Any] | None = None,
    kernel: dict[str, Any] | None = None,
) -> tuple[Change, ...]:
    """Render a fragment for one heap; empty if it cannot be rendered.

    :param files: the file that gets the lines → the end of the path of the template's output.
    """
    from bringup.render.engine import Rendered, render

    try:
        config = with_heap(basis.config, heap, kernel or {})
        rendered = render(fragment, config, kernel=basis.kernel)
    except (ValidationError, BringupError):  # a name that no board config could hold; a user's template
        return ()
    changes = []
    for name, end in files.items():
        bodies = [_body(file) for file in rendered if isinstance(file, Rendered) and file.path.endswith(end)]
        lines = tuple(line for body in bodies for line in body)
        if lines:
            changes.append(Change(name, lines))
    return tuple(changes)


def with_heap(base: BoardConfig, heap: dict[str, Any] | None, kernel: dict[str, Any]) -> BoardConfig:
    """The board config with only this heap, no streams, and these facts of its kernel.

    :raises ValidationError: no board config can hold such a heap.
    """
    known = base.kernel or Kernel()
    return base.model_copy(
        update={
            "heaps": () if heap is None else (Heap.model_validate(heap),),
            "streams": (),
            "scenarios": (),
            "memory": base.memory or Memory(),
            "kernel": known.model_copy(update={"cmdline": (), **kernel}),
        }
    )


def _body(rendered: Any) -> tuple[str, ...]:
    """A file's lines without comments: these describe the whole file."""
    text = rendered.text.replace(rendered.header, "", 1)
    lines = (line.rstrip() for line in text.splitlines())
    return tuple(line for line in lines if line and not _COMMENT.match(line))
