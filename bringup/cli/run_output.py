"""What every judging command does with its run: write the fixes, show the summary."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bringup.cli.console import out, print_json
from bringup.errors import HostError, UsageError, os_reason
from bringup.files import write_file
from bringup.lab.run import record_names
from bringup.report.fix_folder import FIX_FILES, fix_files, is_fix_file
from bringup.report.terminal import summary
from bringup.results.run import Run

__all__ = ["check_fix_dir", "gc_disabled", "show", "write_fixes"]


@contextmanager
def gc_disabled() -> Iterator[None]:
    """For a command that reads, writes and ends. Nothing it reads becomes garbage, and collecting doubles its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def check_fix_dir(folder: Path | None) -> None:
    """Before anything is done: no file of the user stands where a fix would be written, and no link leads elsewhere.

    :raises UsageError: one does.
    :raises HostError: it cannot be read.
    """
    for file in (folder / name for name in FIX_FILES) if folder is not None else ():
        action, hint = f"write the fixes to {folder}", "give another folder with --fix-dir"
        for part in (file, file.parent):
            if part != folder and part.is_symlink():
                raise UsageError(action, f"{part} is a link, and fixes are not written through links", hint=hint)
        try:
            ours = not file.exists() or is_fix_file(file.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise HostError(f"read {file}", os_reason(error)) from error
        if not ours:
            seen = f"{file.name} is there, and bringup did not write it"
            raise UsageError(action, seen, hint=hint)


def write_fixes(run: Run, folder: Path | None) -> list[str]:
    """Write each board's fixes into a folder of its own, or into ``folder`` where there is only one board.

    Fixes that an earlier run left there and that this run does not need are removed.

    :param folder: ``None``: write nothing.
    :returns: lines that say where they are, for the person who watches.
    :raises UsageError: a file of the user is in the way.
    :raises HostError: they cannot be written.
    """
    if folder is None:
        return []
    boards = [board for board in run.boards if board.unusable is None]
    names = record_names([board.serial for board in boards])
    lines = []
    for board, name in zip(boards, names, strict=True):
        place = folder if len(boards) == 1 else folder / name
        files = fix_files(board)
        check_fix_dir(place)
        try:
            for file in set(FIX_FILES) - files.keys():
                (place / file).unlink(missing_ok=True)
            for file, text in files.items():
                write_file(place / file, text, hint="give another folder with --fix-dir")
        except OSError as error:
            raise HostError(f"write the fixes to {place}", os_reason(error)) from error
        lines.append(f"fixes: {place}" if files else f"{board.serial}: nothing to fix")
    return lines


def show(run: Run, *, as_json: bool, report: Path | None = None) -> None:
    """Print the run: as JSON, or the summary and where the report is."""
    if as_json:
        print_json(run)
        return
    console = out()
    console.print(summary(run))
    if report is not None:
        console.print(f"report: {report}", soft_wrap=True)
