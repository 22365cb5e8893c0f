"""Annotations of a pull request, by GitHub's workflow commands: what is to do; with a baseline, what is new of it."""

from __future__ import annotations

from bringup.report.annotations import annotation
from bringup.report.scan import ScanFormat
from bringup.scan.document import Scan
from bringup.scan.rules import RULES

__all__ = ["FORMAT"]


def _render(scan: Scan) -> str:
    titles = {rule.id: rule.title for rule in RULES}
    lines = [
        annotation(
            "notice" if hit.baseline == "unchanged" else "error" if hit.is_left else "warning",
            f"{hit.rule}: {titles.get(hit.rule, hit.rule)}",
            f"{hit.word}\n{hit.replacement}",
            path=hit.path,
            line=hit.line,
            column=hit.column,
        )
        for hit in scan.hits
        if hit.is_left or not hit.ion
    ]
    lines += [
        annotation("warning", "not read", unread.reason, path=unread.path)
        for unread in scan.skipped
        if not unread.outside
    ]
    return "".join(f"{line}\n" for line in lines)


FORMAT = ScanFormat("github", _render)
