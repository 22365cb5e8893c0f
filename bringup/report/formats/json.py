"""JSON: the run document, or that of a comparison, for programs. Their schemas are in ``bringup/report/schemas``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bringup.report import Format
from bringup.report.json_text import comparison_document, run_document
from bringup.results.run import Run

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison

__all__ = ["FORMAT"]


def _render(run: Run) -> str:
    return run_document(run, indent=2) + "\n"


def _compare(found: Comparison) -> str:
    return comparison_document(found, indent=2) + "\n"


FORMAT = Format("json", ".json", _render, "the run document, schema bringup.run/1", _compare)
