"""``bringup config``: board configs begun, checked, listed, shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.completion import board_config_names
from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection

app = App("Begin, check, list and show board configs.")

_NAME = typer.Argument(metavar="NAME", help="A board config's name or file.", autocompletion=board_config_names)


@app.command("list")
def list_(config_dir: ConfigDir = None, json: JsonOutput = False) -> None:
    """The board configs, and the file of each."""
    from bringup.cli.actions.config import list_all

    list_all(config_dir or (), as_json=json)


@app.command()
def check(names: Annotated[list[str] | None, _NAME] = None, config_dir: ConfigDir = None) -> int:
    """Whether board configs are right; without a name, all of them."""
    from bringup.cli.actions.config import check_configs

    return check_configs(names or (), config_dir or ())


@app.command()
def show(name: Annotated[str, _NAME], config_dir: ConfigDir = None) -> None:
    """A board config as bringup reads it, with everything that it extends, as JSON."""
    from bringup.cli.actions.config import show_config

    show_config(name, config_dir or ())


@app.command()
def schema(output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None) -> None:
    """The JSON Schema of board configs, for editors."""
    from bringup.cli.actions.config import show_schema

    show_schema(output)


@app.command()
@selects_boards
def init(
    selection: Selection,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="RECORD", help="From this record, a folder or .tar.zst, instead of a connected board."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="NAME.yaml, which names the config; default: stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    root: RootOption = "auto",
) -> None:
    """Write a first config of a board, from the board or a record of it, and list the lines that need a look."""
    from bringup.cli.actions.config import init_config

    init_config(selection, record, output, force=force, root=root)
