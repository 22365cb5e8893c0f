"""Formats by their names: a format is one module of a package that defines ``FORMAT``; nothing lists it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType
from typing import Protocol, TypeVar

from bringup.errors import UsageError

__all__ = ["formats_in", "no_such_format"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Format = TypeVar("_Format", bound=_Named)


def formats_in(package: ModuleType, kind: type[_Format]) -> dict[str, _Format]:
    """Every format of a package by its name, sorted. Importing is cheap: each loads its needs when it renders."""
    names = (one.name for one in pkgutil.iter_modules(package.__path__))
    modules = (importlib.import_module(f"{package.__name__}.{name}") for name in names)
    found = [module.FORMAT for module in modules if isinstance(getattr(module, "FORMAT", None), kind)]
    return dict(sorted((entry.name, entry) for entry in found))


def no_such_format(name: str, known: Iterable[str], doing: str) -> UsageError:
    """The error about a name that no format has.

    :param doing: what it says that was being done.
    """
    return UsageError(doing, f"there is no format {name!r}", hint=f"formats are: {', '.join(known)}")
