"""``bringup render``: kconfig, ueventd and other fragments from a board config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.completion import board_config_names, fragment_names
from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir

app = App()


@app.command()
def render(
    what: Annotated[
        str | None, typer.Argument(metavar="WHAT", help="A fragment, or all.", autocompletion=fragment_names)
    ] = None,
    board: Annotated[
        list[str] | None,
        typer.Option(
            "--board", metavar="NAME", help="The board config; may be repeated.", autocompletion=board_config_names
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every board config.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write there, several boards into one folder each; default: stdout."),
    ] = None,
    kernel: Annotated[
        str | None,
        typer.Option("--kernel", metavar="V", help="For this kernel, e.g. 6.12; default: the config's newest."),
    ] = None,
    list_them: Annotated[
        bool, typer.Option("--list", help="Which fragments there are, and what a template can use.")
    ] = False,
    diff_tree: Annotated[
        Path | None, typer.Option("--diff", metavar="DIR", help="Show how the files in DIR differ; write nothing.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that bringup did not write.")] = False,
    config_dir: ConfigDir = None,
) -> int:
    """Render kconfig, ueventd and other fragments from a board config."""
    from bringup.cli.actions.render import RenderOptions, list_fragments, render_boards

    if list_them:
        list_fragments()
        return 0
    options = RenderOptions(
        what=what,
        boards=board or (),
        every=every,
        output=output,
        kernel=kernel,
        diff_tree=diff_tree,
        force=force,
        config_dir=config_dir or (),
    )
    return render_boards(options)
