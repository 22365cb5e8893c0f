"""``bringup check``: judge records, or a board as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import BoardConfigName, ConfigDir, FixDir, JsonOutput, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.config.schema import BoardConfig
    from bringup.results.run import Run

app = App()


@app.command()
@selects_boards
def check(
    selection: Selection,
    records: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RECORD",
            help="What 'collect' or 'run' wrote, folders or .tar.zst; without one, a connected board.",
        ),
    ] = None,
    board: BoardConfigName = None,
    config_dir: ConfigDir = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Write run.json, report.html and junit.xml there, too.")
    ] = None,
    rendered: Annotated[
        Path | None,
        typer.Option(
            "--rendered", metavar="DIR", help="Show drift from what 'render -o DIR' wrote earlier, not from now."
        ),
    ] = None,
    root: RootOption = "auto",
    fix_dir: FixDir = None,
    json: JsonOutput = False,
) -> None:
    """Judge records, or a board as it is now."""
    from bringup.cli.console import say
    from bringup.cli.results import check_fix_dir, choose_configs, show, write_fixes, write_reports
    from bringup.errors import UsageError
    from bringup.lab.judging import judge_folders

    check_fix_dir(fix_dir)
    configs, named = choose_configs(board, config_dir)
    if records and selection.serials and selection.named_by == "-s":
        raise UsageError("choose what to judge", "both -s and a record are given", hint="give either")
    if records:
        run = judge_folders(records, configs, named, rendered)
    else:
        run = _judge_boards(selection, root, configs, named=named, rendered=rendered)
    if output is not None:
        write_reports(run, output)
    fixes = write_fixes(run, fix_dir) if fix_dir is not None else ()
    show(run, as_json=json, report=output and output / "report.html")
    for line in fixes:
        say(line)
    raise typer.Exit(int(run.exit_code))


def _judge_boards(
    selection: Selection, root: str, configs: Sequence[BoardConfig], *, named: bool, rendered: Path | None
) -> Run:
    """Observe each board with every test, time nothing, keep no record."""
    from bringup import __version__
    from bringup.cli.console import print_error
    from bringup.cli.progress import live_steps
    from bringup.cli.selecting import root_policy, selected_boards
    from bringup.lab.judging import judge_record, now
    from bringup.lab.observing import passing_record
    from bringup.record.observe import Observation
    from bringup.results.run import Run

    started, judged = now(), []
    how = Observation(root=root_policy(root), rounds=0)
    for board in selected_boards(selection):
        with (
            live_steps([board.serial]) as on_step,
            passing_record(board, how, partial(on_step, board.serial)) as (seen, error),
        ):
            judged.append(judge_record(seen, configs, named=named, rendered=rendered))
        if error is not None:
            print_error(error)
    return Run(tuple(judged), __version__, started)
