"""``bringup compare``: what differs between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput
from bringup.cli.running import CANNOT_JUDGE, for_bisect, nothing_in_common

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison

app = App()


def _formats(incomplete: str) -> list[str]:
    from bringup.report import comparing_formats

    return [name for name in comparing_formats() if name.startswith(incomplete)]


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
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", help="html, md, junit, json. Default: a summary.", autocompletion=_formats),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="Write it there; html where no format is named.")
    ] = None,
) -> None:
    """What regressed, improved, appeared or vanished between two runs: boards, kernels or days."""
    from bringup.cli.results import uncollected
    from bringup.compare.runs import compare as compare_runs
    from bringup.lab.reading import read_run

    chosen = _chosen(format, json=json, to_file=output is not None)

    def do() -> int:
        now = read_run(after)
        found = compare_runs(read_run(before), now)
        _tell(found, chosen, output)
        if bisect and (found.undecided or nothing_in_common(found, now)):
            return CANNOT_JUDGE
        return int((bisect or fail_on_regression) and found.regressed)

    with uncollected():
        code = for_bisect(do) if bisect else do()
    raise typer.Exit(code)


def _chosen(name: str | None, *, json: bool, to_file: bool) -> str | None:
    """The format that the options ask for; ``None``: the terminal's summary.

    :raises UsageError: they contradict each other, or no comparison can be written in it.
    """
    from bringup.errors import UsageError

    if json and name not in (None, "json"):
        raise UsageError("read the command line", f"--json and --format {name} name two formats", hint="give one")
    name = "json" if json else name or ("html" if to_file else None)
    if name is not None and not json:
        from bringup.report import comparing_formats, find_format

        if find_format(name).compare is None:
            hint = f"a comparison can be written as: {', '.join(comparing_formats())}"
            raise UsageError("write a comparison", f"{name} is for runs only", hint=hint)
    return name


def _tell(found: Comparison, name: str | None, output: Path | None) -> None:
    """Write the comparison into a file or to stdout."""
    if name is None:
        from bringup.cli.console import out
        from bringup.report.comparison.terminal import summary

        out().print(summary(found))
    elif name == "json" and output is None:
        from bringup.cli.console import print_json

        print_json(found.to_json())
    elif output is None:
        from bringup.cli.console import print_report
        from bringup.report import rendered

        print_report(rendered(found, name))
    else:
        from bringup.cli.console import say
        from bringup.report import write_report

        say(f"wrote {write_report(found, name, output)}")
