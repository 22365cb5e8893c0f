"""``bringup report``: a run that was judged, or a comparison, written in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.completion import report_formats
from bringup.cli.lazy import App
from bringup.cli.options import RedactOption

app = App()


@app.command()
def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run's folder, its run.json, a report.html, or a comparison.")
    ],
    format: Annotated[
        str,
        typer.Option("--format", "-f", metavar="FORMAT", help="html, junit, json, …", autocompletion=report_formats),
    ] = "html",
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None,
    redact: RedactOption = False,
) -> None:
    """Write a run, or a comparison of two, as HTML, JUnit, JSON, …"""
    from bringup.cli.actions.report import report_document

    report_document(run, format, output, redact=redact)
