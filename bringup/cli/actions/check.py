"""What ``bringup check`` does: judge records, or boards as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bringup import __version__
from bringup.board import RootPolicy, Selection
from bringup.cli.board_selection import selected_boards
from bringup.cli.console import print_error, say
from bringup.cli.exit_status import exit_status
from bringup.cli.progress import observed
from bringup.cli.run_output import check_fix_dir, show, write_fixes
from bringup.config.expectation import Expectation, load_expectations
from bringup.config.schema import BoardConfig
from bringup.config.shipped import choose_configs
from bringup.deadline import now
from bringup.errors import UsageError
from bringup.lab.judging import judge_folders, judging
from bringup.lab.locking import Use
from bringup.lab.run_folder import write_reports
from bringup.record.observe import Observation
from bringup.results.run import Run

__all__ = ["CheckOptions", "judge_and_report"]


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
    use: Use = field(default_factory=Use)
    expect: Path | None = None


def judge_and_report(selection: Selection, options: CheckOptions) -> int:
    """Judge, write what was asked for, and show it; the exit status.

    :raises UsageError: a record and a board are both named.
    """
    check_fix_dir(options.fix_dir)
    configs, named = choose_configs(options.board, options.config_dir)
    expectations = load_expectations(options.expect) if options.expect is not None else ()
    if not options.records:
        run = _judge_boards(selection, options, configs, expectations, named=named)
    elif selection.option == "-s":
        raise UsageError("choose what to judge", "both -s and a record are given", hint="give either")
    else:
        run = judge_folders(options.records, configs, named, options.rendered, expectations)
    if options.output is not None:
        write_reports(run, options.output)
    fixes = write_fixes(run, options.fix_dir)
    show(run, as_json=options.as_json, report=options.output and options.output / "report.html")
    for line in fixes:
        say(line)
    return exit_status(run.outcome)


def _judge_boards(
    selection: Selection,
    options: CheckOptions,
    configs: Sequence[BoardConfig],
    expectations: Sequence[Expectation],
    *,
    named: bool,
) -> Run:
    """Observe each board with every test, measure no time, keep no record."""
    started, judged = now(), []
    how = Observation(root=RootPolicy.named(options.root), rounds=0)
    boards = selected_boards(selection)
    with judging(configs, named=named, rendered=options.rendered, expectations=expectations) as judge_one:
        for board in boards:
            with observed(board, how, use=options.use) as (folder, error):
                judged.append(judge_one(folder, None, board.serial))
            if error is not None:
                print_error(error)
    return Run(boards=tuple(judged), tool=__version__, started=started)
