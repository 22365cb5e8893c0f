"""A run rendered into the page. The template escapes all text, and every text passes :func:`bringup.text.visible`."""

from __future__ import annotations

from bringup.document import write_in_rows
from bringup.report.bounded import shown
from bringup.report.html.budget import BUDGET_WIDTH
from bringup.report.html.charts import HEIGHT, WIDTH
from bringup.report.html.holders import TREE_HEIGHT, TREE_WIDTH
from bringup.report.html.many import ManyView, many_view
from bringup.report.html.memorymap import MAP_WIDTH
from bringup.report.html.shell import render_sheet
from bringup.report.html.view import Anchors, BoardView, board_view
from bringup.report.story import WORST_FIRST, model_of, run_headline, shared_findings
from bringup.results.run import Run
from bringup.results.verdict import Outcome

__all__ = ["render"]

# A kind of region: beside its size on the map, and in the table.
_KINDS = {
    "cma": ("CMA", "CMA: movable pages live there until somebody allocates"),
    "pool": ("set aside", "set aside for its users"),
    "no-map": ("no-map", "set aside, and not mapped by the kernel"),
    "kernel": ("kernel", "the kernel itself"),
}
# Results of the comparison with ION as outcomes: "different" needs a look; "unknown" never counts as a pass.
_RESULTS = {"same": "pass", "better": "pass", "different": "warn", "worse": "fail", "unknown": "error"}
_STANDINGS = {
    "android": "Android's",
    "vendor": "a vendor's",
    "backport": "of a later mainline",
    "removed": "removed from mainline",
    "unknown": "unknown",
}


def render(run: Run) -> str:
    """The page as text."""
    document = write_in_rows(run, "boards")
    run = shown(run)
    anchors = Anchors()
    single = run.boards[0] if len(run.boards) == 1 else None
    view = board_view(single, anchors.of(single.serial), anchors) if single else None
    shared = shared_findings(run) if len(run.boards) > 1 else ()
    many = many_view(run, shared) if len(run.boards) > 1 else None
    context = {
        "run": run,
        "headline": run_headline(run, shared),
        "view": view,
        "many": many,
        "parts": _parts(view, many),
        "tally": view.tally if view else _tally_of_boards(run),
        "name_of": model_of,
        "chart_width": WIDTH,
        "chart_height": HEIGHT,
        "map_width": MAP_WIDTH,
        "budget_width": BUDGET_WIDTH,
        "tree_width": TREE_WIDTH,
        "tree_height": TREE_HEIGHT,
        "kinds": _KINDS,
        "results": _RESULTS,
        "standings": _STANDINGS,
    }
    return render_sheet("page.html.j2", document, context)


def _parts(view: BoardView | None, many: ManyView | None) -> list[tuple[str, str]]:
    """The page's parts that exist, as (anchor, title)."""
    if many is not None:
        boards = [("boards", "Each board")] if many.brief else [(view.anchor, view.board.serial) for view in many.full]
        return [("matrix", "Boards × checks"), ("findings", "Findings"), *boards]
    if view is None:
        return []
    parts = [
        ("board", "Board", True),
        ("heaps", "Heaps", bool(view.heaps)),
        ("findings", "Findings", True),
        ("rest", "The rest", bool(view.passed or view.skipped)),
        ("memory", "Memory", view.memory is not None),
        ("pages", "Pages", view.pages is not None),
        ("holders", "Who held buffers", view.holders is not None),
        ("budget", "Memory for streams", view.budget is not None),
        ("timing", "Speed", view.timing is not None),
        ("ion", "ION", view.board.ion is not None),
        ("config", "Kernel configuration", bool(view.requirements.rows)),
        ("gap", "Upstream gap", view.board.upstream_gap is not None),
        ("timeline", "Timeline", bool(view.steps)),
    ]
    return [(f"{view.anchor}/{name}", title) for name, title, there in parts if there]


def _tally_of_boards(run: Run) -> dict[Outcome, int]:
    counts = dict.fromkeys(WORST_FIRST, 0)
    for board in run.boards:
        counts[board.outcome] += 1
    return counts
