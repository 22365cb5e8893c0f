"""Messages of a build: what it prints and never runs. A name of ION in one is no use of ION."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from bringup.scan.language import Language
from bringup.scan.readers.grammar import PYTHON, regions

__all__ = ["message_ranges"]


class _Form(NamedTuple):
    """How a language writes a message.

    :param opened: up to its first bracket.
    :param token: brackets that count, and what may hold brackets that do not.
    :param any_line: whether it may end on any later line; else on those on which its own goes on, after a backslash,
        and in a ``define`` of make on those up to its ``endef``.
    """

    opened: re.Pattern[bytes]
    token: re.Pattern[bytes]
    any_line: bool = True


def _form(opened: bytes, token: bytes, *, any_line: bool = True) -> _Form:
    return _Form(re.compile(opened, re.MULTILINE), re.compile(token, re.DOTALL | re.MULTILINE), any_line)


_CMAKE_TEXT = rb'"(?:[^"\\]++|\\.)*+"?|\\.|\[(?P<mark>=*+)\[.*?(?:\](?P=mark)\]|\Z)|#[^\n]*+'
_FORMS = {
    # make counts brackets of the kind that it began with, and knows no quotes
    Language.MAKE: (
        _form(rb"\$\((?:error|warning|info)[ \t]", rb"[()]", any_line=False),
        _form(rb"\$\{(?:error|warning|info)[ \t]", rb"[{}]", any_line=False),
        _form(rb"^[ \t]*(?:message|MESSAGE)[ \t]*\(", rb"[()]|" + _CMAKE_TEXT),
    ),
    Language.AUTOCONF: (
        _form(rb"\bAC_MSG_(?:CHECKING|ERROR|FAILURE|NOTICE|RESULT|WARN)\(", rb"[()\[\]]"),
    ),  # m4 quotes with [ and ]
    Language.MESON: (_form(rb"^[ \t]*(?:error|message|summary|warning)[ \t]*\(", rb"[()]|" + PYTHON),),
    Language.BAZEL: (_form(rb"(?<![\w.])(?:fail|print)[ \t]*\(", rb"[()]|" + PYTHON),),
}
_DEFINE = re.compile(
    rb"^[ \t]*+(?:(?:export|override|private)[ \t]++)*+define[ \t]++[\w.$({-].*?(?:^[ \t]*+endef\b|\Z)",
    re.DOTALL | re.MULTILINE,
)
_CONTINUED = re.compile(rb"(?:[^\\\n]++|\\\r?\n|\\)*+")
#: The longest message that is looked for, in bytes. A message that is longer ends here.
_LONGEST = 2000


def message_ranges(data: bytes, language: Language) -> list[tuple[int, int]]:
    """Where messages stand: from their first word to behind the bracket that closes them. In order, apart.

    One that is not closed ends with its first line: what follows is no part of it.
    """
    forms = _FORMS.get(language, ())
    opened = [(*match.span(), form) for form in forms for match in form.opened.finditer(data)]
    text = list(regions(data, language)) if opened else []
    defines = [match.span() for match in _DEFINE.finditer(data)] if opened and language is Language.MAKE else []
    ranges: list[tuple[int, int]] = []
    reached = looked = 0
    for start, first, form in sorted(opened, key=lambda one: one[0]):
        at = bisect_right(text, start, key=lambda region: region.start) - 1
        if start < reached or (at >= 0 and start < text[at].end):
            continue
        longest = min(len(data), first + _LONGEST)
        at = bisect_right(defines, start, key=lambda define: define[0]) - 1
        defined = min(defines[at][1], longest) if at >= 0 else 0
        line_end = data.find(b"\n", first, longest)
        line_end = longest if line_end < 0 else line_end
        # where no bracket closed one message, none is looked for again: the time would grow with the messages there
        limit = line_end if first < looked else max(defined, _limit(data, first, longest, form))
        closed = _closed(data, first, limit, form)
        looked = limit if closed is None and limit > looked else looked
        reached = line_end if closed is None else closed
        ranges.append((start, reached))
    return ranges


def _limit(data: bytes, first: int, longest: int, form: _Form) -> int:
    """Where the bracket that closes a message is at last."""
    if form.any_line:
        return longest
    line = _CONTINUED.match(data, first, longest)
    return longest if line is None else line.end()


def _closed(data: bytes, first: int, limit: int, form: _Form) -> int | None:
    """Behind the bracket that closes the one before ``first``; ``None``: there is none before ``limit``."""
    depth, quotes = 1, 0
    for token in form.token.finditer(data, first, limit):
        match token[0]:
            case b"[":
                quotes += 1
            case b"]":
                quotes = max(0, quotes - 1)
            case b"(" | b"{" if quotes == 0:
                depth += 1
            case b")" | b"}" if quotes == 0:
                depth -= 1
        if depth == 0:
            return token.end()
    return None
