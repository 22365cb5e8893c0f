"""SARIF 2.1.0: one result per verdict; a board is a logical location, because no file is wrong."""

from __future__ import annotations

from bringup.report import Format
from bringup.report.judged import judged_run, write_sarif
from bringup.results.run import Run

__all__ = ["FORMAT"]


def _render(run: Run) -> str:
    return write_sarif(list(judged_run(run)))


FORMAT = Format("sarif", ".sarif", _render, "one result per verdict, for what reads SARIF 2.1.0")
