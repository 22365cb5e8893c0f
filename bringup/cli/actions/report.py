"""What ``bringup report`` does: write a run or a comparison in another format."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path

from bringup.cli.console import print_report, say
from bringup.cli.run_output import gc_disabled
from bringup.record.redact import read_key, redact_document
from bringup.report import find_format, rendered, write_report
from bringup.report.load import load_document

__all__ = ["report_document"]


def report_document(run: Path, format: str, output: Path | None, *, redact: bool = False) -> None:
    """Write the document into a file, or to stdout.

    :raises UsageError: there is no such format.
    :raises RecordError: the document cannot be read.
    """
    chosen = find_format(format)
    with gc_disabled():
        document = load_document(run, say)
        if redact:
            document = redact_document(document, read_key(user_config_path("bringup")))
        if output is None:
            print_report(rendered(document, chosen))
        else:
            say(f"wrote {write_report(document, chosen, output)}")
