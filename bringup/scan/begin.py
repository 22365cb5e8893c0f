"""Beginning a scan before most of it is imported: ripgrep searches while Python starts."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bringup.scan.finding.ripgrep import TreeSearch, find_ripgrep
from bringup.scan.readers.candidates import finder_forms

__all__ = ["begin"]


def begin(trees: Sequence[str]) -> TreeSearch | None:
    """ripgrep's search of a tree; ``None``: there is no ripgrep, or not one tree that is a folder."""
    program = find_ripgrep()
    if program is None or len(trees) != 1 or not os.path.isdir(trees[0]):  # noqa: PTH112
        return None
    return TreeSearch(program, os.path.realpath(trees[0]), finder_forms())
