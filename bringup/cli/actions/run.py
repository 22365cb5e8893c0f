"""What ``bringup run`` does: observe, judge, write the reports, show them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from bringup.board import Board, RootPolicy, Selection, await_boot
from bringup.cli.actions.history import remember
from bringup.cli.board_selection import all_boards, named_boards, selected_boards
from bringup.cli.console import out, print_error, say
from bringup.cli.exit_status import exit_status
from bringup.cli.lab_options import LabOptions
from bringup.cli.options import FailOn
from bringup.cli.place_options import PlaceOptions
from bringup.cli.progress import Steps, live_steps
from bringup.cli.run_output import check_fix_dir, show, write_fixes
from bringup.compare.runs import Comparison, compare
from bringup.config.expectation import load_expectations
from bringup.config.shipped import choose_configs
from bringup.deadline import Deadline
from bringup.errors import BoardError, BringupError, HostError, UsageError, os_reason
from bringup.lab.booting import booted_board
from bringup.lab.judging import judge_unusable
from bringup.lab.places import connected_places
from bringup.lab.reading import read_run
from bringup.lab.resuming import (
    Unfinished,
    begin_run,
    is_open,
    keep_interrupted,
    read_unfinished,
    resume_or_again,
    with_boards,
)
from bringup.lab.run import Job, run_boards
from bringup.lab.run_folder import prepare_folder, write_reports
from bringup.record.benchmark import EVERY_HEAP, Benchmark
from bringup.record.observe import Observation
from bringup.report import write_report
from bringup.report.comparison.terminal import summary
from bringup.report.events import Events
from bringup.results.run import BoardRun, Run
from bringup.text import pluralize, shell_word

__all__ = ["RunOptions", "run_and_report", "run_on"]

#: Of the boards that were not observed to the end, on the screen.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line of ``bringup run`` says, beside which boards are selected.

    :param virtual: boot the virtual board of this profile, and run on it.
    :param programs: the vendor's own test programs.
    :param baseline: a run to compare with.
    :param fail_on: ``REGRESSION`` needs a baseline.
    :param as_json: print the run document in place of the summary; ``as_lines``: its events, as they happen.
    :param events: also write the events to this file.
    :param history: write the run into the index of runs.
    :param lab: what is about many boards.
    :param places: hold these places of labgrid, and run on their boards.
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
    programs: tuple[Path, ...]
    seconds: float
    expect: Path | None
    fix_dir: Path | None
    baseline: Path | None
    fail_on: FailOn
    as_json: bool
    as_lines: bool
    events: Path | None
    history: bool
    lab: LabOptions = field(default_factory=LabOptions)
    places: PlaceOptions = field(default_factory=PlaceOptions)

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
        if self.lab.resume is not None:
            given = other or ("--virtual" if self.virtual else "") or ("-o" if self.output else "")
            given = given or ("--place" if self.places.place else "") or ("--tag" if self.places.tag else "")
            if given:
                seen = f"--resume takes the boards and the folder from its run, and {given} is given"
                raise UsageError("choose boards", seen, hint=f"leave {given} out")
        if self.virtual is not None and self.lab.wait_for_boot is not None:
            raise UsageError(action, "--virtual waits until its board has booted", hint="leave --wait-for-boot out")
        if self.virtual is not None and other:
            seen = f"--virtual boots the board, and {other} names another"
            raise UsageError("choose a board", seen, hint="give either")

    @property
    def chosen_by(self) -> tuple[str, ...]:
        """What chose boards that ``--resume`` does not find: it would hold no place, and a virtual board is gone."""
        return ("--virtual", self.virtual) if self.virtual is not None else self.places.chosen

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
            programs=self.programs,
        )


def run_and_report(selection: Selection, options: RunOptions) -> int:
    """Observe, judge and report; the exit status.

    :raises BringupError: an option is wrong, no board can be used, or something cannot be read or written.
    """
    options.check(selection)
    others = {"--virtual": options.virtual, "--all": options.all_boards or None, "--resume": options.lab.resume}
    other = next((option for option, value in others.items() if value is not None), selection.option)
    request = options.places.request(other) if options.lab.resume is None else None
    check_fix_dir(options.fix_dir)
    configs, named = choose_configs(options.board, options.config_dir)
    how, lab = options.observation, options.lab
    expectations = load_expectations(options.expect) if options.expect is not None else ()

    def job(folder: Path | None = None) -> Job:
        folder = folder or prepare_folder(options.output, options.replace)
        return Job(folder, configs, named, how, lab.jobs, lab.use, lab.repeat_failed, expectations)

    if options.virtual is not None:
        with booted_board(options.virtual, selection.server, Steps()) as booted:
            return run_on([booted], job(), options)
    if options.lab.resume is not None:
        unfinished = read_unfinished(options.lab.resume, configs, named=named, expectations=expectations)
        return _resume(unfinished, job(unfinished.folder), selection, options)
    if request is not None:
        with connected_places(request, selection.server, say, options.lab.wait_for_boot) as connected:
            placed = replace(job(), places=connected.places)
            return run_on(connected.boards, placed, options, connected.unusable)
    not_booted = _wait_for_boot(selection, options)
    boards, unusable = all_boards(selection) if options.all_boards else (selected_boards(selection), [])
    not_yet = {error.board for error in not_booted}
    boards = [board for board in boards if board.serial not in not_yet]
    unusable = [error for error in unusable if error.board not in not_yet]
    return run_on(boards, job(), options, [*unusable, *not_booted])


def _resume(unfinished: Unfinished, job: Job, selection: Selection, options: RunOptions) -> int:
    """Observe what a run left open; the exit status."""

    def finish(boards: Sequence[Board], unusable: Sequence[BoardError], places: Mapping[Board, str]) -> int:
        run, names = unfinished.make_room(boards, places)
        return run_on(boards, replace(job, names=names, places=places), options, unusable, run)

    request = options.places.again(unfinished.run.chosen_by, unfinished.places)
    if request is not None:
        wait = options.lab.wait_for_boot
        with connected_places(request, selection.server, say, wait, may_lack=True) as connected:
            boards, gone = unfinished.open_at(connected.places, connected.unusable)
            return finish(boards, [*connected.unusable, *gone], connected.places)
    late = _wait_for(unfinished.serials, selection, options.lab)
    not_yet = {error.board for error in late}
    boards, unusable = named_boards(selection, [serial for serial in unfinished.serials if serial not in not_yet])
    return finish(boards, [*unusable, *late], {})


def _wait_for_boot(selection: Selection, options: RunOptions) -> list[BoardError]:
    """Wait if that was asked for; why boards have not booted in time.

    :raises BoardError: the one board has not.
    """
    if options.lab.wait_for_boot is None:
        return []
    not_booted = await_boot(selection, Deadline.after(options.lab.wait_for_boot))
    if not_booted and not options.all_boards:
        raise not_booted[0]
    return not_booted


def _wait_for(serials: Sequence[str], selection: Selection, lab: LabOptions) -> list[BoardError]:
    """The same for the boards of a run that is resumed: none of them ends it."""
    if lab.wait_for_boot is None or not serials:
        return []
    wanted = Selection(server=selection.server, serials=tuple(serials))
    return await_boot(wanted, Deadline.after(lab.wait_for_boot))


def run_on(
    boards: Sequence[Board],
    job: Job,
    options: RunOptions,
    unusable: Sequence[BoardError] = (),
    before: Run | None = None,
) -> int:
    """Observe, judge, report; the exit status.

    :param unusable: why selected boards could not be used. They are part of the run, which then has not passed.
    :param before: the run that is resumed.
    """
    not_seen = [(judge_unusable(error), error) for error in unusable]
    serials = [*(board.serial for board in boards), *(board.serial for board, _ in not_seen)]
    baseline = None if options.baseline is None else read_run(options.baseline, say)
    where = [*(job.places.get(board) for board in boards), *(board.place for board, _ in not_seen)]
    begun = before or begin_run(job.folder, serials, options.chosen_by, where)
    judged_boards: list[BoardRun] = []
    with _events(options) as events, events.run(serials) if events else nullcontext():
        if events:
            for index, (board, reason) in enumerate(not_seen, len(boards)):
                events.board(board, index, reason)
        try:
            run, errors = _observe(boards, job, events, judged_boards)
        except KeyboardInterrupt as stop:
            keep_interrupted(begun, judged_boards, job.folder)
            stop.add_note(_after_interrupt(begun, job.folder))
            raise
        unseen = [board for board, _ in not_seen]
        run = (
            with_boards(before, run.boards) if before else msgspec.structs.replace(begun, boards=(*run.boards, *unseen))
        )
        write_reports(run, job.folder)
        if options.history:
            remember(run, job.folder)
        comparison = None if baseline is None else _compare(baseline, run, options, job.folder)
        judged = comparison if comparison is not None and options.fail_on is FailOn.REGRESSION else run
        code = exit_status(judged.outcome)
        if events:
            events.end(run, code)
    fixes = write_fixes(run, options.fix_dir)
    if not options.as_lines:
        show(run, as_json=options.as_json, report=job.folder / "report.html")
    if comparison is not None and not (options.as_json or options.as_lines):
        counts = "--fail-on fail lets only what failed count" if options.fail_on is FailOn.REGRESSION else ""
        _show_comparison(comparison, counts, job.folder / "compare.html")
    for line in fixes:
        say(line)
    for error in (*errors, *unusable):
        print_error(error)
    _name_open_boards(run, job.folder)
    return code


def _after_interrupt(run: Run, folder: Path) -> str:
    seen = f"what was observed until then is in {folder}: bringup check {shell_word(folder)}/*/"
    return f"{seen}; to observe the rest: {resume_or_again(run, folder)}"


def _name_open_boards(run: Run, folder: Path) -> None:
    left = [board.serial for board in run.boards if is_open(board)]
    if not left:
        return
    say(f"not observed to the end: {', '.join(left[:_NAMED])}{', …' if len(left) > _NAMED else ''}")
    command, count = resume_or_again(run, folder), pluralize(len(left), "board")
    keeps = f" observes {count} again, and keeps the rest" if "--resume" in command else ""
    say(f"  → {command}{keeps}")


def _observe(
    boards: Sequence[Board], job: Job, events: Events | None, done: list[BoardRun]
) -> tuple[Run, list[BringupError]]:
    """:param done: takes each board's part once it is there."""
    index = {id(board): index for index, board in enumerate(boards)}  # by serial two may be alike
    with live_steps(boards, job.how.seconds) as progress:

        def on_step(board: Board, step: str) -> None:
            progress(board, step)
            if events:
                events.step(board.serial, index[id(board)], step)

        def on_board(board: Board, judged: BoardRun, error: BringupError | None) -> None:
            done.append(judged)
            progress.board(board, judged)
            if events:
                events.board(judged, index[id(board)], error)

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


def _show_comparison(comparison: Comparison, otherwise: str, page: Path) -> None:
    console = out()
    console.print("\nsince the baseline:", style="bold")
    console.print(summary(comparison, otherwise))
    console.print(f"comparison: {page}", soft_wrap=True)
