"""``bringup status``: mainline and Android Common Kernels, feature by feature; and what of it a board depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.completion import board_config_names
from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput

app = App()

_DEPENDS = "What a board depends on"


@app.command()
def status(
    kernel: Annotated[
        str | None,
        typer.Option("--kernel", metavar="RELEASE", help="What this kernel has; default: each feature's life span."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            metavar="NAME",
            help="Also what this board config asks for that mainline does not have.",
            autocompletion=board_config_names,
            rich_help_panel=_DEPENDS,
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="RECORD",
            help="Also what was observed on a board that mainline does not have.",
            rich_help_panel=_DEPENDS,
        ),
    ] = None,
    modules: Annotated[
        Path | None,
        typer.Option(
            "--modules",
            metavar="DIR",
            help="Also which kernel modules below DIR call what only Android Common Kernels export.",
            rich_help_panel=_DEPENDS,
        ),
    ] = None,
    config_dir: ConfigDir = None,
    json: JsonOutput = False,
) -> None:
    """What of DMA-BUF heaps is in mainline and what in Android Common Kernels only; a board's upstream gap."""
    from bringup.cli.actions.status import show_status

    show_status(kernel, board=board, record=record, modules=modules, folders=config_dir, as_json=json)
