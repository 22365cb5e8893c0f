"""Commands that are imported when they are used, so that ``--help`` and completion stay fast."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bringup.errors import Interrupted, UsageError

__all__ = ["App", "LazyCommand"]

#: One of several words, as Typer writes it.
_CHOICE = re.compile(r"<(\w+(?:\|\w+)+)>")
_WHOLE = 1000


def _split_words(command: Any, ctx: Any, args: list[str]) -> list[str]:
    """For completion: split the words as the command's own parser does, and convert none of them.

    Typer converts values with pydantic, even here, and importing pydantic takes longer than all the rest. Leaves in
    ``ctx`` what ``parse_args`` leaves there.
    """
    parser = command.make_parser(ctx)
    ctx.params, rest, _ = parser.parse_args(args=args)
    ctx._opt_prefixes.update(parser._opt_prefixes)
    return list(rest)


class _Command(TyperCommand):
    """A command whose function returns its exit status; ``None`` is 0."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            self._not_config(args)
            return super().parse_args(ctx, args)
        ctx.args = _split_words(self, ctx, args)
        return list(ctx.args)

    def _not_config(self, args: list[str]) -> None:
        """What is called a board config everywhere is named with --board; Typer would suggest --config-dir.

        :raises UsageError: the option is given, and this command has no such option.
        """
        options = {name for parameter in self.params for name in parameter.opts}
        given = any(word.partition("=")[0] == "--config" for word in args)
        if given and "--board" in options and "--config" not in options:
            hint = "--board NAME names a board config (see 'bringup config list'); --config-dir DIR is where they lie"
            raise UsageError(f"read the options of {self.name}", "there is no option --config", hint=hint)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """List the options under the headings that they name; without Rich, Typer lists all under one."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is None:
                continue
            names, about = record
            if parameter.param_type_name == "argument":
                sections["Arguments"].append((names.partition(" <")[0], about))  # without the type in Python's words
            else:
                heading = getattr(parameter, "rich_help_panel", None) or "Options"
                sections.setdefault(heading, []).append((_CHOICE.sub(r"\1", names), about))
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def invoke(self, ctx: Any) -> Any:
        ctx.exit(int(super().invoke(ctx) or 0))


class _Group(TyperGroup):
    """A group of commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        rest = _split_words(self, ctx, args)
        ctx._protected_args, ctx.args = rest[:1], rest[1:]
        return list(ctx.args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands with whole sentences; Typer cuts them to one line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(_WHOLE)) for name, command in commands if command])

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        :raises Interrupted: Ctrl-C. Left alone, Typer would end the process without a message.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise Interrupted("run", "interrupted", hint="\n".join(getattr(stop, "__notes__", ()))) from stop


class App(typer.Typer):
    """What a command's module calls ``app``: one command, or a group of them where ``help`` is given."""

    def __init__(self, help: str | None = None, **more: Any) -> None:
        more = {"add_completion": False} | more  # to install completion is offered by bringup itself only
        super().__init__(cls=_Group, help=help, no_args_is_help=help is not None, rich_markup_mode=None, **more)

    def command(self, name: str | None = None, **more: Any) -> Callable[..., Any]:
        """As :meth:`typer.Typer.command`; the function returns the exit status, or ``None`` for 0."""
        return super().command(name, cls=_Command, **more)


class LazyCommand(TyperCommand):
    """Stands for the ``app`` of a module: has its name and summary, and loads the rest when it is used.

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
