"""``bringup config``: board configs checked, listed, shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, config_names

app = App("Check, list and show board configs.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A board config's name or file.", autocompletion=config_names)
]


@app.command("list")
def list_them(config_dir: ConfigDir = None, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Which board configs there are, and where each is from."""
    from bringup.cli.console import out, print_json, table
    from bringup.config.shipped import config_dirs, find_config, list_configs

    dirs = config_dirs(tuple(config_dir or ()))
    rows = [(one.name, find_config(one.name, dirs).title, str(one.path)) for one in list_configs(dirs)]
    if json:
        print_json([{"name": name, "title": title, "path": path} for name, title, path in rows])
    else:
        out().print(table(["board config", "board", "file"], rows))


@app.command("check")
def check_them(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", autocompletion=config_names)] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Whether board configs are right; without a name, all of them."""
    from bringup.cli.console import out, print_error
    from bringup.config.shipped import config_dirs, find_config, list_configs
    from bringup.errors import ExitCode, UsageError

    dirs = config_dirs(tuple(config_dir or ()))
    wrong = 0
    chosen = names or [entry.name for entry in list_configs(dirs)]
    for name in chosen:
        try:
            find_config(name, dirs)
        except UsageError as error:
            print_error(error)
            wrong += 1
    out().print(f"{len(chosen) - wrong} of {len(chosen)} board configs are right")
    raise typer.Exit(int(ExitCode.USAGE if wrong else ExitCode.PASSED))


@app.command()
def show(name: Name, config_dir: ConfigDir = None) -> None:
    """A board config as bringup reads it, with what it extends filled in, as JSON."""
    from bringup.cli.console import print_json
    from bringup.config.shipped import config_dirs, find_config

    config = find_config(name, config_dirs(tuple(config_dir or ())))
    print_json(config.model_dump(mode="json", exclude_defaults=True))


@app.command()
def schema(output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None) -> None:
    """The JSON Schema of board configs, for editors."""
    import json

    from bringup.config.jsonschema import board_config_schema

    text = json.dumps(board_config_schema(), indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
