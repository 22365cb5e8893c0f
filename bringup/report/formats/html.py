"""HTML: one page for people, which also carries the document it shows (see :mod:`bringup.report.load`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bringup.report import Format
from bringup.results.run import Run

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison

__all__ = ["FORMAT"]


def _render(run: Run) -> str:
    from bringup.report.html.page import render

    return render(run)


def _compare(found: Comparison) -> str:
    from bringup.report.comparison.page import render

    return render(found)


FORMAT = Format("html", ".html", _render, "one page, no network: open it from disk, mail it, print it", _compare)
