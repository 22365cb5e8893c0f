"""The heap tests, each explained: what it does, why, on which kernels, by which source.

One file, one subject; a file is found by being here. It defines ``TESTS``. What a test asserts and needs is in the test
allocator's own table (:mod:`bringup.allocator.manifest`); that each test there is explained here, and nothing else, is
held by ``tests/checks/test_heaptests.py``. Nothing here is loaded before somebody asks.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bringup.checks.heaptests.heap_test_notes import HeapTestNotes

__all__ = ["PREFIX", "HeapTestNotes", "heap_test", "heap_test_notes"]

#: What a verdict's id has before the test's own.
PREFIX = "allocator."


@cache
def heap_test_notes() -> dict[str, HeapTestNotes]:
    """The notes on every test by its own id, in the order of the files' names and, in a file, as they stand.

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
    """The notes on the test of that id, its own or its verdict's; ``None`` where there is none."""
    return heap_test_notes().get(id.removeprefix(PREFIX))
