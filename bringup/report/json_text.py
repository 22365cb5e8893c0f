"""JSON as text that holds no control character: the document of a run or a comparison, and the lines of events."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bringup.results.run import Run

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison

__all__ = ["comparison_document", "json_line", "run_document"]

# json.dumps escapes C0 itself. The rest of what bringup.text.visible names is written as a JSON escape, which reads
# back as it was; a lone surrogate has no such escape that every reader takes, so it becomes visible text.
_CONTROL = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]+")


def run_document(run: Run, *, indent: int | None = None, in_html: bool = False) -> str:
    """The run in its published shape, ``bringup.run/1``.

    :param in_html: also escape what could end or open an element, so that it can stand inside ``<script>``.
        Each board then has a line of its own, which the page's script reads one of.
    """
    data = run.to_json()
    return _in_html(_one_a_line(data, "boards")) if in_html else _document(data, indent)


def comparison_document(found: Comparison, *, indent: int | None = None, in_html: bool = False) -> str:
    """A comparison in its published shape, ``bringup.compare/1``; as :func:`run_document`."""
    data = found.to_json()
    return _in_html(_one_a_line(data, "differences")) if in_html else _document(data, indent)


def json_line(value: object) -> str:
    """A value as JSON on one line, escaped as the run document is; its end of line is included."""
    return _escaped(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))) + "\n"


def _document(data: Mapping[str, Any], indent: int | None) -> str:
    return _escaped(json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False))


def _in_html(text: str) -> str:
    return _escaped(text).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _escaped(text: str) -> str:
    text = _SURROGATES.sub(_spell, text)
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _spell(match: re.Match[str]) -> str:
    return match.group().encode("ascii", "backslashreplace").decode("ascii").replace("\\", "\\\\")


def _one_a_line(data: Mapping[str, Any], many: str) -> str:
    """A document whose longest list, its last item, has a line for each of its own items."""

    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    head = compact({name: value for name, value in data.items() if name != many})
    items = ",\n".join(map(compact, data[many]))
    return f'{head[:-1]},"{many}":[\n{items}\n]}}'
