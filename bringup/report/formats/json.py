"""JSON: the run document, for programs. Its schema is ``bringup/report/schemas/run-1.json``."""

from __future__ import annotations

from bringup.checks.run import Run
from bringup.report import Format
from bringup.report.document import run_document

__all__ = ["FORMAT"]


def _render(run: Run) -> str:
    return run_document(run, indent=2) + "\n"


FORMAT = Format("json", ".json", _render, "the run document, schema bringup.run/1")
