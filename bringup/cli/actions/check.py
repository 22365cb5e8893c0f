"""What ``bringup check`` does: judge records, or boards as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bringup import __version__
from bringup.board import RootPolicy, Selection
from bringup.cli.board_selection import selected_boards
from bringup.cli.console import print_error, say
from bringup.cli.exit_status import exit_status
from bringup.cli.progress import observed
from bringup.cli.run_output import check_fix_dir, show, write_fixes, write_reports
from bringup.config.schema import BoardConfig
from bringup.config.shipped import choose_configs
from bringup.errors import UsageError
from bringup.lab.judging import judge_folders, judge_record, now
from bringup.record.observe import Observation
from bringup.results.run import Run

__all__ = ["CheckOptions", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What the command line of ``bringup check`` says, beside which boards are selected."""

    records: Sequence[Path]
    board: str | None
    config_dir: list[Path] | None
    output: Path | None
    rendered: Path | None
    root: str
    fix_dir: Path | None
    as_json: bool


def check(selection: Selection, options: CheckOptions) -> int:
    """Judge, write what was asked for, and show it; the exit status.

    :raises UsageError: a record and a board are both named.
    """
    check_fix_dir(options.fix_dir)
    configs, named = choose_configs(options.board, options.config_dir)
    if not options.records:
        run = _judge_boards(selection, options, configs, named=named)
    elif selection.option == "-s":
        raise UsageError("choose what to judge", "both -s and a record are given", hint="give either")
    else:
        run = judge_folders(options.records, configs, named, options.rendered)
    if options.output is not None:
        write_reports(run, options.output)
    fixes = write_fixes(run, options.fix_dir)
    show(run, as_json=options.as_json, report=options.output and options.output / "report.html")
    for line in fixes:
        say(line)
    return exit_status(run.outcome)


def _judge_boards(selection: Selection, options: CheckOptions, configs: Sequence[BoardConfig], *, named: bool) -> Run:
    """Observe each board with every test, measure no time, keep no record."""
    started, judged = now(), []
    how = Observation(root=RootPolicy.named(options.root), rounds=0)
    for board in selected_boards(selection):
        with observed(board, how) as (record, error):
            judged.append(judge_record(record, configs, named=named, rendered=options.rendered))
        if error is not None:
            print_error(error)
    return Run(boards=tuple(judged), tool=__version__, started=started)
