"""What ``bringup history`` does: ask the index of runs, or make it anew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bringup.cli.console import out, print_error, print_json, say
from bringup.errors import ExitCode, HostError, UsageError
from bringup.files import PRIVATE, write_file
from bringup.lab.run_index import HistoryFilter, RunIndex, default_index, run_folders
from bringup.report.history.page import render
from bringup.report.history.terminal import summary
from bringup.results.run import Run
from bringup.text import pluralize, visible

__all__ = ["HistoryOptions", "rebuild_index", "remember", "show_history"]

_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:[T ][0-9:]{2,8}Z?)?)?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    """What the command line of ``bringup history`` says."""

    board: str
    check: str
    heap: str | None
    since: str
    every_check: bool
    as_json: bool
    html: Path | None

    @property
    def asked(self) -> HistoryFilter:
        """:raises UsageError: ``--since`` is not a date."""
        if self.since and not _DATE.fullmatch(self.since):
            seen = f"'{visible(self.since)}' is not a date"
            raise UsageError("read --since", seen, hint="for example 2026-11-01, or 2026-11-01T12:00")
        return HistoryFilter(self.board, self.check, self.heap, self.since.replace(" ", "T"))


def show_history(options: HistoryOptions) -> int:
    """Print or draw the history; the exit status.

    :raises BringupError: there is none, it is damaged, or the page cannot be written.
    """
    history = _index("read the history").history(options.asked)
    if options.html is not None:
        write_file(options.html, render(history), action=f"write the page {options.html}", mode=PRIVATE)
        say(f"wrote {options.html}")
    if options.as_json:
        print_json(history)
    elif options.html is None:
        out().print(summary(history, every_check=options.every_check))
    return int(ExitCode.PASSED)


def rebuild_index(places: Sequence[Path]) -> int:
    """Make the index anew from the run folders in these folders; the exit status.

    :raises HostError: it cannot be written.
    """
    rebuilt = _index("make the history anew").rebuild(run_folders(places))
    for folder, why in rebuilt.unreadable:
        say(f"left out: {folder}: {why}")
    if rebuilt.kept is not None:
        say(f"the index that was there is now {rebuilt.kept}")
    say(f"{pluralize(rebuilt.runs, 'run')} in the history")
    return int(ExitCode.INFRASTRUCTURE if rebuilt.unreadable else ExitCode.PASSED)


def remember(run: Run, folder: Path) -> None:
    """Write a run into the index, where there is one. That it cannot be written is said, and changes nothing else."""
    file = default_index()
    if file is None:
        return
    try:
        RunIndex(file).add(run, folder)
    except HostError as error:
        print_error(error)


def _index(action: str) -> RunIndex:
    file = default_index()
    if file is None:
        raise UsageError(action, "BRINGUP_HISTORY switches it off", hint="unset it, or let it name a file")
    return RunIndex(file)
