"""What ``bringup heap watch`` does: watch a board's buffers, keep the series, judge a series that was kept."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from bringup.board import RootPolicy, Selection
from bringup.cli.board_selection import one_board
from bringup.cli.console import out, say, table
from bringup.compare.watching import SeriesJudge, judge_again
from bringup.document import DocumentError, write_document
from bringup.errors import ExitCode, HostError, RecordError, UsageError, os_reason
from bringup.files import PRIVATE, read_input, why_no_folder, write_file
from bringup.lab.watching import WatchPlan, watch
from bringup.outcome import Outcome
from bringup.report.html.watch import render_watch
from bringup.report.units import size
from bringup.report.watch import GROWTH_HEADERS, end_sentence, growth_rows, leak_sentence, rate_sentence
from bringup.results.watch import LeakFound, Look, Series, WatchBegin, WatchEnd, WatchLine, read_series
from bringup.text import pluralize, visible

__all__ = ["PAGE", "SERIES", "WatchOptions", "fails_on", "watch_heaps"]

SERIES, PAGE = "series.jsonl", "watch.html"
_ACTION = "watch a board"
_TIME = re.compile(r"([0-9]{1,9})([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_STEPS, _MOST_FILE, _MOST_SERIES = 100, 64 << 10, 1 << 30
#: Lines of the screen that are not the table's.
_OTHER_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """What the command line of ``bringup heap watch`` says, beside which board is selected."""

    series: Path | None
    interval: float
    swing: float
    until: Sequence[str]
    fails_on_leak: bool
    steps: Sequence[str]
    steps_file: Path | None
    rounds: int
    output: Path | None
    root: str
    as_json: bool

    @property
    def plan(self) -> WatchPlan:
        """:raises UsageError: what is given does not fit together."""
        steps = (*self.steps, *_steps_in(self.steps_file))
        if len(steps) > _MOST_STEPS:
            raise UsageError(_ACTION, f"{len(steps)} steps in a round", hint=f"{_MOST_STEPS} at most")
        times = [_seconds(text) for text in self.until if text != "leak"]
        if steps and times:
            raise UsageError(_ACTION, "rounds end the watch, and so would the time", hint="--rounds N, or --until TIME")
        return WatchPlan(
            root=RootPolicy.named(self.root),
            interval=self.interval,
            swing=self.swing,
            rounds=self.rounds if steps else 0,
            steps=steps,
            seconds=min(times, default=None),
            until_leak="leak" in self.until,
        )


def fails_on(text: str | None) -> bool:
    """Whether a leak makes the exit status 1.

    :raises UsageError: it says something else.
    """
    if text not in (None, "leak"):
        raise UsageError("read --fail-on", f"{visible(str(text)[:80])!r} is not leak", hint="--fail-on leak")
    return text == "leak"


def watch_heaps(selection: Selection, options: WatchOptions) -> int:
    """Watch one board, or judge a series that was kept; the exit status."""
    if options.series is not None:
        return _judge_kept(selection, options, options.series)
    plan = options.plan
    with _kept(options.output) as keep:
        board = one_board(selection, _ACTION)
        with _shown(as_lines=options.as_json or not sys.stdout.isatty()) as show:
            try:
                end = watch(board, plan, lambda line: (keep(line), show(line)))
            finally:
                _write_page(options.output)
    return _status(end, options)


def _status(end: WatchEnd, options: WatchOptions) -> int:
    """With ``--fail-on leak``: 1 where there is one, 3 where it is unknown."""
    if not options.fails_on_leak or end.outcome is Outcome.PASS:
        return int(ExitCode.PASSED)
    return int(ExitCode.FAILED if end.outcome is Outcome.FAIL else ExitCode.INFRASTRUCTURE)


def _steps_in(file: Path | None) -> Iterator[str]:
    """One step per line; a line that begins with # is a comment."""
    if file is None:
        return
    try:
        text = read_input(file, _MOST_FILE).decode()
    except OSError as error:
        raise UsageError(f"read {file}", os_reason(error)) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"read {file}", "it is not UTF-8 text") from error
    steps = [line.strip() for line in text.splitlines()]
    steps = [line for line in steps if line and not line.startswith("#")]
    if not steps:
        raise UsageError(f"read {file}", "there is no step in it", hint="one command of the shell per line")
    yield from steps


def _seconds(text: str) -> float:
    """``90``, ``30m``, ``2h``, ``1d`` in seconds.

    :raises UsageError: it is none of them.
    """
    match = _TIME.fullmatch(text)
    if match is None or not int(match[1]):
        raise UsageError("read --until", f"{visible(text[:80])!r} is neither leak nor a time", hint="for example 30m")
    return float(int(match[1]) * _SECONDS[match[2]])


@contextmanager
def _kept(folder: Path | None) -> Iterator[Callable[[WatchLine], None]]:
    """Writes each line of the series into the folder, before the next one comes. Without a line, no file stays.

    :raises UsageError: a series is there already, or a part of the folder's path is a file.
    :raises HostError: it cannot be written.
    """
    if folder is None:
        yield lambda _: None
        return
    action = f"keep the series in {folder}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / SERIES, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except (FileExistsError, NotADirectoryError) as error:
        seen = "a series is there already" if (folder / SERIES).exists() else why_no_folder(folder, error)
        raise UsageError(action, seen, hint="choose another folder with -o") from error
    except OSError as error:
        raise HostError(action, os_reason(error)) from error

    is_empty = True

    def keep(line: WatchLine) -> None:
        nonlocal is_empty
        is_empty = False
        data = write_document(line).encode() + b"\n"
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            raise HostError(action, os_reason(error)) from error

    try:
        yield keep
    finally:
        os.close(descriptor)
        if is_empty:
            (folder / SERIES).unlink(missing_ok=True)


def _write_page(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        series = _read(folder)
    except RecordError:
        return  # it ended before the first look
    write_file(folder / PAGE, render_watch(series))
    say(f"kept in {folder}: {SERIES}, {PAGE}")


def _read(place: Path) -> Series:
    """The series in a folder, or in a file.

    :raises RecordError: it is none.
    """
    file = place / SERIES if place.is_dir() else place
    try:
        return read_series(read_input(file, _MOST_SERIES))
    except OSError as error:
        raise RecordError(f"read {file}", os_reason(error)) from error
    except DocumentError as error:
        raise RecordError(f"read {file}", f"it is no series: {error}") from error


def _judge_kept(selection: Selection, options: WatchOptions, place: Path) -> int:
    """:raises UsageError: a series and a board, or steps, are both named."""
    if selection.option or options.steps or options.steps_file or options.until:
        raise UsageError(
            _ACTION, "a series that was kept is judged without a board", hint="leave out -s, --while, --until"
        )
    series = _read(place)
    leaks, end = judge_again(series)
    if options.output is not None:
        write_file(options.output, render_watch(series))
    if options.as_json or not sys.stdout.isatty():
        lines: tuple[WatchLine, ...] = (series.begin, *leaks, end)
        for line in lines:
            _print_line(line)
    else:
        out().print(table(GROWTH_HEADERS, growth_rows(end.growth)))
        for leak in leaks:
            say(leak_sentence(leak, series.begin))
    say(end_sentence(end, series.begin))
    say(rate_sentence(series.begin))
    return _status(end, options)


@contextmanager
def _shown(*, as_lines: bool) -> Iterator[Callable[[WatchLine], None]]:
    """Shows each line: as JSON, or as a table that is drawn anew."""
    if as_lines:
        yield _print_line
        return
    view = _Table()
    with Live(view, console=out(), auto_refresh=False, transient=False) as live:

        def show(line: WatchLine) -> None:
            view.take(line)
            live.refresh()

        yield show
    for text in view.texts:
        say(text)


def _print_line(line: WatchLine) -> None:
    sys.stdout.write(write_document(line) + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class _Table:
    """What is held, the most growth first; never more rows than the screen has.

    :param texts: sentences for below the table, when it is over.
    """

    texts: list[str] = field(default_factory=list)
    _begin: WatchBegin | None = None
    _judge: SeriesJudge | None = None
    _head: str = ""

    def take(self, line: WatchLine) -> None:
        """Take the next line in."""
        if isinstance(line, WatchBegin):
            self._begin, self._judge = line, SeriesJudge(line)
        elif isinstance(line, Look) and self._judge is not None:
            self._judge.add(line)
            after = f"round {line.round}" if line.round is not None else f"{line.at:.0f} s"
            holding = pluralize(len({(share.pid, share.start) for share in line.shares if share.pid}), "process")
            held = size(sum(share.pss for share in line.shares))
            self._head = f"after {after}: {held}, held by {holding}{''.join(f'; {note}' for note in line.notes)}"
        elif isinstance(line, LeakFound) and self._begin is not None:
            self.texts.append(leak_sentence(line, self._begin))
        elif isinstance(line, WatchEnd) and self._begin is not None:
            self.texts += [end_sentence(line, self._begin), rate_sentence(self._begin)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See the console protocol of rich."""
        growth = self._judge.growth() if self._judge is not None else ()
        room = max(1, console.size.height - _OTHER_LINES)
        yield table(GROWTH_HEADERS, list(growth_rows(growth))[:room])
        yield Text(visible(self._head)[: options.max_width])
