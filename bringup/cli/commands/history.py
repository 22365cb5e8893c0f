"""``bringup history``: what runs found over time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

app = App()


@app.command()
def history(
    board: Annotated[str, typer.Option("--board", metavar="PATTERN", help="Boards: serial or config.")] = "*",
    check: Annotated[str, typer.Option("--check", metavar="PATTERN", help="These checks only.")] = "*",
    heap: Annotated[str | None, typer.Option("--heap", metavar="PATTERN", help="These heaps only.")] = None,
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Runs from then on: 2026-11-01.")] = "",
    every_check: Annotated[bool, typer.Option("--all", help="Checks that never changed, too.")] = False,
    json: JsonOutput = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with pictures.")] = None,
    rebuild: Annotated[
        list[Path] | None,
        typer.Option("--rebuild", metavar="DIR", help="Make the index anew from the run folders in DIR.", exists=True),
    ] = None,
) -> int:
    """Last good, first bad, kernels between, what is flaky, and the benchmark over time."""
    from bringup.cli.actions.history import HistoryOptions, rebuild_index, show_history

    asked = HistoryOptions(
        board=board, check=check, heap=heap, since=since, every_check=every_check, as_json=json, html=html
    )
    return rebuild_index(rebuild) if rebuild else show_history(asked)
