"""``bringup report``: a run that was judged, written in another format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.lazy import App

app = App()


def _formats(incomplete: str) -> list[str]:
    from bringup.report import all_formats

    return [name for name in all_formats() if name.startswith(incomplete)]


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, its run.json, or a report.html.")],
    format: Annotated[
        str, typer.Option("--format", "-f", help="html, junit, json, …", autocompletion=_formats)
    ] = "html",
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None,
) -> None:
    """Write a run as HTML, JUnit, JSON, …"""
    from bringup.cli.console import say
    from bringup.report import find_format, write_report
    from bringup.report.readback import load_report

    chosen = find_format(format)
    document = load_report(run)
    if output is None:
        sys.stdout.write(chosen.render(document))
    else:
        say(f"wrote {write_report(document, chosen, output)}")
