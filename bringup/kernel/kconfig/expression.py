"""Kconfig expressions: ``DMABUF_HEAPS && (DMA_CMA || COMPILE_TEST) && DMABUF_HEAPS_SYSTEM=y``.

Values are those of the language: n, m, y with ``&&`` the least, ``||`` the greatest, ``!`` the opposite
(Documentation/kbuild/kconfig-language.rst, "Menu dependencies").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec import Struct

from bringup.text import parse_number

__all__ = [
    "And",
    "BadExpression",
    "Compare",
    "Expression",
    "Not",
    "Or",
    "Symbol",
    "parse_expression",
    "symbols_in",
    "value_of",
]

_WORD = re.compile(r"""\s*+(?:&&|\|\||!=|<=|>=|[!=<>()]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w./-]+|$|(?=\$\())""")
_DEPTH = 64
_LENGTH = 16 << 10
_VALUES = {"n": 0, "m": 1, "y": 2}
_COMPARISONS = frozenset({"=", "!=", "<", ">", "<=", ">="})
_OPERATORS = _COMPARISONS | {"&&", "||", "!", "(", ")"}


class BadExpression(ValueError):
    """The text is no Kconfig expression."""


class Symbol(Struct, frozen=True):
    """A symbol, or one of the constants ``y``, ``m``, ``n``."""

    name: str

    def __str__(self) -> str:
        return self.name


class Compare(Struct, frozen=True):
    """``NAME=value``, ``!=``, ``<``, ``<=``, ``>``, ``>=``; text keeps its quotes, so it is no symbol."""

    left: str
    operator: str
    right: str

    def __str__(self) -> str:
        return f"{self.left}{self.operator}{self.right}"


class Not(Struct, frozen=True):
    """The opposite."""

    part: Expression

    def __str__(self) -> str:
        return f"!{_bracketed(self.part)}"


class And(Struct, frozen=True):
    """All of them."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " && ".join(_bracketed(part) for part in self.parts)


class Or(Struct, frozen=True):
    """Any of them."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " || ".join(_bracketed(part) for part in self.parts)


Expression = Symbol | Compare | Not | And | Or


def _bracketed(part: Expression) -> str:
    return f"({part})" if isinstance(part, And | Or) else str(part)


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression:
    """Read an expression; the empty one is ``y``.

    :raises BadExpression: it is none.
    """
    if len(text) > _LENGTH:
        raise BadExpression(f"longer than {_LENGTH} characters")
    words = list(_words(text))
    if not words:
        return Symbol("y")
    parser = _Parser(words)
    expression = parser.either(0)
    if parser.left:
        raise BadExpression(f"{text!r}: unexpected {parser.left!r}")
    return expression


def _words(text: str) -> Iterator[str]:
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        if stripped.startswith("$(", at):
            end = _macro_end(stripped, at)
            yield stripped[at:end]
            at = end
            continue
        match = _WORD.match(stripped, at)
        if match is None:
            raise BadExpression(f"{text!r}: unexpected {stripped[at:]!r}")
        if word := match[0].strip():
            yield word
        at = match.end()


def _macro_end(text: str, at: int) -> int:
    """Where a macro call ends. What it expands to depends on the compiler at hand, so its inside is not read."""
    depth = 0
    for index in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0 and text[index] == ")":
            return index + 1
    raise BadExpression(f"{text!r}: a macro is not closed")


class _Parser:
    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0

    @property
    def left(self) -> str:
        """What stands next, empty at the end."""
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self.left
        self._at += 1
        return word

    def either(self, depth: int) -> Expression:
        parts = [self._both(depth)]
        while self.left == "||":
            self._next()
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self.left == "&&":
            self._next()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Expression:
        if depth > _DEPTH:
            raise BadExpression("nested too deeply")
        word = self._next()
        if word == "!":
            return Not(self._one(depth + 1))
        if word == "(":
            inside = self.either(depth + 1)
            if self._next() != ")":
                raise BadExpression("a bracket is not closed")
            return inside
        if not word or word in _OPERATORS:
            raise BadExpression(f"unexpected {word or 'end'!r}")
        if self.left not in _COMPARISONS:
            return Symbol(word.strip("\"'"))
        operator, right = self._next(), self._next()
        if not right or right in _OPERATORS:
            raise BadExpression(f"{word} {operator} compares with nothing")
        return Compare(word, operator, right)


def symbols_in(expression: Expression) -> Iterator[str]:
    """Names of the symbols in an expression, constants left out, in order of appearance."""
    if isinstance(expression, Symbol):
        if _is_symbol(expression.name):
            yield expression.name
    elif isinstance(expression, Compare):
        yield from (name for name in (expression.left, expression.right) if _is_symbol(name))
    elif isinstance(expression, Not):
        yield from symbols_in(expression.part)
    else:
        for part in expression.parts:
            yield from symbols_in(part)


def _is_symbol(name: str) -> bool:
    return (
        name not in _VALUES
        and name[:1] not in {"$", "-", ".", '"', "'"}
        and not name.isdigit()
        and name.replace("_", "").isalnum()
    )


def value_of(expression: Expression, get: Callable[[str], str | None]) -> int:
    """0, 1 or 2 for n, m, y.

    :param get: a symbol's value as a ``.config`` writes it; ``None`` for one that is not mentioned, which counts as n.
    """
    if isinstance(expression, Symbol):
        name = expression.name
        if name.startswith("$("):
            return 2  # not known from the text, so it must not fail anything
        return _VALUES[name] if name in _VALUES else _VALUES.get(get(name) or "n", 0)
    if isinstance(expression, Not):
        return 2 - value_of(expression.part, get)
    if isinstance(expression, And):
        return min(value_of(part, get) for part in expression.parts)
    if isinstance(expression, Or):
        return max(value_of(part, get) for part in expression.parts)
    return 2 if _holds(_resolved(expression.left, get), expression.operator, _resolved(expression.right, get)) else 0


def _resolved(name: str, get: Callable[[str], str | None]) -> str:
    if _is_symbol(name):
        name = get(name) or "n"
    return name.strip("\"'")


def _holds(left: str, operator: str, right: str) -> bool:
    numbers = parse_number(left, 0, signed=True), parse_number(right, 0, signed=True)
    order = _sign(left, right) if None in numbers else _sign(numbers[0] or 0, numbers[1] or 0)
    return {
        "=": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }[operator]


def _sign(left: int | str, right: int | str) -> int:
    if isinstance(left, int) and isinstance(right, int):
        return (left > right) - (left < right)
    return (str(left) > str(right)) - (str(left) < str(right))
