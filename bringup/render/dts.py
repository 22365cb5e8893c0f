"""Reads the reserved-memory nodes of device tree sources that bringup rendered: no preprocessor, no references.

Source: Devicetree Specification 0.4, appendix A (source format).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bringup.errors import ConfigError
from bringup.text import parse_number, visible

__all__ = ["SourceNode", "read_nodes", "show_numbers"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|/\*.*?\*/|//[^\n]*)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<cells><[^<>]*>)
      |(?P<mark>[{};=,])|(?P<word>[^\s{};=<>"]+)""",
    re.DOTALL | re.VERBOSE,
)
_MAX_DEPTH = 32
#: Properties whose numbers are grouped: name → how many addresses and lengths a group has, in order.
_GROUPS = {"reg": "al", "size": "l", "alignment": "a", "alloc-ranges": "al"}


@dataclass(frozen=True, slots=True)
class SourceNode:
    """A node below /reserved-memory.

    :param properties: name → (value, line). Strings without quotes, numbers as :func:`show_numbers` writes them.
    """

    name: str
    line: int
    properties: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Parsed:
    line: int
    properties: dict[str, tuple[list[str], int]] = field(default_factory=dict)
    nodes: dict[str, _Parsed] = field(default_factory=dict)


def show_numbers(groups: tuple[tuple[int, ...], ...]) -> str:
    """``0x50000000 0x1000000``; several groups with commas between them."""
    return ", ".join(" ".join(f"0x{number:x}" for number in group) for group in groups)


def read_nodes(text: str, path: str) -> list[SourceNode]:
    """Every node below a node called ``reserved-memory``.

    :raises ConfigError: it cannot be read.
    """
    found: list[SourceNode] = []
    top = _parse(_Tokens(text, path), _Parsed(1))
    pending = [top]
    while pending:
        for name, node in pending.pop().nodes.items():
            if name == "reserved-memory":
                cells = (_count(node, "#address-cells", path), _count(node, "#size-cells", path))
                found += [_source_node(child, below, cells, path) for child, below in node.nodes.items()]
            pending.append(node)
    return found


class _Tokens:
    """Tokens with their lines."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.line = 1
        self._next = self._read(text)

    def _read(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.error(f"'{visible(text[at : at + 20])}' is not understood")
            if match.lastgroup != "skip":
                yield str(match.lastgroup), match[0]
            self.line += match[0].count("\n")
            at = match.end()

    def take(self) -> tuple[str, str] | None:
        return next(self._next, None)

    def error(self, seen: str) -> ConfigError:
        return ConfigError(
            self.path, seen, line=self.line, hint="is this a file that 'bringup render device-tree' wrote?"
        )


def _parse(tokens: _Tokens, into: _Parsed, depth: int = 0) -> _Parsed:
    """Statements up to the closing brace, or to the end at the top."""
    name = ""
    while (token := tokens.take()) is not None:
        kind, text = token
        if kind == "word":
            name = "" if text.endswith(":") else text  # a label
        elif text == "{":
            node = into.nodes.setdefault(name, _Parsed(tokens.line))
            if depth == _MAX_DEPTH:
                raise tokens.error(f"nodes are nested more than {_MAX_DEPTH} deep")
            _parse(tokens, node, depth + 1)
        elif text == "=":
            line = tokens.line
            into.properties[name] = (_values(tokens), line)
        elif text == ";":
            if name and name not in into.properties and name not in into.nodes and not name.startswith("/"):
                into.properties[name] = ([], tokens.line)
            name = ""
        elif text == "}" and depth:
            return into
        else:
            raise tokens.error(f"'{visible(text)}' is not expected here")
    if depth:
        raise tokens.error("a node is not closed")
    return into


def _values(tokens: _Tokens) -> list[str]:
    """The values of a property up to its semicolon."""
    values: list[str] = []
    while (token := tokens.take()) is not None and token[1] != ";":
        if token[0] in ("string", "cells"):
            values.append(token[1])
        elif token[1] != ",":
            raise tokens.error(f"'{visible(token[1])}' is not expected here")
    return values


def _numbers(values: list[str], line: int, path: str) -> list[int]:
    numbers = [parse_number(word, 0) for value in values for word in value.strip("<>").split()]
    if None in numbers:
        raise ConfigError(path, f"'{visible(' '.join(values)[:80])}' are not numbers", line=line)
    return [number for number in numbers if number is not None]


def _count(node: _Parsed, name: str, path: str) -> int:
    values, line = node.properties.get(name, ([], node.line))
    numbers = _numbers(values, line, path)
    if len(numbers) != 1 or numbers[0] not in (1, 2):
        raise ConfigError(path, f"{name} of reserved-memory is neither 1 nor 2", line=line)
    return numbers[0]


def _source_node(name: str, node: _Parsed, cells: tuple[int, int], path: str) -> SourceNode:
    made = SourceNode(name, node.line)
    for key, (values, line) in node.properties.items():
        if key not in _GROUPS:
            made.properties[key] = (", ".join(value.strip('"') for value in values), line)
            continue
        widths = [cells[0] if kind == "a" else cells[1] for kind in _GROUPS[key]]
        numbers = _numbers(values, line, path)
        if not numbers or len(numbers) % sum(widths):
            raise ConfigError(path, f"{key} of {name} has {len(numbers)} cells", line=line)
        made.properties[key] = (show_numbers(tuple(_groups(numbers, widths))), line)
    return made


def _groups(numbers: list[int], widths: list[int]) -> Iterator[tuple[int, ...]]:
    at = 0
    while at < len(numbers):
        group = []
        for width in widths:
            group.append(sum(number << 32 * place for place, number in enumerate(reversed(numbers[at : at + width]))))
            at += width
        yield tuple(group)
