"""``bringup: ok REASON`` in a comment of the source: the use in this line, or in the next one, is left."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bringup.text import from_board, visible

__all__ = ["marked_lines"]

_MARK = b"bringup: ok"
_REASON = re.compile(rb"[ \t]+([^\r\n]{1,300})")
# What ends a comment is no part of the reason.
_END = re.compile(r"\s*(?:\*/|-->|#\}).*\Z", re.DOTALL)


def marked_lines(data: bytes) -> Mapping[int, str]:
    """Line → the reason for leaving it. A mark without a reason marks nothing.

    A mark in a line of its own is for the line after it.
    """
    marked: dict[int, str] = {}
    at = data.find(_MARK)
    while at >= 0:
        match = _REASON.match(data, at + len(_MARK))
        reason = _END.sub("", from_board(match[1])).strip() if match else ""
        if reason:
            start = data.rfind(b"\n", 0, at) + 1
            is_alone = not data[start:at].strip(b' \t/*#<!-;"{')
            marked[data.count(b"\n", 0, at) + 1 + is_alone] = visible(reason)
        at = data.find(_MARK, at + len(_MARK))
    return marked
