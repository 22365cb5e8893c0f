"""``bringup run``: observe, judge and report; the main job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import (
    AllBoards,
    BoardConfigName,
    ConfigDir,
    FixDir,
    JsonOutput,
    RootOption,
    profile_names,
    selects_boards,
)

if TYPE_CHECKING:
    from bringup.board import Board, Selection
    from bringup.lab.run import Job

app = App()


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
    replace: Annotated[bool, typer.Option("--replace", help="If DIR holds an earlier run, replace it.")] = False,
    board: BoardConfigName = None,
    config_dir: ConfigDir = None,
    root: RootOption = "auto",
    heap: Annotated[str, typer.Option("--heap", metavar="PATTERN", help="Test these heaps only.")] = "*",
    rounds: Annotated[int, typer.Option("--rounds", min=0, max=1000, help="Latency samples a size; 0: none.")] = 20,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="How long each board may take.")] = 120.0,
    fix_dir: FixDir = None,
    json: JsonOutput = False,
) -> None:
    """Observe, judge and report: the main job."""
    from bringup.cli.results import choose_configs, prepare_folder
    from bringup.cli.selecting import root_policy, selected_boards, virtual_board
    from bringup.lab.run import Job
    from bringup.record.observe import Observation

    configs, named = choose_configs(board, config_dir)
    how = Observation(root=root_policy(root), heaps=heap, rounds=rounds, seconds=seconds)
    if virtual is not None:
        with virtual_board(virtual, selection) as one:
            job = Job(prepare_folder(output, replace), configs, named, how)
            code = _do([one], job, fix_dir, as_json=json)
    else:
        boards = selected_boards(selection, all_boards)
        job = Job(prepare_folder(output, replace), configs, named, how)
        code = _do(boards, job, fix_dir, as_json=json)
    raise typer.Exit(code)


def _do(boards: Sequence[Board], job: Job, fix_dir: Path | None, *, as_json: bool) -> int:
    """Run on the boards, write the reports, show the summary; the exit status."""
    from bringup.cli.console import print_error
    from bringup.cli.progress import live_steps
    from bringup.cli.results import show, write_fixes, write_reports
    from bringup.lab.run import run_boards

    with live_steps([board.serial for board in boards]) as on_step:
        result, errors = run_boards(boards, job, on_step)
    write_reports(result, job.folder)
    show(result, as_json=as_json, report=job.folder / "report.html")
    if fix_dir is not None:
        write_fixes(result, fix_dir)
    for error in errors:
        print_error(error)
    return int(result.exit_code)
