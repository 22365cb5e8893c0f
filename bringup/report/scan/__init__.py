"""A scan as a report. A format is one file here that defines ``FORMAT``; it is found here, nothing lists it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from bringup.report.registry import formats_in, no_such_format
from bringup.scan.document import Scan

__all__ = ["ScanFormat", "find_scan_format", "scan_formats"]


@dataclass(frozen=True, slots=True)
class ScanFormat:
    """One way to write a scan down.

    :param name: what ``--format`` takes.
    :param render: the whole report as text; it never holds a control character but tab and newline.
    """

    name: str
    render: Callable[[Scan], str]


def scan_formats() -> dict[str, ScanFormat]:
    """Every format by its name, sorted."""
    return formats_in(sys.modules[__name__], ScanFormat)


def find_scan_format(name: str) -> ScanFormat:
    """The format of that name.

    :raises UsageError: there is none.
    """
    known = scan_formats()
    if name not in known:
        raise no_such_format(name, known, "scan")
    return known[name]
