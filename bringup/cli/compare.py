"""``bringup compare``: what differs between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput
from bringup.cli.running import CANNOT_JUDGE, for_bisect, nothing_in_common

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
        bool, typer.Option("--bisect", help="For git bisect run: 1 worse, 125 could not be found out, 0 else.")
    ] = False,
    json: JsonOutput = False,
) -> None:
    """What regressed, improved, appeared or vanished between two runs: boards, kernels or days."""
    from bringup.checks.compare import compare as compare_runs
    from bringup.cli.console import out, print_json
    from bringup.lab.reading import read_run

    def do() -> int:
        now = read_run(after)
        found = compare_runs(read_run(before), now)
        if json:
            print_json(found.to_json())
        else:
            from bringup.report.comparison import summary

            out().print(summary(found))
        if bisect and (found.undecided or nothing_in_common(found, now)):
            return CANNOT_JUDGE
        return int((bisect or fail_on_regression) and found.regressed)

    raise typer.Exit(for_bisect(do) if bisect else do())
