"""``bringup render``: kconfig, ueventd and other fragments from a board config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, config_names

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
        str | None, typer.Option("--board", metavar="NAME", help="The board config.", autocompletion=config_names)
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR", help="Write there; default: stdout.")] = None,
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
    from bringup.cli.console import say
    from bringup.config.shipped import config_dirs, find_config
    from bringup.errors import ExitCode, UsageError
    from bringup.render.engine import Rendered, Skipped
    from bringup.render.engine import render as render_fragments
    from bringup.render.output import diff, write

    if list_them:
        _list()
        return
    if what is None or board is None:
        hint = "bringup render all --board NAME -o DIR; bringup config list names the boards"
        raise UsageError("render", "a fragment and a board are needed", hint=hint)
    config = find_config(board, config_dirs(tuple(config_dir or ())))
    rendered: list[Rendered] = []
    for one in render_fragments(what, config, kernel=kernel):
        if isinstance(one, Skipped):
            say(f"{one.path}: not needed: {one.reason}")
        else:
            rendered.append(one)
    if diff_tree is not None:
        lines = list(diff(rendered, diff_tree))
        typer.echo("".join(f"{line}\n" for line in lines), nl=False)
        raise typer.Exit(int(ExitCode.FAILED if lines else ExitCode.PASSED))
    if output is None:
        typer.echo("".join(one.text for one in rendered), nl=False)
        return
    for written in write(rendered, output, force=force):
        say(f"{written.path}: {written.change.value}")


def _list() -> None:
    from bringup.cli.console import out, table
    from bringup.render.context import CONTEXT_HELP
    from bringup.render.fragments import fragments

    console = out()
    console.print(table(["fragment", "what"], [(one.id, one.title) for one in fragments()]))
    console.print(table(["in a template", "what it is"], CONTEXT_HELP.items()))
