"""``bringup compare``: what differs between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.completion import comparison_formats
from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

app = App()

RunPath = typer.Argument(metavar="RUN", help="A run's folder, its run.json, a JSON or HTML report, or a record.")


@app.command()
def compare(
    before: Annotated[Path, RunPath],
    after: Annotated[Path, RunPath],
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit status 1 when something got worse.")
    ] = False,
    bisect: Annotated[
        bool, typer.Option("--bisect", help="For git bisect run: 1 worse, 125 could not be judged, 0 else.")
    ] = False,
    json: JsonOutput = False,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="html, md, junit, json. Default: a summary.",
            autocompletion=comparison_formats,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="Write it there; html where no format is named.")
    ] = None,
) -> int:
    """What regressed, improved, appeared or vanished between two runs: boards, kernels or days."""
    from bringup.cli.actions.compare import CompareOptions, compare_runs

    options = CompareOptions(
        fail_on_regression=fail_on_regression, bisect=bisect, as_json=json, format=format, output=output
    )
    return compare_runs(before, after, options)
