"""``bringup compare``: what differs between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

if TYPE_CHECKING:
    from bringup.checks.compare import Comparison

app = App()

_CANNOT_JUDGE = 125  # what git bisect run takes for "skip this commit"
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
    from bringup.cli.console import print_json
    from bringup.lab.reading import read_run

    found = compare_runs(read_run(before), read_run(after))
    if json:
        print_json(found.to_json())
    else:
        _show(found)
    if bisect and found.undecided:
        raise typer.Exit(_CANNOT_JUDGE)
    raise typer.Exit(int((bisect or fail_on_regression) and found.regressed))


def _show(found: Comparison) -> None:
    from bringup.cli.console import out, table

    console = out()
    if found.differences:
        rows = [
            (one.change.value, one.before or "", one.after or "", one.heap or "", one.id, one.why)
            for one in found.differences
        ]
        console.print(table(["", "before", "after", "heap", "check", "why"], rows))
    for timing in found.timings:
        word = "slower" if timing.slower else "faster"
        console.print(
            f"{word}: {timing.heap}, {timing.size // 1024} KiB: alloc p50 "
            f"{timing.before_p50 / 1000:.1f} µs, now {timing.after_p50 / 1000:.1f} µs",
            soft_wrap=True,
        )
    for serials, words in ((found.only_before, "only in the first run"), (found.only_after, "only in the second run")):
        if serials:
            console.print(f"{words}: {', '.join(serials)}", soft_wrap=True)
    if not (found.differences or found.timings or found.only_before or found.only_after):
        console.print("no difference")
