"""HTML: one page for people, which also carries the run document (see :mod:`bringup.report.readback`)."""

from __future__ import annotations

from bringup.checks.run import Run
from bringup.report import Format

__all__ = ["FORMAT"]


def _render(run: Run) -> str:
    from bringup.report.html.page import render

    return render(run)


FORMAT = Format("html", ".html", _render, "one page, no network: open it from disk, mail it, print it")
