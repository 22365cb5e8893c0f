"""CSV for a spreadsheet: one line per verdict.

A cell that a spreadsheet would take for a formula (``=``, ``+``, ``-``, ``@``, tab or carriage return in front) gets an
apostrophe before it, as OWASP's page on CSV injection advises; line breaks within a cell are written ``\\n``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from bringup.report import Format
from bringup.report.bounded import shown
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict

__all__ = ["COLUMNS", "FORMAT", "cell"]

COLUMNS = ("board", "kernel", "config", "check", "heap", "outcome", "title", "cause", "reason", "evidence", "remedy")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def _render(run: Run) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for board in shown(run).boards:
        writer.writerows([cell(text) for text in row] for row in _rows(board))
    return out.getvalue()


def _rows(board: BoardRun) -> Iterator[tuple[str, ...]]:
    head = (board.serial, board.kernel or "", board.config or "")
    for verdict in board.verdicts:
        yield (*head, *_verdict(verdict))
    if not board.verdicts:
        yield (*head, "", "", board.outcome.value, "Nothing was judged", "", "", "", "")


def _verdict(verdict: Verdict) -> tuple[str, ...]:
    cause = f"{verdict.cause.text} ({verdict.cause.id})" if verdict.cause else ""
    lines = ("\n".join(verdict.evidence), "\n".join(verdict.advice))
    return (verdict.id, verdict.heap or "", verdict.outcome.value, verdict.title, cause, verdict.reason or "", *lines)


def cell(text: str) -> str:
    """Text as a cell that no spreadsheet takes for a formula."""
    line = text.replace("\n", "\\n")
    return f"'{line}" if line.lstrip(" ").startswith(_FORMULA) else line


FORMAT = Format("csv", ".csv", _render, "one line per verdict, for a spreadsheet")
