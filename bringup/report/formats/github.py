"""Annotations of a pull request, by GitHub's workflow commands: what failed, warns or is not known."""

from __future__ import annotations

from bringup.report import Format
from bringup.report.formats._judged import judged
from bringup.report.judged import annotate
from bringup.results.run import Run

__all__ = ["FORMAT"]


def _render(run: Run) -> str:
    return annotate(judged(run))


FORMAT = Format("github", ".github.txt", _render, "annotations of a pull request, as GitHub's workflow commands")
