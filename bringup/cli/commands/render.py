"""``bringup render``: kconfig, ueventd and other fragments from a board config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, config_names

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig
    from bringup.render.engine import Rendered

app = App()


def _fragments(incomplete: str) -> list[str]:
    from bringup.render.fragments import fragments

    return [name for name in ("all", *(one.id for one in fragments())) if name.startswith(incomplete)]


@app.command()
def render(
    what: Annotated[
        str | None, typer.Argument(metavar="WHAT", help="A fragment, or all.", autocompletion=_fragments)
    ] = None,
    board: Annotated[
        list[str] | None,
        typer.Option("--board", metavar="NAME", help="The board config; may be repeated.", autocompletion=config_names),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every board config.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write there, several boards into a folder each; default: stdout."),
    ] = None,
    kernel: Annotated[
        str | None,
        typer.Option("--kernel", metavar="V", help="For this kernel, e.g. 6.12; default: the config's newest."),
    ] = None,
    list_them: Annotated[
        bool, typer.Option("--list", help="Which fragments there are, and what a template gets.")
    ] = False,
    diff_tree: Annotated[
        Path | None, typer.Option("--diff", metavar="DIR", help="Show how the files in DIR differ; write nothing.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that bringup did not write.")] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Render kconfig, ueventd and other fragments from a board config."""
    from bringup.config.shipped import config_dirs, find_config, list_configs
    from bringup.errors import ExitCode, UsageError

    if list_them:
        _list()
        return
    dirs = config_dirs(tuple(config_dir or ()))
    names = [entry.name for entry in list_configs(dirs)] if every else list(dict.fromkeys(board or ()))
    if what is None or not names:
        hint = "bringup render all --board NAME -o DIR; bringup config list names the boards"
        raise UsageError("render", "a fragment and a board are needed", hint=hint)
    if len(names) > 1 and output is None and diff_tree is None:
        raise UsageError(f"render {len(names)} boards", "stdout holds one board", hint="give a folder: -o DIR")
    differ = False
    for config in [find_config(name, dirs) for name in names]:
        below = config.name if len(names) > 1 else ""
        files = _render(what, config, kernel, quiet=len(names) > 1)
        if diff_tree is not None:
            differ = _diff(files, diff_tree / below) or differ
        elif output is not None:
            _write(files, output / below, force=force)
        else:
            typer.echo("".join(one.text for one in files), nl=False)
    if differ:
        raise typer.Exit(int(ExitCode.FAILED))


def _render(what: str, config: BoardConfig, kernel: str | None, *, quiet: bool) -> list[Rendered]:
    """The files; which are not needed is said, and why."""
    from bringup.cli.console import say
    from bringup.render.engine import Skipped
    from bringup.render.engine import render as render_fragments

    files: list[Rendered] = []
    for one in render_fragments(what, config, kernel=kernel):
        if not isinstance(one, Skipped):
            files.append(one)
        elif not quiet:
            say(f"{one.path}: not needed: {one.reason}")
    return files


def _diff(files: Sequence[Rendered], tree: Path) -> bool:
    """Print how the files in ``tree`` differ; whether they do."""
    from bringup.render.output import diff

    lines = list(diff(files, tree))
    typer.echo("".join(f"{line}\n" for line in lines), nl=False)
    return bool(lines)


def _write(files: Sequence[Rendered], folder: Path, *, force: bool) -> None:
    from bringup.cli.console import say
    from bringup.render.output import write

    for written in write(files, folder, force=force):
        say(f"{written.path}: {written.change.value}")


def _list() -> None:
    from bringup.cli.console import out, table
    from bringup.render.context import CONTEXT_HELP
    from bringup.render.fragments import fragments

    console = out()
    console.print(table(["fragment", "what"], [(one.id, one.title) for one in fragments()]))
    console.print(table(["in a template", "what it is"], CONTEXT_HELP.items()))
