"""Annotations of a pull request, by GitHub's workflow commands: what failed, warns or is not known."""

from __future__ import annotations

from bringup.report import Format
from bringup.report.judged import annotate, judged_run
from bringup.results.run import Run

__all__ = ["FORMAT"]


def _render(run: Run) -> str:
    return annotate(judged_run(run))


FORMAT = Format("github", ".github.txt", _render, "annotations of a pull request, as GitHub's workflow commands")
