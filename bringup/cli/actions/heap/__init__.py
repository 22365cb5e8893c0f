"""What ``bringup heap`` does. Its modules are imported when they are used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from bringup.cli.actions.heap import budget, holders, measure, watch

__all__ = ["budget", "holders", "measure", "watch"]


def __getattr__(name: str) -> ModuleType:
    """The module of that name, imported when it is first used: the command line starts fast."""
    if name not in __all__:
        raise AttributeError(name)
    return importlib.import_module(f"{__name__}.{name}")
