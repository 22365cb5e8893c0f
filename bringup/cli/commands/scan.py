"""``bringup scan``: who still uses ION in a source tree, and what replaces each use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli import actions
from bringup.cli.completion import board_config_names, scan_rule_ids
from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput

app = App()


@app.command()
def scan(
    tree: Annotated[Path | None, typer.Argument(metavar="TREE", help="A folder of sources.")] = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            metavar="NAME",
            help="Name this board config's heaps as replacements.",
            autocompletion=board_config_names,
        ),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="ID", help="Only this rule; may be repeated.", autocompletion=scan_rule_ids),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="The rules: what each finds, why, by which source.")] = False,
    config_dir: ConfigDir = None,
    json: JsonOutput = False,
) -> int:
    """Who still uses ION in a source tree, and what replaces each use.

    Exit status: 0 nothing uses ION, 1 something does, 2 wrong usage, 3 no use was found, but not every file was read.
    """
    if listed:
        actions.scan.list_rules(rule or (), as_json=json)
        return 0
    return actions.scan.scan_sources(tree, rule or (), board, config_dir, as_json=json)
