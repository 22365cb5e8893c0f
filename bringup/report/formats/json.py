"""JSON: the run or the comparison, for programs. The schemas are in ``bringup/report/schemas``."""

from __future__ import annotations

from bringup.document import write_document
from bringup.report import Format

__all__ = ["FORMAT"]


def _render(document: object) -> str:
    return write_document(document, indent=2) + "\n"


FORMAT = Format("json", ".json", _render, "the run document, schema bringup.run/1", _render)
