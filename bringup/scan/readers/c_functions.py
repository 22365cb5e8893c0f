"""Whose a function is, by the text around its name: everybody's, a class's, or that of this file alone.

All functions take code: comments, literals and the directives before the name are blanked (c_text.Code).
"""

from __future__ import annotations

import enum
import re

__all__ = ["Scope", "is_declaration", "is_static", "opens_class", "scope_of"]

#: Bytes in front of a name that are looked at.
_BEFORE = 200
_MEMBER = re.compile(rb"(?:\.|->|[\w>]::)\Z")
#: The name of a test of googletest: TEST_F(Fixture, ion_free).
_TITLE = re.compile(rb"\b(?:TYPED_)?TEST(?:_[FP])?\s*\(\s*\w+\s*,\Z")
_SCOPED = (b".", b"->", b"::", b",")
_STATIC = re.compile(rb"\bstatic\b[^;{}()#=]{0,160}\Z")
_PARAMETERS = re.compile(rb"\s*\(")
_TYPE = re.compile(rb"[ \t]*(?!(?:return|else)\b)(?:[A-Za-z_][\w:<>,]*[ \t*&]+){1,6}(?:\w+::)*\Z")
_CLASS = re.compile(rb"\b(?:class|struct|union)\b[^;{}()=]{0,300}\Z")


class Scope(enum.Enum):
    """What stands before a function's name."""

    PLAIN = enum.auto()
    #: ``::name``: not the one of the class around it.
    GLOBAL = enum.auto()
    #: ``object.name``, ``pointer->name``, ``Class::name``; a test of that name is a class, too.
    MEMBER = enum.auto()


def scope_of(code: bytes, start: int) -> Scope:
    """The scope of the name at ``start``."""
    before = code[max(0, start - _BEFORE) : start].rstrip()
    if not before.endswith(_SCOPED):
        return Scope.PLAIN
    if _MEMBER.search(before) is not None or _TITLE.search(before) is not None:
        return Scope.MEMBER
    return Scope.GLOBAL if before.endswith(b"::") else Scope.PLAIN


def is_static(code: bytes, start: int, end: int) -> bool:
    """Whether the name is declared or defined there as a static function."""
    before = code[max(0, start - _BEFORE) : start]
    return b"static" in before and _PARAMETERS.match(code, end) is not None and _STATIC.search(before) is not None


def is_declaration(code: bytes, start: int, end: int) -> bool:
    """Whether a line begins with a type and this name, as that of a function."""
    near = code[max(0, start - _BEFORE) : start]
    line = near.rfind(b"\n") + 1
    is_whole = line > 0 or start <= _BEFORE
    return is_whole and _PARAMETERS.match(code, end) is not None and _TYPE.match(near, line) is not None


def opens_class(before: bytes) -> bool:
    """Whether the brace after this text is that of a class."""
    return _CLASS.search(before) is not None
