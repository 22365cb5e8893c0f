"""A run rendered into the page. The template escapes all text, and every text passes :func:`bringup.text.visible`."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.checks.run import Run
from bringup.report import units
from bringup.report.document import run_document
from bringup.report.html import latency
from bringup.report.html.view import Anchors, board_view
from bringup.report.story import WORST_FIRST, run_headline, tally
from bringup.text import visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]

_HERE = Path(__file__).parent


def render(run: Run) -> str:
    """The page as text."""
    from markupsafe import Markup

    style, script = (_HERE / "style.css").read_text("utf-8"), (_HERE / "script.js").read_text("utf-8")
    anchors = Anchors()
    # The style, the script and the escaped document are the only texts that enter the page as markup.
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            run=run,
            headline=run_headline(run),
            tally=tally(one for board in run.boards for one in board.verdicts),
            boards=[board_view(board, anchors) for board in run.boards],
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            style_hash=_hash(style),
            script_hash=_hash(script),
            document=Markup(run_document(run, in_html=True)),  # noqa: S704
        )
    )


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
    environment.globals.update(units=units, outcomes=WORST_FIRST, plot_width=latency.WIDTH, plot_height=latency.HEIGHT)
    return environment


def _finalize(value: object) -> object:
    """Every value on its way into the page: text becomes visible text, and nothing is ever the word ``None``."""
    if hasattr(value, "__html__"):
        return value
    return "" if value is None else visible(str(value))
