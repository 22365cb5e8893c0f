"""``bringup run``: observe, judge and report; the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli import actions
from bringup.cli.completion import profile_names
from bringup.cli.lazy import App
from bringup.cli.options import (
    AllBoards,
    BoardConfigName,
    ConfigDir,
    FailOn,
    FixDir,
    JsonOutput,
    ReplaceRun,
    RootOption,
    selects_boards,
)

if TYPE_CHECKING:
    from bringup.board import Selection

app = App()

_COMPARE = "Comparing with an earlier run"


@app.command()
@selects_boards
def run(
    selection: Selection,
    all_boards: AllBoards = False,
    virtual: Annotated[
        str | None,
        typer.Option(
            "--virtual", metavar="PROFILE", help="Boot this virtual board and run on it.", autocompletion=profile_names
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="The run's folder; default: bringup-run-TIME.")
    ] = None,
    replace: ReplaceRun = False,
    board: BoardConfigName = None,
    config_dir: ConfigDir = None,
    root: RootOption = "auto",
    heap: Annotated[str, typer.Option("--heap", metavar="PATTERN", help="Test these heaps only.")] = "*",
    rounds: Annotated[int, typer.Option("--rounds", min=0, max=1000, help="Latency samples per size; 0: none.")] = 20,
    bench: Annotated[bool, typer.Option("--bench", help="Measure as heap bench does, too: about 20 s more.")] = False,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="How long each board may take.")] = 120.0,
    fix_dir: FixDir = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="RUN", help="A run, a record or a report.", rich_help_panel=_COMPARE),
    ] = None,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            "--fail-on", help="Exit status 1: any check fails, or something got worse.", rich_help_panel=_COMPARE
        ),
    ] = FailOn.FAIL,
    bisect: Annotated[  # noqa: ARG001 - bringup.cli.entry gives such a command its exit status
        bool,
        typer.Option(
            "--bisect", help="For git bisect run: 125 where it could not be judged.", rich_help_panel=_COMPARE
        ),
    ] = False,
    json: JsonOutput = False,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Events on stdout, one JSON object per line, while it runs.")
    ] = False,
    events: Annotated[Path | None, typer.Option("--events", metavar="FILE", help="Write the events to a file.")] = None,
) -> int:
    """Observe, judge and report: the main job."""
    options = actions.run.RunOptions(
        all_boards=all_boards,
        virtual=virtual,
        output=output,
        replace=replace,
        board=board,
        config_dir=config_dir,
        root=root,
        heap=heap,
        rounds=rounds,
        bench=bench,
        seconds=seconds,
        fix_dir=fix_dir,
        baseline=baseline,
        fail_on=fail_on,
        as_json=json,
        as_lines=json_lines,
        events=events,
    )
    return actions.run.run_and_report(selection, options)
