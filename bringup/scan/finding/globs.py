"""Patterns of paths, as in .gitignore and ripgrep's ``--glob``: ``*.c``, ``out/``, ``vendor/**/test``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

__all__ = ["compile_globs"]


def compile_globs(globs: Sequence[str]) -> re.Pattern[str] | None:
    """An expression for ``fullmatch`` on a path that is relative to the tree; ``None``: there are no globs.

    A glob without a slash, but for one at its end, is for names at any depth; else for paths from the tree. What
    matches a folder matches all below it.
    """
    if not globs:
        return None
    return re.compile("(?:" + "|".join(_translate(glob) for glob in globs) + ")(?:/.*)?", re.DOTALL)


def _translate(glob: str) -> str:
    parts = [part for part in glob.rstrip("/").split("/") if part]
    if parts and parts[-1] == "**":  # everything below: what is below a folder matches anyway
        parts.pop()
    if not parts:
        return ".*"
    anchored = "/" in glob.rstrip("/")
    out = "" if anchored else "(?:.*/)?"
    for index, part in enumerate(parts):
        if part == "**":
            out += "(?:[^/]+/)*"
        else:
            out += _segment(part) + ("/" if index < len(parts) - 1 else "")
    return out


def _segment(glob: str) -> str:
    """One name: a star and a question mark stand for no slash."""
    parts = re.split(r"(\*+|\?|\[[^\]]+\])", glob)
    stars = {"*": "[^/]*", "?": "[^/]"}
    return "".join(stars.get(part[:1], re.escape(part)) if part[:1] != "[" else _set(part) for part in parts)


def _set(text: str) -> str:
    return fnmatch.translate(text).removeprefix("(?s:").removesuffix(r")\Z")
