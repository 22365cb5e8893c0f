"""Where comments and string literals stand in a file, per language."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bringup.scan.language import Language

__all__ = ["PYTHON", "Place", "Region", "blanked", "regions"]


class Place(enum.Enum):
    """What an offset is in."""

    CODE = enum.auto()
    STRING = enum.auto()
    COMMENT = enum.auto()


class Region(NamedTuple):
    """A comment or a literal: ``start`` to before ``end``, quotes included."""

    start: int
    end: int
    place: Place


# Each alternative begins with a fixed byte: the search leaps from one such byte to the next. Possessive repeats: an
# open literal of many megabytes costs neither memory nor a second look. A literal ends with its line, an open comment
# with the file.
_SLASHES = rb"/(?:/(?:[^\\\n]++|\\\r?\n|\\)*+|\*(?:[^*]++|\*(?!/))*+(?:\*/)?)"
_DOUBLE = rb'"(?:[^"\\\n]++|\\(?:\r\n|.)?)*+"?'
_SINGLE = rb"'(?:[^'\\\n]++|\\(?:\r\n|.)?)*+'?"
_RAW = rb'R(?<![A-Za-z0-9_]R)"(?P<mark>[^\s()\\"]{0,16})\(.*?(?:\)(?P=mark)"|\Z)'
# A quote after a digit separates digits (C++14).
_CHARACTER = rb"'(?<![0-9A-Fa-f]')(?:\\[^\n]{1,10}?|[^'\\\n]{1,4})'"
_C = b"|".join((_SLASHES, _RAW, _DOUBLE, _CHARACTER))
_TO_LINE_END = rb"#(?<!\\#)[^\n]*+"
_CONTINUED = rb"#(?<![\\$]#)(?:[^\\\n]++|\\\r?\n|\\)*+"
_WHOLE_LINE = rb"#(?<=^#)[^\n]*+|[ \t](?<=^[ \t])[ \t]*+#[^\n]*+"
_LONG_DOUBLE = rb'"""(?:[^"\\]++|\\.|"(?!""))*+(?:""")?'
_LONG_SINGLE = rb"\'\'\'(?:[^'\\]++|\\.|'(?!''))*+(?:\'\'\')?"
#: Comments and literals of Python, and of what is written like it.
PYTHON = b"|".join((rb"#[^\n]*+", _LONG_DOUBLE, _LONG_SINGLE, _DOUBLE, _SINGLE))
# A backslash takes the byte after it: only from the left is it known which quote one belongs to. A # after it is in the
# middle of a word, except behind a line that goes on.
_ESCAPED = rb"\\(?:\r?\n|.#*+)"
_ANSI_C = rb"\$(?<!\$\$)'(?:[^'\\]++|\\.)*+'?"
_SHELL = b"|".join((_ESCAPED, rb"#(?:(?<=^#)|(?<=[\s;(]#))[^\n]*+", _ANSI_C, rb"'[^']*+'?", rb'"(?:[^"\\]++|\\.)*+"?'))
_PATTERNS = {
    Language.C: _C,
    Language.BLUEPRINT: _C,
    Language.DEVICE_TREE: _C,
    Language.JAVA: _C,
    Language.RUST: b"|".join((_SLASHES, _DOUBLE, rb"'\\?\"'")),
    Language.MAKE: _CONTINUED,
    Language.SEPOLICY: _TO_LINE_END,
    Language.RC: _TO_LINE_END,
    Language.KCONFIG: _TO_LINE_END,
    Language.MODULES: _WHOLE_LINE,
    Language.PROPERTIES: _WHOLE_LINE,
    Language.PYTHON: PYTHON,
    Language.BAZEL: PYTHON,
    Language.MESON: PYTHON,
    Language.SHELL: _SHELL,
    Language.AUTOCONF: rb"dnl\b(?<=\bdnl)[^\n]*+|" + _WHOLE_LINE,
    Language.BITBAKE: _WHOLE_LINE,
    Language.XML: rb"<!--.*?(?:-->|\Z)",
    Language.CIL: rb";[^\n]*+",
}
_REGEXES = {language: re.compile(pattern, re.DOTALL | re.MULTILINE) for language, pattern in _PATTERNS.items()}


#: What a literal begins with: quotes, the R of a raw string, and the $ of $'it\\'s'.
_QUOTES = frozenset(b"\"'R$")
#: What an escaped byte begins with, which is code.
_BACKSLASH = ord("\\")


def regions(data: bytes, language: Language) -> Iterator[Region]:
    """Comments and literals, in order. An ELF file has none."""
    regex = _REGEXES.get(language)
    if regex is None:
        return
    for match in regex.finditer(data):
        start, end = match.span()
        if data[start] != _BACKSLASH:
            yield Region(start, end, Place.STRING if data[start] in _QUOTES else Place.COMMENT)


def blanked(data: bytes, found: Iterable[Region]) -> bytes:
    """The data, each byte in its place, without comments, and without what literals say: zeros between their quotes.

    A comment becomes blanks, its line ends too, as for a compiler.
    """
    code = bytearray(data)
    for start, end, place in found:
        size = end - start
        code[start:end] = b" " * size if place is Place.COMMENT else (b'"' + b"0" * (size - 2) + b'"')[:size]
    return bytes(code)
