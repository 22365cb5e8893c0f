"""Where bytes from a board become text, and where text becomes output. Nothing else converts.

A board may send anything: invalid UTF-8, escape sequences, NUL, bidirectional controls. Raw bytes stay in the
record; what people and programs read passes through here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from functools import cache

__all__ = [
    "did_you_mean",
    "from_board",
    "parse_number",
    "pluralize",
    "safe_name",
    "shell_word",
    "visible",
    "visible_name",
]

_NAME = r"[^A-Za-z0-9._,@+-]"


@cache
def _unsafe() -> re.Pattern[str]:
    """What a terminal obeys, a reader cannot see, or XML 1.0 and HTML forbid.

    C0 but tab and newline, DEL, C1, zero-width and bidirectional controls, line and paragraph separators, surrogates,
    noncharacters.
    """
    return re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff"
        + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
        + "]"
    )


def from_board(raw: bytes) -> str:
    """Decode what a board sent: UTF-8, each undecodable byte as ``\\xNN``. Never fails."""
    return raw.decode("utf-8", errors="backslashreplace")


def visible(text: str) -> str:
    """Make text safe for a terminal, XML, HTML or a log: what is unsafe is shown as ``\\xNN``, ``\\uNNNN``, …

    Tab and newline stay. The result holds no character that XML 1.0 forbids.
    """
    if text.isprintable():  # nothing in it is unsafe, and almost all text is like that
        return text
    return _unsafe().sub(_escape, text.replace("\r\n", "\n"))


def visible_name(text: str) -> str:
    """As :func:`visible`, in one line and without gaps: tab and newline are shown, too."""
    return visible(text).replace("\n", "\\x0a").replace("\t", "\\x09")


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def pluralize(count: int, noun: str) -> str:
    """A count and its noun: ``1 board``, ``1,000 boards``, ``2 passes``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def did_you_mean(name: str, known: Iterable[str], otherwise: str, cutoff: float = 0.6) -> str:
    """A hint after an unknown name: at most three known names that are like it, or else what is said ``otherwise``.

    :param cutoff: how alike at least, as :func:`difflib.get_close_matches` measures it.
    """
    from difflib import get_close_matches  # only where something went wrong

    near = get_close_matches(name, list(known), n=3, cutoff=cutoff)
    return f"did you mean {' or '.join(near)}?" if near else otherwise


def safe_name(text: str) -> str:
    """A file name made of ``text``: safe alphabet only, never empty, never hidden, at most 100 characters."""
    name = re.sub(_NAME, "_", text).lstrip(".")[:100]
    return name or "_"


def shell_word(text: object) -> str:
    """Text as one word of a command that a person pastes into a shell; what a terminal would obey is escaped first."""
    return shlex.quote(visible(str(text)))


def parse_number(text: str, base: int = 10, *, most_digits: int = 20, signed: bool = False) -> int | None:
    """The number that foreign text is; ``None``: it is not one, or has more digits than any number of a board has.

    Only ASCII digits count: no blank, no underscore, none of Unicode's.

    :param base: 0: decimal, or hexadecimal after ``0x``.
    :param signed: a minus sign may come first.
    """
    if signed and text[:1] == "-":
        magnitude = parse_number(text[1:], base, most_digits=most_digits)
        return None if magnitude is None else -magnitude
    if base == 0:
        is_hex = text[:2] in ("0x", "0X")
        text, base = (text[2:], 16) if is_hex else (text, 10)
    if not (0 < len(text) <= most_digits and text.isascii() and text.isalnum()):
        return None
    try:
        return int(text, base)
    except ValueError:
        return None
