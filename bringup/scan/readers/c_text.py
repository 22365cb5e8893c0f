"""What the text around a word of C says, without parsing it: its statement, a call's arguments, a definition."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from bringup.scan.knowledge.entry import Entry, Kind
from bringup.scan.readers.c_directives import DIRECTIVE, directive_ranges, disabled_ranges
from bringup.scan.readers.grammar import Place, Region, blanked

__all__ = ["Code", "Statement", "flags_are_constant", "flags_argument", "is_constant", "is_definition", "statement_at"]

#: Of a statement, to each side of a word.
_REACH = 800
_WORD = re.compile(rb"\bION_[A-Z0-9_]+|\b[A-Z][A-Z0-9_]*ION_[A-Z0-9_]+")
_CALL = re.compile(rb"\b(\w*ion_alloc(?:_fd|_mm)?)[ \t\n]*\(")
#: Which argument holds the flags, by function and number of arguments; counted from 0.
_FLAGS = {
    ("ion_alloc_fd", 6): 4,
    ("ion_alloc", 6): 4,
    ("ion_alloc", 5): 4,
    ("ion_alloc", 3): 2,
    ("exynos_ion_alloc", 4): 3,
    ("ion_alloc_mm", 5): 3,
}
_KNOWN_FLAGS = re.compile(rb"[\s(]*(?:0[xX]?0*[uUlL]*|ION_[A-Z0-9_]+(?:[\s|()]+ION_[A-Z0-9_]+)*)[\s)]*")
_MARK = re.compile(rb"[(\[{)\]},]")
_BRACKET = re.compile(rb"[()]")
_AFTER_PARAMETERS = re.compile(rb"\s*+(?:const|override|noexcept|final|[A-Z_]{3,30}(?:\([^()\n]{0,60}\))?)?\s*+\{")


class Code:
    """A file as a compiler takes it, each byte in its place: without comments, literals and what is switched off."""

    def __init__(self, data: bytes, found: list[Region]) -> None:
        text = blanked(data, found)
        #: Between ``#if 0`` and its ``#endif``. In order, apart.
        self.disabled = disabled_ranges(text)
        # behind the end of its line: #endif stays on a line of its own
        self.text = blanked(text, (Region(start + 1, end, Place.COMMENT) for start, end in self.disabled))
        self._directives = directive_ranges(self.text)
        self._statements = blanked(self.text, (Region(*part, Place.COMMENT) for part in self._directives))

    def around(self, offset: int) -> bytes:
        """What surrounds a word: a directive stands between two parts of one statement, and is no part of it."""
        at = bisect_right(self._directives, offset, key=lambda part: part[0]) - 1
        return self.text if at >= 0 and offset < self._directives[at][1] else self._statements


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement around a word, comments and literals blanked."""

    code: bytes

    @property
    def words(self) -> tuple[str, ...]:
        """ION's constants in it."""
        return tuple(match[0].decode() for match in _WORD.finditer(self.code))


def statement_at(text: bytes, offset: int) -> Statement:
    """From the ``;``, ``{`` or ``}`` before an offset to the one after it, at most 800 bytes to each side.

    A directive is a statement of its own.

    :param text: :attr:`Code.text`.
    """
    start = max(0, offset - _REACH)
    code = text[start : offset + _REACH]
    at = offset - start
    line_start = code.rfind(b"\n", 0, at) + 1
    if code[line_start:at].lstrip().startswith(b"#"):
        line_end = code.find(b"\n", at)
        return Statement(code[line_start : line_end if line_end >= 0 else len(code)])
    first = max(code.rfind(mark, 0, at) for mark in (b";", b"{", b"}")) + 1
    for directive in DIRECTIVE.finditer(code, first, at):
        first = directive.end()
    ends = [place for mark in (b";", b"{", b"}", b"\n#") if (place := code.find(mark, at)) >= 0]
    return Statement(code[first : min(ends, default=len(code))])


def flags_are_constant(statement: Statement) -> bool:
    """Whether the statement is an allocation whose flags are known: 0, or constants of ION alone."""
    match = _CALL.search(statement.code)
    if match is None:
        return False
    arguments = _arguments(statement.code, match.end())
    at = flags_argument(match[1].decode(), len(arguments))
    return at is not None and is_constant(arguments[at])


def flags_argument(function: str, arguments: int) -> int | None:
    """Which argument of an allocation holds its flags, from 0; ``None``: not known for so many arguments."""
    return _FLAGS.get((function, arguments))


def is_constant(text: bytes) -> bool:
    """Whether it is 0, or constants of ION alone."""
    return _KNOWN_FLAGS.fullmatch(text) is not None


def _arguments(code: bytes, start: int) -> list[bytes]:
    arguments, depth, last = [], 0, start
    for mark in _MARK.finditer(code, start):
        at = mark.start()
        if mark[0] in b"([{":
            depth += 1
        elif mark[0] in b")]}":
            if depth == 0:
                arguments.append(code[last:at])
                return arguments
            depth -= 1
        elif depth == 0:
            arguments.append(code[last:at])
            last = at + 1
    return []


#: Bytes in front of a word that say what it is.
_BEFORE = 200


def is_definition(code: bytes, start: int, end: int, entry: Entry) -> bool:
    """Whether the word at ``start`` to ``end`` is defined there: a function with its body, a structure, a macro."""
    nearest = max(0, start - _BEFORE)  # a line may be long, and have a word every few bytes
    before = code[max(nearest, code.rfind(b"\n", nearest, start) + 1) : start]
    if re.search(rb"#[ \t]*define[ \t]+\Z", before):
        return True
    if entry.kind is Kind.STRUCTURE:
        opened = re.compile(rb"\s*(?:final\s*)?(?::[^;{]{0,120})?\{").match(code, end)
        is_type = re.search(rb"\b(?:struct|class|enum|union)[ \t]+\Z", before)
        return bool(opened and is_type)
    if entry.kind is not Kind.FUNCTION:
        return False
    close = _closing(code, end)
    if close is None or _AFTER_PARAMETERS.match(code, close) is None:
        return False
    previous = code[max(0, start - 160) : start]
    is_called = re.search(rb"(?:[=,(!&|?:+.<-]|\breturn|\belse|\bif|\bwhile)\s*\Z", previous) is not None
    return not is_called or re.search(rb"\w::\s*\Z", previous) is not None


def _closing(code: bytes, at: int) -> int | None:
    """Behind the bracket that closes the one after ``at``; ``None``: there is none within 1,000 bytes."""
    match = re.compile(rb"\s*\(").match(code, at)
    if match is None:
        return None
    depth = 0
    for bracket in _BRACKET.finditer(code, match.end() - 1, at + 1000):
        depth += 1 if bracket[0] == b"(" else -1
        if depth == 0:
            return bracket.end()
    return None
