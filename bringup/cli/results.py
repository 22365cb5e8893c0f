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
    from bringup.checks.run import Run
    from bringup.config.schema import BoardConfig

__all__ = ["choose_configs", "prepare_folder", "show", "uncollected", "write_fixes", "write_reports"]

_REPORTS = {"json": "run.json", "html": "report.html", "junit": "junit.xml"}


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

    folder.mkdir(parents=True, exist_ok=True)
    for name, file in _REPORTS.items():
        write_report(run, find_format(name), folder / file)


def write_fixes(run: Run, folder: Path) -> None:
    """Write what mends each board into a folder of its own, or into ``folder`` where there is one board.

    :raises HostError: it cannot be written.
    """
    from bringup.checks.fixes import fix_files
    from bringup.cli.console import say
    from bringup.lab.run import record_names

    names = record_names([board.serial for board in run.boards])
    for board in run.boards:
        place = folder if len(run.boards) == 1 else folder / names[board.serial]
        files = fix_files(board)
        try:
            for name, text in files.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise HostError(f"write the fixes to {place}", error.strerror or str(error)) from error
        say(f"fixes: {place}" if files else f"{board.serial}: nothing to fix")


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
    """The folder of a new run, empty.

    :raises UsageError: it holds something, and ``--replace`` was not given or it is not a run.
    :raises HostError: it cannot be made.
    """
    folder = output or Path(datetime.now().astimezone().strftime("bringup-run-%Y%m%d-%H%M%S"))
    action = f"write the run {folder}"
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (replace and (folder / "run.json").is_file()):
                hint = "give another folder with -o" + (", or --replace" if (folder / "run.json").is_file() else "")
                raise UsageError(action, "the folder is not empty", hint=hint)
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HostError(action, error.strerror or str(error), hint="give another folder with -o") from error
    return folder
