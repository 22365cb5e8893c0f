"""What every judging command does with its run: write the reports, show the summary."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.errors import HostError, UsageError

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig
    from bringup.results.run import Run

__all__ = [
    "check_fix_dir",
    "choose_configs",
    "prepare_folder",
    "show",
    "uncollected",
    "write_fixes",
    "write_reports",
]

_REPORTS = {"json": "run.json", "html": "report.html", "junit": "junit.xml"}
_ELSEWHERE = "give another folder with -o"
_OF_A_RUN = {*_REPORTS.values(), "compare.json", "compare.html"}


@contextmanager
def uncollected() -> Iterator[None]:
    """For a command that reads, writes and ends: nothing it reads is garbage, and looking for some takes as long."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def choose_configs(board: str | None, folders: Sequence[Path] | None) -> tuple[tuple[BoardConfig, ...], bool]:
    """The board configs to judge against, and whether a person named the one.

    :raises UsageError, ConfigError: there is none of that name, or one is wrong.
    """
    from bringup.config.shipped import config_dirs, find_config, load_all

    dirs = config_dirs(tuple(folders or ()))
    return ((find_config(board, dirs),), True) if board else (load_all(dirs), False)


def write_reports(run: Run, folder: Path) -> None:
    """Write ``run.json``, ``report.html`` and ``junit.xml``."""
    from bringup.report import find_format, write_report

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise UsageError(f"write the reports to {folder}", "there is a file of that name", hint=_ELSEWHERE) from error
    except OSError as error:
        raise HostError(f"write the reports to {folder}", error.strerror or str(error), hint=_ELSEWHERE) from error
    for name, file in _REPORTS.items():
        write_report(run, find_format(name), folder / file)


def check_fix_dir(folder: Path | None) -> None:
    """Before anything is done: nobody's own files stand where the fixes go.

    :raises UsageError: one does.
    :raises HostError: it cannot be read.
    """
    from bringup.report.fix_folder import FIX_FILES, is_fix_file

    for file in (folder / name for name in FIX_FILES) if folder is not None else ():
        try:
            ours = not file.exists() or is_fix_file(file.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise HostError(f"read {file}", error.strerror or str(error)) from error
        if not ours:
            seen = f"{file.name} is there, and bringup did not write it"
            raise UsageError(f"write the fixes to {folder}", seen, hint="give another folder with --fix-dir")


def write_fixes(run: Run, folder: Path) -> list[str]:
    """Write what mends each board into a folder of its own, or into ``folder`` where there is one board.

    Fixes that an earlier run left there, and that this one does not ask for, go.

    :returns: what to say of it.
    :raises UsageError: a person's own file is in the way.
    :raises HostError: it cannot be written.
    """
    from bringup.lab.run import record_names
    from bringup.report.fix_folder import FIX_FILES, fix_files

    seen = [board for board in run.boards if board.unusable is None]
    names = record_names([board.serial for board in seen])
    told = []
    for board in seen:
        place = folder if len(seen) == 1 else folder / names[board.serial]
        files = fix_files(board)
        check_fix_dir(place)
        try:
            for name in set(FIX_FILES) - files.keys():
                (place / name).unlink(missing_ok=True)
            for name, text in files.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise HostError(f"write the fixes to {place}", error.strerror or str(error)) from error
        told.append(f"fixes: {place}" if files else f"{board.serial}: nothing to fix")
    return told


def show(run: Run, *, as_json: bool, report: Path | None = None) -> None:
    """Print the run: as JSON, or the summary and where the report is."""
    from bringup.cli.console import out, print_json

    if as_json:
        print_json(run.to_json())
        return
    from bringup.report.terminal import summary

    console = out()
    console.print(summary(run))
    if report is not None:
        console.print(f"report: {report}", soft_wrap=True)


def prepare_folder(output: Path | None, replace: bool) -> Path:
    """The folder of a new run. Of an earlier one in it all goes that a run writes, and nothing else.

    :raises UsageError: it holds something, and ``--replace`` was not given or it is not a run; or it is no folder.
    :raises HostError: it cannot be made.
    """
    from bringup.record.journal import JOURNAL

    folder = output or Path(datetime.now().astimezone().strftime("bringup-run-%Y%m%d-%H%M%S"))
    action = f"write the run {folder}"
    try:
        there = list(folder.iterdir()) if folder.exists() else []
        earlier = [one for one in there if one.name in _OF_A_RUN or (one / JOURNAL).is_file()]
        if there and not (replace and earlier):
            hint = _ELSEWHERE + (", or --replace" if earlier else "")
            raise UsageError(action, "the folder is not empty", hint=hint)
        for one in earlier:
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        folder.mkdir(parents=True, exist_ok=True)
    except (NotADirectoryError, FileExistsError) as error:
        raise UsageError(action, "there is a file of that name", hint=_ELSEWHERE) from error
    except OSError as error:
        raise HostError(action, error.strerror or str(error), hint=_ELSEWHERE) from error
    return folder
