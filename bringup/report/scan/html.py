"""HTML: one page in the reports' style, with the document inside."""

from __future__ import annotations

from bringup.document import write_in_rows
from bringup.report.html.shell import render_sheet
from bringup.report.scan import ScanFormat
from bringup.report.scan.text import totals
from bringup.scan.document import Hit, Scan
from bringup.scan.rules import RULES

__all__ = ["FORMAT"]

#: Beyond these the page names only their number; the document in it has all.
_USES = 5_000


def _render(scan: Scan) -> str:
    left = [hit for hit in scan.hits if hit.is_left]
    rest = [hit for hit in scan.hits if not hit.is_left]
    groups = {"left": _by_component(left[:_USES]), "rest": _by_component(rest[:_USES])}
    parts = [("components", "Components", bool(scan.components)), ("left", "To do", bool(left))]
    parts += [("rest", "Not to do", bool(rest)), ("unread", "Not looked at", bool(scan.skipped or scan.left_out))]
    context = {
        "scan": scan,
        "totals": totals(scan),
        "outcome": "fail" if scan.uses_ion else "pass" if scan.complete else "error",
        "groups": groups,
        "more": {"left": max(0, len(left) - _USES), "rest": max(0, len(rest) - _USES)},
        "titles": {rule.id: rule.title for rule in RULES},
        "unread": scan.skipped[:_USES],
        "parts": [(name, title) for name, title, exists in parts if exists],
    }
    return render_sheet("scan.html.j2", write_in_rows(scan, "hits"), context)


def _by_component(hits: list[Hit]) -> dict[str, list[Hit]]:
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.component, []).append(hit)
    return groups


FORMAT = ScanFormat("html", _render)
