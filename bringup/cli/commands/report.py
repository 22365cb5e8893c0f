"""``bringup report``: a run that was judged, or a comparison, written in another format."""

from __future__ import annotations

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
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run's folder, its run.json, a report.html, or a comparison.")
    ],
    format: Annotated[
        str, typer.Option("--format", "-f", help="html, junit, json, …", autocompletion=_formats)
    ] = "html",
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None,
) -> None:
    """Write a run, or a comparison of two, as HTML, JUnit, JSON, …"""
    from bringup.cli.console import print_report, say
    from bringup.cli.results import uncollected
    from bringup.report import find_format, rendered, write_report
    from bringup.report.load import load_document

    chosen = find_format(format)
    with uncollected():
        document = load_document(run)
        if output is None:
            print_report(rendered(document, chosen))
        else:
            say(f"wrote {write_report(document, chosen, output)}")
