"""A comparison rendered into its page: what got worse, what could not be judged, and what else changed."""

from __future__ import annotations

from bringup.compare.runs import Change, Comparison
from bringup.document import write_in_rows
from bringup.report.bounded import shown
from bringup.report.comparison.story import COMPARED, counts, headline, source_of, test_of
from bringup.report.comparison.timing_chart import TIMING_CHART_WIDTH
from bringup.report.comparison.view import CompareView, compare_view
from bringup.report.html.shell import render_sheet

__all__ = ["render"]

_NAMED = 50
# Which outcome's look each change has, in the order of the counts at the top.
_LOOKS = {
    "regressed": "fail",
    "slower": "fail",
    "unknown": "error",
    "changed": "warn",
    "improved": "pass",
    "faster": "pass",
    "appeared": "skip",
    "vanished": "skip",
}


def render(found: Comparison) -> str:
    """The page as text."""
    view = compare_view(found)
    few = sum(test.undecidable for test in found.timing_tests)
    context = {
        "found": _head(found),
        "boards": len(found.compared),
        "missing": [("first", len(found.only_before)), ("second", len(found.only_after))],
        "view": view,
        "worse": view.sections[Change.REGRESSED],
        "unknown": view.sections[Change.UNKNOWN],
        "few": few,
        "outcome": found.outcome,
        "word": COMPARED[found.outcome],
        "still_unknown": sum(found.still_unknown.values()),
        "headline": shown(headline(found)),
        "looks": _LOOKS,
        "tally": counts(found),
        "tests": [test_of(shown(test)) for test in found.timing_tests],
        "source_of": source_of,
        "changes": list(Change),
        "timing_chart_width": TIMING_CHART_WIDTH,
        "parts": _parts(found, view, few),
    }
    return render_sheet("comparison.html.j2", write_in_rows(found, "differences"), context)


def _head(found: Comparison) -> Comparison:
    """What the page takes from the comparison itself, at a bounded length."""
    return shown(
        Comparison(
            differences=(),
            timings=(),
            only_before=found.only_before[:_NAMED],
            only_after=found.only_after[:_NAMED],
            same=found.same,
            before=found.before,
            after=found.after,
        )
    )


def _parts(found: Comparison, view: CompareView, few: int) -> list[tuple[str, str]]:
    """The page's parts that exist, as (anchor, title)."""
    missing = found.only_before or found.only_after or found.untimed or found.still_unknown or few
    parts = [
        ("regressed", "Regressed", True),
        ("unknown", "Not judged", bool(view.sections[Change.UNKNOWN].findings or missing)),
        ("speed", "Speed", bool(found.timing_tests or found.timings)),
        ("facts", "The board itself", bool(view.facts)),
        *((section.anchor, section.title, True) for section in view.rest),
        ("boards", "Each board", bool(view.boards)),
    ]
    return [(name, title) for name, title, there in parts if there]
