"""Foreign text in Markdown: nothing in it is markup, names anybody or links anywhere."""

from __future__ import annotations

import re

from bringup.report.bounded import excerpt

__all__ = ["code", "fence", "table", "text"]

_SENTENCE, _FACT, _REMEDY = 400, 400, 4_000
# Markup anywhere; markup at the start of a block; what GitHub and GitLab turn into a mention, a reference or a link.
_MARKS = re.compile(r"[\\`*_\[\]#|~$]")
_START = re.compile(r"^(?:[-+>=]|\d+(?=[.)]))")
_LINKS = re.compile(r"[@#!]|:(?=//)|www(?=\.)")


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def text(raw: str) -> str:
    """Running text: nothing in it is markup, names anybody or links anywhere (an empty comment breaks such words)."""
    line = " ".join(excerpt(raw, _SENTENCE).split()).replace("&", "&amp;").replace("<", "&lt;")
    line = _MARKS.sub(r"\\\g<0>", line)
    line = _START.sub(lambda match: f"<!-- -->{match.group()}", line)
    return _LINKS.sub(lambda match: f"{match.group()}<!-- -->", line)


def code(raw: str) -> str:
    """A code span, which no backtick in the text can end. A bar would end a table's cell, so it is written ``\\|``."""
    line = " ".join(excerpt(raw, _FACT).split()) or " "
    ticks = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{ticks}{pad}{line}{pad}{ticks}".replace("|", "\\|")


def fence(raw: str) -> str:
    """A fenced block, whose fence is longer than any run of backticks within."""
    body = excerpt(raw, _REMEDY)
    ticks = "`" * max(3, max((len(run) for run in re.findall("`+", body)), default=0) + 1)
    return f"{ticks}\n{body}\n{ticks}"
