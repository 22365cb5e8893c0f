"""A run rendered into the page. The template escapes all text, and every text passes :func:`bringup.text.visible`."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.checks.run import Run
from bringup.checks.verdict import Outcome
from bringup.report import units
from bringup.report.document import run_document
from bringup.report.html.charts import HEIGHT, WIDTH
from bringup.report.html.many import ManyView, many_view
from bringup.report.html.memorymap import MAP_WIDTH
from bringup.report.html.view import Anchors, BoardView, board_view, pieces
from bringup.report.shown import shown
from bringup.report.story import WORST_FIRST, board_name, run_headline
from bringup.text import visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]

_HERE = Path(__file__).parent
# So many characters of document are left readable in the page's source.
_PLAIN = 60_000

# A kind of region: beside its size on the map, and in the table.
_KINDS = {
    "cma": ("CMA", "CMA: movable pages live there until somebody allocates"),
    "pool": ("set aside", "set aside for its users"),
    "no-map": ("no-map", "set aside, and not mapped by the kernel"),
    "kernel": ("kernel", "the kernel itself"),
}
# How a heap does beside ION, as an outcome: what is only different needs a look, what is not known is no pass.
_RESULTS = {"same": "pass", "better": "pass", "different": "warn", "worse": "fail", "unknown": "error"}
_STANDINGS = {
    "android": "Android's",
    "vendor": "a vendor's",
    "backport": "of a later mainline",
    "removed": "removed from mainline",
    "unknown": "not known",
}


def render(run: Run) -> str:
    """The page as text."""
    from markupsafe import Markup

    document, packed = _document(run)
    run = shown(run)
    style, script = (_HERE / "style.css").read_text("utf-8"), (_HERE / "script.js").read_text("utf-8")
    anchors = Anchors()
    single = run.boards[0] if len(run.boards) == 1 else None
    view = board_view(single, anchors.of(single.serial), anchors) if single else None
    many = many_view(run) if len(run.boards) > 1 else None
    # Style, script, document and the matrix's cells enter the page as markup; everything else is escaped.
    context = {
        "run": run,
        "headline": run_headline(run),
        "view": view,
        "many": many,
        "parts": _parts(view, many),
        "tally": view.tally if view else _tally_of_boards(run),
        "style": Markup(style),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "document": Markup(document),  # noqa: S704
        "packed": packed,
    }
    return _environment().get_template("page.html.j2").render(context)


def _parts(view: BoardView | None, many: ManyView | None) -> list[tuple[str, str]]:
    """The page's parts that exist, as (anchor, title)."""
    if many is not None:
        boards = [("boards", "Each board")] if many.brief else [(one.anchor, one.board.serial) for one in many.full]
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
        ("timing", "Speed", view.timing is not None),
        ("ion", "ION", view.board.ion is not None),
        ("config", "Kernel configuration", bool(view.requirements)),
        ("gap", "Upstream gap", view.board.upstream_gap is not None),
        ("timeline", "Timeline", bool(view.steps)),
    ]
    return [(f"{view.anchor}/{name}", title) for name, title, there in parts if there]


def _tally_of_boards(run: Run) -> dict[Outcome, int]:
    counts = dict.fromkeys(WORST_FIRST, 0)
    for board in run.boards:
        counts[board.outcome] += 1
    return counts


def _document(run: Run) -> tuple[str, bool]:
    """The run document as it stands in the page, and whether it is packed: gzip in base64, where plain is too long."""
    text = run_document(run, in_html=True)
    if len(text) <= _PLAIN:
        return text, False
    packed = gzip.compress(text.encode(), compresslevel=6, mtime=0)
    return base64.b64encode(packed).decode(), True


def _hash(text: str) -> str:
    """The source expression that allows exactly this inline text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(units=units, outcomes=WORST_FIRST, name_of=board_name)
    environment.globals.update(chart_width=WIDTH, chart_height=HEIGHT, map_width=MAP_WIDTH)
    environment.globals.update(kinds=_KINDS, results=_RESULTS, standings=_STANDINGS, pieces=pieces)
    return environment


def _finalize(value: object) -> object:
    """Every value on its way into the page: text becomes visible text, and nothing is ever the word ``None``."""
    if hasattr(value, "__html__"):
        return value
    return "" if value is None else visible(str(value))
