"""The folder of a run: made before it, and filled with its reports."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from bringup.errors import HostError, UsageError, os_reason
from bringup.files import why_no_folder
from bringup.lab.repeating import REPEATS
from bringup.record.journal import JOURNAL
from bringup.report import find_format, write_report
from bringup.results.run import Run

__all__ = ["EARLIER", "prepare_folder", "write_reports"]

_REPORTS = {"json": "run.json", "html": "report.html", "junit": "junit.xml"}
#: Where a resumed run keeps the incomplete records; hidden, for every other folder of a run is a board's record.
EARLIER = ".earlier"
_ELSEWHERE = "give another folder with -o"
_FILES_OF_A_RUN = {EARLIER, REPEATS, *_REPORTS.values(), "compare.json", "compare.html"}


def write_reports(run: Run, folder: Path) -> None:
    """Write ``run.json``, ``report.html`` and ``junit.xml``."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        seen = why_no_folder(folder, error)
        raise UsageError(f"write the reports to {folder}", seen, hint=_ELSEWHERE) from error
    except OSError as error:
        raise HostError(f"write the reports to {folder}", os_reason(error), hint=_ELSEWHERE) from error
    for name, file in _REPORTS.items():
        write_report(run, find_format(name), folder / file)


def prepare_folder(output: Path | None, replace: bool) -> Path:
    """The folder of a new run. Of an earlier run in it, everything that a run writes is removed, and nothing else.

    :raises UsageError: it is not empty, and ``--replace`` was not given or it holds no run; or it is not a folder.
    :raises HostError: it cannot be made.
    """
    folder = output or Path(datetime.now().astimezone().strftime("bringup-run-%Y%m%d-%H%M%S"))
    action = f"write the run {folder}"
    try:
        there = list(folder.iterdir()) if folder.exists() else []
        earlier = [path for path in there if path.name in _FILES_OF_A_RUN or (path / JOURNAL).is_file()]
        if there and not (replace and earlier):
            hint = _ELSEWHERE + (", or --replace" if earlier else "")
            raise UsageError(action, "the folder is not empty", hint=hint)
        for path in earlier:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except (NotADirectoryError, FileExistsError) as error:
        raise UsageError(action, why_no_folder(folder, error), hint=_ELSEWHERE) from error
    except OSError as error:
        raise HostError(action, os_reason(error), hint=_ELSEWHERE) from error
    return folder
