"""A command that is imported when it is used, so that ``--help`` and completion stay fast."""

from __future__ import annotations

import importlib
from functools import cached_property
from typing import Any

from typer.core import TyperCommand
from typer.main import get_command

__all__ = ["LazyCommand"]


class LazyCommand(TyperCommand):
    """Stands for the Typer object ``app`` of a module: knows its name and summary, loads the rest.

    :param module: dotted name of the module that has ``app``.
    """

    def __init__(self, name: str, module: str, summary: str) -> None:
        super().__init__(name=name, help=summary, short_help=summary, add_help_option=False, rich_markup_mode=None)
        self._module = module

    @cached_property
    def _real(self) -> Any:
        command = get_command(importlib.import_module(self._module).app)
        command.name = self.name
        return command

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse with the real command; the context that comes back is the real command's."""
        return self._real.make_context(info_name, args, parent=parent, **extra)
