"""Whatever holds a run or a record, read as a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bringup.config.shipped import load_all
from bringup.lab.judging import judge_folders
from bringup.record.archive import is_archive
from bringup.record.journal import JOURNAL
from bringup.report.load import load_report
from bringup.results.run import Run

__all__ = ["read_run"]


def read_run(path: Path, note: Callable[[str], object] | None = None) -> Run:
    """Read a run's folder, its ``run.json``, a JSON or HTML report; a record, folder or archive, is judged now.

    :param note: is called with a sentence where a later version of bringup wrote fields that this one does not know.
    :raises RecordError: it is none of them.
    """
    if (path / JOURNAL).is_file() or (path.is_file() and is_archive(path)):
        return judge_folders([path], load_all())
    return load_report(path, note)
