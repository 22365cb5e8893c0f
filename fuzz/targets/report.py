"""A run or a comparison, read back from JSON or from a page, and shown."""

from __future__ import annotations

from bringup.errors import RecordError
from bringup.report import find_format, write_report
from bringup.report.load import load_document
from bringup.results.run import Run
from fuzz.files import file_of, folder


def one(data: bytes) -> None:
    try:
        document = load_document(file_of(data, "run.json"))
    except RecordError:
        return
    if isinstance(document, Run):
        for name in ("junit", "ktap", "md", "csv"):
            write_report(document, find_format(name), folder() / f"out.{name}")
