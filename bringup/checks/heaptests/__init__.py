"""The tests of the test allocator, each explained: what it does, why, since when, by which source.

One file, one subject; a file is found by being here. It defines ``TESTS``. That these are the tests which the program
has, and that they say what its table says, is held by ``tests/checks/test_heaptests.py``. Nothing here is loaded before
somebody asks.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bringup.checks.heaptests._shape import Asked, KnownTest

__all__ = ["PREFIX", "Asked", "KnownTest", "known_test", "known_tests"]

#: What a verdict's id has before the test's own.
PREFIX = "allocator."


@cache
def known_tests() -> dict[str, KnownTest]:
    """Every test by its own id, in the order of the files' names and, in a file, as they stand.

    :raises ValueError: two files explain one test.
    """
    found: dict[str, KnownTest] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        if module.name.startswith("_"):
            continue
        for test in importlib.import_module(f"{__name__}.{module.name}").TESTS:
            if test.id in found:
                raise ValueError(f"{test.id} is explained twice")
            found[test.id] = test
    return found


def known_test(id: str) -> KnownTest | None:  # noqa: A002 - its name everywhere
    """The test of that id, its own or its verdict's; ``None`` where there is none."""
    return known_tests().get(id.removeprefix(PREFIX))
