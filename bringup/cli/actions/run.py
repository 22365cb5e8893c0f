"""What ``bringup run`` does: observe, judge, write the reports, show them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bringup.board import Board, RootPolicy, Selection
from bringup.cli.board_selection import all_boards, selected_boards, virtual_board
from bringup.cli.console import out, print_error, say
from bringup.cli.exit_status import exit_status
from bringup.cli.options import FailOn
from bringup.cli.progress import live_steps
from bringup.cli.run_output import check_fix_dir, prepare_folder, show, write_fixes, write_reports
from bringup.compare.runs import Comparison, compare
from bringup.config.shipped import choose_configs
from bringup.errors import BoardError, BringupError, HostError, UsageError, os_reason
from bringup.lab.judging import judge_unusable
from bringup.lab.reading import read_run
from bringup.lab.run import Job, run_boards
from bringup.record.benchmark import EVERY_HEAP, Benchmark
from bringup.record.observe import Observation
from bringup.report import write_report
from bringup.report.comparison.terminal import summary
from bringup.report.events import Events
from bringup.results.run import BoardRun, Run
from bringup.text import shell_word

__all__ = ["RunOptions", "run_and_report", "run_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line of ``bringup run`` says, beside which boards are selected.

    :param virtual: boot the virtual board of this profile, and run on it.
    :param baseline: a run to compare with.
    :param fail_on: ``REGRESSION`` needs a baseline.
    :param as_json: print the run document in place of the summary; ``as_lines``: its events, as they happen.
    :param events: also write the events to this file.
    """

    all_boards: bool
    virtual: str | None
    output: Path | None
    replace: bool
    board: str | None
    config_dir: list[Path] | None
    root: str
    heap: str
    rounds: int
    bench: bool
    seconds: float
    fix_dir: Path | None
    baseline: Path | None
    fail_on: FailOn
    as_json: bool
    as_lines: bool
    events: Path | None

    def check(self, selection: Selection) -> None:
        """:raises UsageError: two options contradict each other."""
        action = "read the command line"
        if self.as_json and self.as_lines:
            raise UsageError(
                action, "--json and --json-lines both write to stdout", hint="--events FILE writes to a file"
            )
        if self.fail_on is FailOn.REGRESSION and self.baseline is None:
            raise UsageError(action, "--fail-on regression has nothing to compare with", hint="name a run: --baseline")
        other = "--all" if self.all_boards else selection.option
        if self.virtual is not None and other:
            seen = f"--virtual boots the board, and {other} names another"
            raise UsageError("choose a board", seen, hint="give either")

    @property
    def observation(self) -> Observation:
        """How each board is observed."""
        heaps = EVERY_HEAP if self.heap == "*" else (self.heap,)
        benchmark = Benchmark(heaps=heaps) if self.bench else None
        return Observation(
            root=RootPolicy.named(self.root),
            heaps=self.heap,
            rounds=self.rounds,
            seconds=self.seconds + (2 * benchmark.seconds if benchmark else 0),
            benchmark=benchmark,
        )


def run_and_report(selection: Selection, options: RunOptions) -> int:
    """Observe, judge and report; the exit status.

    :raises BringupError: an option is wrong, no board can be used, or something cannot be read or written.
    """
    options.check(selection)
    check_fix_dir(options.fix_dir)
    configs, named = choose_configs(options.board, options.config_dir)
    how = options.observation

    def job() -> Job:
        return Job(prepare_folder(options.output, options.replace), configs, named, how)

    if options.virtual is not None:
        with virtual_board(options.virtual, selection) as booted:
            return run_on([booted], job(), options)
    boards, unusable = all_boards(selection) if options.all_boards else (selected_boards(selection), [])
    return run_on(boards, job(), options, unusable)


def run_on(boards: Sequence[Board], job: Job, options: RunOptions, unusable: Sequence[BoardError] = ()) -> int:
    """Observe, judge, report; the exit status.

    :param unusable: why selected boards could not be used. They are part of the run, which then has not passed.
    """
    not_seen = [(judge_unusable(error), error) for error in unusable]
    serials = [*(board.serial for board in boards), *(board.serial for board, _ in not_seen)]
    baseline = None if options.baseline is None else read_run(options.baseline, say)
    with _events(options) as events, events.run(serials) if events else nullcontext():
        if events:
            for board, reason in not_seen:
                events.board(board, reason)
        try:
            run, errors = _observe(boards, job, events)
        except KeyboardInterrupt as stop:
            stop.add_note(f"what was observed until then is in {job.folder}: bringup check {shell_word(job.folder)}/*/")
            raise
        run = msgspec.structs.replace(run, boards=(*run.boards, *(board for board, _ in not_seen)))
        write_reports(run, job.folder)
        comparison = None if baseline is None else _compare(baseline, run, options, job.folder)
        judged = comparison if comparison is not None and options.fail_on is FailOn.REGRESSION else run
        code = exit_status(judged.outcome)
        if events:
            events.end(run, code)
    fixes = write_fixes(run, options.fix_dir)
    if not options.as_lines:
        show(run, as_json=options.as_json, report=job.folder / "report.html")
    if comparison is not None and not (options.as_json or options.as_lines):
        _show_comparison(comparison, job.folder / "compare.html")
    for line in fixes:
        say(line)
    for error in (*errors, *unusable):
        print_error(error)
    return code


def _observe(boards: Sequence[Board], job: Job, events: Events | None) -> tuple[Run, list[BringupError]]:
    with live_steps([board.serial for board in boards]) as progress:

        def on_step(serial: str, step: str) -> None:
            progress(serial, step)
            if events:
                events.step(serial, step)

        def on_board(judged: BoardRun, error: BringupError | None) -> None:
            progress.board(judged)
            if events:
                events.board(judged, error)

        return run_boards(boards, job, on_step, on_board)


@contextmanager
def _events(options: RunOptions) -> Iterator[Events | None]:
    """Where events are written; ``None``: nowhere."""
    with ExitStack() as files:
        writers: list[Callable[[str], object]] = []
        if options.as_lines:
            writers.append(_to_stdout)
        if options.events is not None:
            try:
                # Line by line: whoever follows the file sees an event when it happens.
                file = files.enter_context(options.events.open("w", encoding="utf-8", buffering=1, newline="\n"))
            except OSError as error:
                raise HostError(f"write the events to {options.events}", os_reason(error)) from error
            writers.append(file.write)
        yield Events(writers) if writers else None


def _to_stdout(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _compare(baseline: Run, run: Run, options: RunOptions, folder: Path) -> Comparison:
    """Compare, and write ``compare.json`` and ``compare.html`` beside the run."""
    comparison = compare(baseline, run, chosen=not options.all_boards)
    for name in ("json", "html"):
        write_report(comparison, name, folder / f"compare.{name}")
    return comparison


def _show_comparison(comparison: Comparison, page: Path) -> None:
    console = out()
    console.print("\nsince the baseline:", style="bold")
    console.print(summary(comparison))
    console.print(f"comparison: {page}", soft_wrap=True)
