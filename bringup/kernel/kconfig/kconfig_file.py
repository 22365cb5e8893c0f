"""One Kconfig file → its statements. Reads what is needed for a symbol's type, prompt and dependencies,
and passes over what it does not know, with a note (Documentation/kbuild/kconfig-language.rst).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Struct

__all__ = ["Block", "Definition", "Statement", "read_statements"]

_TYPES = frozenset({"bool", "tristate", "int", "hex", "string"})
_DEF_TYPES = {"def_bool": "bool", "def_tristate": "tristate"}
_WITH_ATTRIBUTES = frozenset({"menu", "choice", "comment"})
_IF = re.compile(r"(?<!\s)\s++if\s++")
_QUOTED = re.compile(r"""\s*("(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+')""")
_ASSIGNMENT = re.compile(r"[A-Za-z_][\w-]*+\s*+(?::|\+)?=")
_WORD = re.compile(r"[A-Za-z_-]+")


@dataclass(slots=True)
class Definition:
    """One ``config`` or ``menuconfig`` with its attributes, as written.

    :param depends: each ``depends on``. :param defaults: value and condition. :param selects: symbol and condition.
    """

    name: str
    line: int
    type: str | None = None
    prompt: bool = False
    prompt_if: str = ""
    depends: list[str] = field(default_factory=list)
    defaults: list[tuple[str, str]] = field(default_factory=list)
    selects: list[tuple[str, str]] = field(default_factory=list)
    implies: list[tuple[str, str]] = field(default_factory=list)
    ranges: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """The beginning of an ``if``, ``menu`` or ``choice``, or with ``ends`` its end."""

    kind: str
    line: int
    condition: str = ""
    depends: list[str] = field(default_factory=list)
    defaults: list[tuple[str, str]] = field(default_factory=list)
    ends: bool = False

    @property
    def takes_attributes(self) -> bool:
        """Whether lines that follow may belong to it."""
        return not self.ends and self.kind in _WITH_ATTRIBUTES


class Statement(Struct, frozen=True):
    """A ``source`` (``text`` is the path) or something that was not understood (``text`` is the line)."""

    kind: str
    line: int
    text: str


def read_statements(text: str) -> Iterator[Definition | Block | Statement]:
    """Read a file's statements in order; attributes are gathered into the entry they belong to. Never fails."""
    current: Definition | Block | None = None
    for number, line in _lines(text):
        word = _first(line)
        rest = line[len(word) :].strip()
        if current is not None:
            if _attribute(current, word, rest):
                continue
            yield current
            current = None
        statement = _begin(word, rest, line, number)
        if isinstance(statement, Definition) or (isinstance(statement, Block) and statement.takes_attributes):
            current = statement
        elif statement is not None:
            yield statement
    if current is not None:
        yield current


def _begin(word: str, rest: str, line: str, number: int) -> Definition | Block | Statement | None:
    if word in {"config", "menuconfig"}:
        return Definition(rest.split(maxsplit=1)[0] if rest else "", number)
    if word in _WITH_ATTRIBUTES:
        return Block(word, number)
    if word == "if":
        return Block("if", number, rest)
    if word in {"endif", "endmenu", "endchoice"}:
        return Block(word[3:], number, ends=True)
    if word in {"source", "osource", "rsource", "orsource"}:
        return Statement(word, number, rest.strip("\"' \t"))
    if word == "mainmenu" or line.startswith("$(") or _ASSIGNMENT.match(line):
        return None
    return Statement("unknown", number, line)


def _first(line: str) -> str:
    match = _WORD.match(line)
    return match[0] if match else ""


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Statement lines without indentation, comments, help texts; a backslash at the end joins the next line."""
    pending, started = "", 0
    help_indent: int | None = None
    in_help = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if in_help:
            if not line:
                continue
            indent = _indent(raw)
            if help_indent is None and indent:
                help_indent = indent
            if help_indent is not None and indent >= help_indent:
                continue
            in_help, help_indent = False, None
        if not line and not pending:
            continue
        started = started or number
        if line.endswith("\\"):
            pending += line[:-1].rstrip() + " "
            continue
        whole, begun = _without_comment(pending + line), started
        pending, started = "", 0
        if whole in {"help", "---help---"}:
            in_help = True
        elif whole:
            yield begun, whole


def _indent(raw: str) -> int:
    if raw[:1] not in {" ", "\t"}:
        return 0
    expanded = raw.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    quote = ""
    for at, char in enumerate(line):
        if quote:
            quote = "" if char == quote and line[at - 1] != "\\" else quote
        elif char in {'"', "'"}:
            quote = char
        elif char == "#":
            return line[:at].rstrip()
    return line


def _attribute(entry: Definition | Block, word: str, rest: str) -> bool:
    """Take a line into the entry. :returns: whether it is one of its attributes."""
    if word == "depends" and rest.startswith("on"):
        condition, only = _conditional(rest[2:].strip())
        entry.depends.append(f"({condition}) || !({only})" if only else condition)
        return True
    if isinstance(entry, Block):
        if word == "default":
            entry.defaults.append(_conditional(rest))
        return word in {"visible", "prompt", "default", "optional", "modules", "option", *_TYPES}
    return _definition_attribute(entry, word, rest)


def _definition_attribute(entry: Definition, word: str, rest: str) -> bool:
    if word in _TYPES or word == "prompt":
        if word != "prompt":
            entry.type = entry.type or word
        _take_prompt(entry, rest)
    elif word in _DEF_TYPES:
        entry.type = entry.type or _DEF_TYPES[word]
        entry.defaults.append(_conditional(rest))
    elif word == "default":
        entry.defaults.append(_conditional(rest))
    elif word == "select":
        entry.selects.append(_conditional(rest))
    elif word == "imply":
        entry.implies.append(_conditional(rest))
    elif word == "range":
        entry.ranges.append(_conditional(rest))
    else:
        return word in {"option", "modules", "transitional", "optional"}
    return True


def _take_prompt(entry: Definition, rest: str) -> None:
    match = _QUOTED.match(rest)
    if match is None:
        return
    entry.prompt = True
    tail = rest[match.end() :].strip()
    if tail.startswith("if "):
        entry.prompt_if = tail[3:].strip()


def _conditional(text: str) -> tuple[str, str]:
    """``VALUE if CONDITION`` → both; the condition is empty where there is none."""
    match = _QUOTED.match(text)
    at = match.end() if match else 0
    split = _IF.search(text, max(0, at - 1)) if at else _IF.search(text)
    if split is None:
        return text.strip(), ""
    return text[: split.start()].strip(), text[split.end() :].strip()
