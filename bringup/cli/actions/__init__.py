"""What the commands do. A command names one of these modules, ``actions.run``, and it is imported then."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from bringup.cli.actions import (
        boards,
        check,
        collect,
        compare,
        config,
        doctor,
        explain,
        heap,
        history,
        kconfig,
        render,
        report,
        run,
        scan,
        status,
        virtual,
    )

__all__ = [
    "boards",
    "check",
    "collect",
    "compare",
    "config",
    "doctor",
    "explain",
    "heap",
    "history",
    "kconfig",
    "render",
    "report",
    "run",
    "scan",
    "status",
    "virtual",
]


def __getattr__(name: str) -> ModuleType:
    """The module of that name, imported when it is first used: the command line starts fast."""
    if name not in __all__:
        raise AttributeError(name)
    return importlib.import_module(f"{__name__}.{name}")
