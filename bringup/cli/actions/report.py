"""What ``bringup report`` does: write a run or a comparison in another format."""

from __future__ import annotations

from pathlib import Path

from bringup.cli.console import print_report, say
from bringup.cli.run_output import gc_disabled
from bringup.report import find_format, rendered, write_report
from bringup.report.load import load_document

__all__ = ["report"]


def report(run: Path, format: str, output: Path | None) -> None:
    """Write the document into a file, or to stdout.

    :raises UsageError: there is no such format.
    :raises RecordError: the document cannot be read.
    """
    chosen = find_format(format)
    with gc_disabled():
        document = load_document(run, say)
        if output is None:
            print_report(rendered(document, chosen))
        else:
            say(f"wrote {write_report(document, chosen, output)}")
