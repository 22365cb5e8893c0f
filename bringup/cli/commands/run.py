"""``bringup run``: observe, judge and report; the main job."""

from __future__ import annotations

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
from bringup.cli.running import FailOn, Then, for_bisect, run_on
from bringup.errors import UsageError

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
    replace: Annotated[bool, typer.Option("--replace", help="If DIR holds an earlier run, replace it.")] = False,
    board: BoardConfigName = None,
    config_dir: ConfigDir = None,
    root: RootOption = "auto",
    heap: Annotated[str, typer.Option("--heap", metavar="PATTERN", help="Test these heaps only.")] = "*",
    rounds: Annotated[int, typer.Option("--rounds", min=0, max=1000, help="Latency samples a size; 0: none.")] = 20,
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
    bisect: Annotated[
        bool,
        typer.Option(
            "--bisect", help="For git bisect run: 125 where it could not be found out.", rich_help_panel=_COMPARE
        ),
    ] = False,
    json: JsonOutput = False,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Events on stdout, one JSON object a line, while it runs.")
    ] = False,
    events: Annotated[Path | None, typer.Option("--events", metavar="FILE", help="Write the events to a file.")] = None,
) -> None:
    """Observe, judge and report: the main job."""
    from bringup.cli.results import check_fix_dir, choose_configs, prepare_folder
    from bringup.cli.selecting import all_boards as find_all
    from bringup.cli.selecting import root_policy, selected_boards, virtual_board
    from bringup.lab.run import Job
    from bringup.record.benchmark import EVERY_HEAP, Benchmark
    from bringup.record.observe import Observation

    if virtual is not None and (other := _named_too(selection, all_boards)):
        seen = f"--virtual boots the board, and {other} names another"
        raise UsageError("choose a board", seen, hint="give either")
    then = Then(fix_dir, baseline, fail_on, json, json_lines, events)
    then.check()
    check_fix_dir(fix_dir)
    configs, named = choose_configs(board, config_dir)
    what = Benchmark(heaps=EVERY_HEAP if heap == "*" else (heap,)) if bench else None
    how = Observation(
        root=root_policy(root), heaps=heap, rounds=rounds,
        seconds=seconds + (2 * what.seconds if what else 0), benchmark=what,
    )  # fmt: skip

    def do() -> int:
        if virtual is not None:
            with virtual_board(virtual, selection) as one:
                return run_on([one], Job(prepare_folder(output, replace), configs, named, how), then)
        boards, unusable = find_all(selection) if all_boards else (selected_boards(selection), [])
        return run_on(boards, Job(prepare_folder(output, replace), configs, named, how), then, unusable)

    raise typer.Exit(for_bisect(do) if bisect else do())


def _named_too(selection: Selection, all_boards: bool) -> str:
    """The option of the command line that chooses a connected board; empty where none does."""
    given = {
        "-s": bool(selection.serials) and selection.named_by == "-s",
        "-t": selection.transport_id is not None,
        "-d": selection.usb_only,
        "-e": selection.network_only,
        "--all": all_boards,
    }
    return next((option for option, there in given.items() if there), "")
