"""JSON: the document itself."""

from __future__ import annotations

from bringup.document import write_document
from bringup.report.scan import ScanFormat
from bringup.scan.document import Scan

__all__ = ["FORMAT"]


def _render(scan: Scan) -> str:
    return write_document(scan, indent=2) + "\n"


FORMAT = ScanFormat("json", _render)
