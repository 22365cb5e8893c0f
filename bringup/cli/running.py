"""What ``bringup run`` does with its boards: observe, judge, write the reports, tell, and choose the exit status."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.errors import BringupError, ExitCode, HostError, UsageError

if TYPE_CHECKING:
    from bringup.board import Board
    from bringup.compare.runs import Comparison
    from bringup.errors import BoardError
    from bringup.lab.run import Job
    from bringup.report.events import Events
    from bringup.results.run import BoardRun, Run

__all__ = ["CANNOT_JUDGE", "FailOn", "Then", "for_bisect", "nothing_in_common", "run_on", "status_of"]

#: What ``git bisect run`` takes for "skip this commit"; any other status up to 127 is a verdict on the commit.
CANNOT_JUDGE = 125


class FailOn(enum.StrEnum):
    """What makes the exit status 1."""

    FAIL = "fail"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class Then:
    """What is done with a run beside its reports.

    :param baseline: what it is compared with.
    :param fail_on: ``REGRESSION`` needs a baseline.
    :param as_json: print the run document in place of the summary; ``as_lines``: its events, as they happen.
    :param events: also write the events there.
    """

    fix_dir: Path | None = None
    baseline: Path | None = None
    fail_on: FailOn = FailOn.FAIL
    as_json: bool = False
    as_lines: bool = False
    events: Path | None = None

    def check(self) -> None:
        """:raises UsageError: two of these contradict each other."""
        action = "read the command line"
        if self.as_json and self.as_lines:
            raise UsageError(action, "--json and --json-lines both want stdout", hint="--events FILE leaves it alone")
        if self.fail_on is FailOn.REGRESSION and self.baseline is None:
            raise UsageError(action, "--fail-on regression compares with nothing", hint="name a run with --baseline")


def for_bisect(command: Callable[[], int]) -> int:
    """Run a command for ``git bisect run``: 0 and 1 stay, and whatever kept it from judging is 125."""
    from bringup.cli.console import debugging, print_error

    try:
        code = command()
    except BringupError as error:
        if debugging():
            raise
        print_error(error)
        return CANNOT_JUDGE
    return code if code in (ExitCode.PASSED, ExitCode.FAILED) else CANNOT_JUDGE


def run_on(boards: Sequence[Board], job: Job, then: Then, unusable: Sequence[BoardError] = ()) -> int:
    """Observe, judge, report; the exit status.

    :param unusable: why boards that were meant, too, could not be used: the run has them, and has not passed.

    :raises HostError: a record, a report or the events cannot be written.
    :raises RecordError: the baseline cannot be read.
    """
    from bringup.cli.console import print_error, say
    from bringup.cli.results import show, write_fixes, write_reports
    from bringup.lab.judging import judge_unusable
    from bringup.lab.reading import read_run

    not_seen = [(judge_unusable(error), error) for error in unusable]
    serials = [*(board.serial for board in boards), *(board.serial for board, _ in not_seen)]
    baseline = None if then.baseline is None else read_run(then.baseline)
    with _events(then) as events, events.run(serials) if events else nullcontext():
        if events:
            for one, why in not_seen:
                events.board(one, why)
        try:
            result, errors = _observe(boards, job, events)
        except KeyboardInterrupt as stop:
            stop.add_note(f"what was seen until then is in {job.folder}: bringup check {job.folder}/*/")
            raise
        result = replace(result, boards=(*result.boards, *(board for board, _ in not_seen)))
        write_reports(result, job.folder)
        compared = None if baseline is None else _compare(baseline, result, job.folder)
        code = status_of(result, compared, then.fail_on) or int(ExitCode.INFRASTRUCTURE if unusable else 0)
        if events:
            events.end(result, code)
    fixes = write_fixes(result, then.fix_dir) if then.fix_dir is not None else ()
    if not then.as_lines:
        show(result, as_json=then.as_json, report=job.folder / "report.html")
    if compared is not None and not (then.as_json or then.as_lines):
        _show_comparison(compared, job.folder / "compare.html")
    for line in fixes:
        say(line)
    for error in (*errors, *unusable):
        print_error(error)
    return code


def status_of(run: Run, compared: Comparison | None, fail_on: FailOn) -> int:
    """The exit status of a run.

    Where regressions alone count, what was known and could not be found out is 3, and so is a run that has no board in
    common with its baseline: nothing was compared.
    """
    if compared is None or fail_on is FailOn.FAIL:
        return int(run.exit_code)
    if compared.regressed:
        return int(ExitCode.FAILED)
    unknown = compared.undecided or nothing_in_common(compared, run)
    return int(ExitCode.INFRASTRUCTURE if unknown else ExitCode.PASSED)


def nothing_in_common(compared: Comparison, after: Run) -> bool:
    """Whether no board of the second run was compared with one of the first."""
    return len(compared.only_after) == len(after.boards)


def _observe(boards: Sequence[Board], job: Job, events: Events | None) -> tuple[Run, list[BringupError]]:
    from bringup.cli.progress import live_steps
    from bringup.lab.run import run_boards

    with live_steps([board.serial for board in boards]) as on_step:

        def step(serial: str, step: str) -> None:
            on_step(serial, step)
            if events:
                events.step(serial, step)

        def board(judged: BoardRun, error: BringupError | None) -> None:
            on_step.board(judged)
            if events:
                events.board(judged, error)

        return run_boards(boards, job, step, board)


@contextmanager
def _events(then: Then) -> Iterator[Events | None]:
    """Where events go; ``None``: nowhere."""
    from bringup.report.events import Events

    with ExitStack() as files:
        writers: list[Callable[[str], object]] = []
        if then.as_lines:
            writers.append(_to_stdout)
        if then.events is not None:
            try:
                # Line by line: whoever follows the file sees an event when it happens.
                file = files.enter_context(then.events.open("w", encoding="utf-8", buffering=1, newline="\n"))
            except OSError as error:
                raise HostError(f"write the events to {then.events}", error.strerror or str(error)) from error
            writers.append(file.write)
        yield Events(writers) if writers else None


def _to_stdout(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _compare(baseline: Run, result: Run, folder: Path) -> Comparison:
    """Compare, and leave ``compare.json`` and ``compare.html`` beside the run."""
    from bringup.compare.runs import compare
    from bringup.report import write_report

    found = compare(baseline, result)
    for name in ("json", "html"):
        write_report(found, name, folder / f"compare.{name}")
    return found


def _show_comparison(found: Comparison, page: Path) -> None:
    from bringup.cli.console import out
    from bringup.report.comparison.terminal import summary

    console = out()
    console.print("\nsince the baseline:", style="bold")
    console.print(summary(found))
    console.print(f"comparison: {page}", soft_wrap=True)
