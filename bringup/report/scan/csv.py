"""CSV for a spreadsheet: one line per use."""

from __future__ import annotations

import csv
import io

from bringup.report.formats.csv import cell
from bringup.report.scan import ScanFormat
from bringup.scan.document import Scan

__all__ = ["COLUMNS", "FORMAT"]

COLUMNS = (
    *("component", "path", "line", "column", "word", "kind", "owner", "side", "status", "heap", "rule", "ion"),
    *("baseline", "suppressed", "text", "replacement", "fingerprint"),
)


def _render(scan: Scan) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for hit in scan.hits:
        values = (getattr(hit, column) for column in COLUMNS)
        writer.writerow([cell("" if value is None else str(value)) for value in values])
    return out.getvalue()


FORMAT = ScanFormat("csv", _render)
