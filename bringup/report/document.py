"""JSON as text that holds no control character: the run document, and the lines of a run's events."""

from __future__ import annotations

import json
import re

from bringup.checks.run import Run

__all__ = ["json_line", "run_document"]

# json.dumps escapes C0 itself. The rest of what bringup.text.visible names is written as a JSON escape, which reads
# back as it was; a lone surrogate has no such escape that every reader takes, so it becomes visible text.
_CONTROL = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]+")


def run_document(run: Run, *, indent: int | None = None, in_html: bool = False) -> str:
    """The run in its published shape, ``bringup.run/1``.

    :param in_html: also escape what could end or open an element, so that it can stand inside ``<script>``.
        Each board then has a line of its own.
    """
    if in_html:
        text = _a_board_a_line(run)
    else:
        text = json.dumps(run.to_json(), indent=indent, ensure_ascii=False, allow_nan=False)
    text = _escaped(text)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") if in_html else text


def json_line(value: object) -> str:
    """A value as JSON on one line, escaped as the run document is; its end of line is included."""
    return _escaped(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))) + "\n"


def _escaped(text: str) -> str:
    text = _SURROGATES.sub(_spell, text)
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _spell(match: re.Match[str]) -> str:
    return match.group().encode("ascii", "backslashreplace").decode("ascii").replace("\\", "\\\\")


def _a_board_a_line(run: Run) -> str:
    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    head = run.to_json() | {"boards": []}
    boards = ",\n".join(compact(board.to_json()) for board in run.boards)
    del head["boards"]
    return f'{compact(head)[:-1]},"boards":[\n{boards}\n]}}'
