"""``bringup run``: observe, judge and report; the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.completion import profile_names
from bringup.cli.lab_options import LabOptions, runs_in_a_lab
from bringup.cli.lazy import App
from bringup.cli.options import (
    AllBoards,
    BoardConfigName,
    ConfigDir,
    ExpectFile,
    FailOn,
    FixDir,
    JsonOutput,
    ReplaceRun,
    RootOption,
    selects_boards,
)
from bringup.cli.place_options import PlaceOptions, chooses_places

if TYPE_CHECKING:
    from bringup.board import Selection

app = App()

_COMPARE = "Comparing with an earlier run"


@app.command()
@selects_boards
@runs_in_a_lab
@chooses_places
def run(
    selection: Selection,
    lab: LabOptions,
    places: PlaceOptions,
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
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=0, max=1000, help="Latency samples per size; 0: none.")
    ] = 20,
    bench: Annotated[bool, typer.Option("--bench", help="Measure as heap bench does, too: about 20 s more.")] = False,
    ktap: Annotated[
        list[Path] | None,
        typer.Option(
            "--ktap", metavar="BINARY", help="Run your own test program, too; what it prints as KTAP becomes verdicts."
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="SECONDS", min=1, help="How long each board may take.")
    ] = 120.0,
    expect: ExpectFile = None,
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
    no_history: Annotated[
        bool, typer.Option("--no-history", help="Leave the run out of bringup history; always: BRINGUP_HISTORY=off.")
    ] = False,
) -> int:
    """Observe, judge and report: the main job."""
    from bringup.cli.actions.run import RunOptions, run_and_report

    options = RunOptions(
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
        programs=tuple(ktap or ()),
        seconds=seconds,
        expect=expect,
        fix_dir=fix_dir,
        baseline=baseline,
        fail_on=fail_on,
        as_json=json,
        as_lines=json_lines,
        events=events,
        history=not no_history,
        lab=lab,
        places=places,
    )
    return run_and_report(selection, options)
