"""The heap tests, each explained: what it does, why, on which kernels, by which source.

One file per subject. Each file in this folder defines ``TESTS``; there is no list to add it to. What a test asserts
and needs is in the test allocator's own table (:mod:`bringup.allocator.manifest`). ``tests/checks/test_heaptests.py``
checks that exactly the tests of that table are explained here. The files are loaded on first use.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bringup.checks.heaptests.heap_test_notes import HeapTestNotes

__all__ = ["PREFIX", "HeapTestNotes", "heap_test", "heap_test_notes"]

#: A verdict's id is this and the test's id.
PREFIX = "allocator."


@cache
def heap_test_notes() -> dict[str, HeapTestNotes]:
    """The notes on every test by the test's id, ordered by file name, then as in the file.

    :raises ValueError: two files explain the same test.
    """
    notes: dict[str, HeapTestNotes] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        for test in getattr(importlib.import_module(f"{__name__}.{module.name}"), "TESTS", ()):
            if test.id in notes:
                raise ValueError(f"{test.id} is explained twice")
            notes[test.id] = test
    return notes


def heap_test(id: str) -> HeapTestNotes | None:  # noqa: A002 - its name everywhere
    """The notes on the test with that id, or whose verdict has it; ``None`` where there is none."""
    return heap_test_notes().get(id.removeprefix(PREFIX))
