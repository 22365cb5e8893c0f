"""The HTML page around a report: what the page of a run and that of a comparison have in common.

The template escapes all text, and every text passes :func:`bringup.text.visible`. Style, script and the document in
the page enter it as markup; the page's policy names the first two by their hashes.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.report import units
from bringup.report.html.view import pieces
from bringup.report.story import WORST_FIRST
from bringup.text import pluralize, visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_sheet"]

_HERE = Path(__file__).parent
# So many characters of document are left readable in the page's source.
_PLAIN = 60_000


def render_sheet(template: str, document: str, context: Mapping[str, object]) -> str:
    """A page as text.

    :param template: one that extends ``shell.html.j2``.
    :param document: JSON; it is packed where it is long.
    """
    from markupsafe import Markup

    style, script = (_HERE / "style.css").read_text("utf-8"), (_HERE / "script.js").read_text("utf-8")
    carried, packed = _carried(document)
    common = {
        "style": Markup(style),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "document": Markup(carried),  # noqa: S704
        "packed": packed,
    }
    return _environment().get_template(template).render({**common, **context})


def _carried(document: str) -> tuple[str, bool]:
    """A document as the page holds it, and whether it is packed: gzip in base64, where plain is too long.

    Plain, it is escaped so that nothing in it can end or open an element.
    """
    if len(document) <= _PLAIN:
        return document.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"), False
    packed = gzip.compress(document.encode(), compresslevel=6, mtime=0)
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
    environment.globals.update(units=units, pluralize=pluralize, outcomes=WORST_FIRST, pieces=pieces)
    return environment


def _finalize(value: object) -> object:
    """Every value on its way into the page: text becomes visible text, and nothing is ever the word ``None``."""
    if hasattr(value, "__html__"):
        return value
    return "" if value is None else visible(str(value))
