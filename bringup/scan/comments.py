"""Replaces comments and string literals by blanks, character for character: everything else keeps its place."""

from __future__ import annotations

import re

from bringup.scan.rule import Kind

__all__ = ["code", "without_comments"]

# A quote after a digit separates digits (C++14). An open literal ends with its line, an open comment with the file.
_C = re.compile(
    r"""(?P<comment>//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<string>\bR"(?P<mark>[^\s()\\"]{0,16})\(.*?(?:\)(?P=mark)"|\Z)"""
    r"""|"(?:\\(?:\r\n|.)|[^"\\\n])*"?|(?<![0-9A-Fa-f])'(?:\\[^\n]{1,10}?|[^'\\\n]{1,4})')""",
    re.DOTALL,
)
_CONTINUED = re.compile(r"(?P<comment>(?<!\\)#(?:\\\r?\n|[^\n])*)")
_TO_LINE_END = re.compile(r"(?P<comment>(?<!\\)#[^\n]*)")
_WHOLE_LINE = re.compile(r"(?P<comment>^[ \t]*#[^\n]*)", re.MULTILINE)
_COMMENTS = {
    Kind.C: _C,
    Kind.BLUEPRINT: _C,
    Kind.DEVICE_TREE: _C,
    Kind.MAKE: _CONTINUED,
    Kind.SEPOLICY: _TO_LINE_END,
    Kind.RC: _TO_LINE_END,
    Kind.KCONFIG: _TO_LINE_END,
    Kind.PROPERTIES: _WHOLE_LINE,
}
_INK = re.compile(r"[^\n]")


def without_comments(text: str, kind: Kind) -> str:
    """The text with blanks for comments, of the same length and lines."""
    return _COMMENTS[kind].sub(lambda match: _blank(match) if match["comment"] else match[0], text)


def code(text: str) -> str:
    """C or C++ with blanks for comments and for string and character literals, of the same length and lines."""
    return _C.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    return _INK.sub(" ", match[0])
