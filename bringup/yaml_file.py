"""What people write in YAML → a tree in which every key and value knows its file, line and column.

Reads the parser's events without recursion, so that size, depth and what aliases make are bounded whatever the file
holds. Two readings differ from YAML 1.2 on purpose, because these files hold versions and modes and no fractions:
``5.10`` is the text 5.10 (not the number 5.1) and ``0444`` is the text 0444 (not the number 444).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from bringup.errors import ConfigError, os_reason
from bringup.files import open_input
from bringup.text import visible

__all__ = ["Limits", "Node", "Place", "TreePath", "at", "plain", "read_file", "read_text", "walk"]

_MAX_DEPTH = 32
#: Of a whole number, in whatever base: 64 bits in binary.
_MOST_DIGITS = 70
#: What libyaml (YAML 1.1) and ruamel.yaml (1.2) may read differently: tabs and rare line ends, "? " keys, directives,
#: several documents, anchors, comments in block scalars.
_READ_DIFFERENTLY = re.compile(
    r"[\t\r\x85\u2028\u2029\ufeff] | \?(?!\S) | ^(?:%|---|\.\.\.) | (?:^|[\s\[{,])[&*!]\S | [|>][-+0-9]*\s*\#",
    re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may hold; what an alias stands for counts each time."""

    mebibytes: int = 1
    values: int = 20_000


_LIMITS = Limits()

TreePath = tuple[str | int, ...]
"""Where in a tree: mapping keys and list positions from the root."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1."""

    file: Path | str
    line: int
    column: int

    def error(self, seen: str, hint: str = "") -> ConfigError:
        """A :class:`ConfigError` at this place."""
        return ConfigError(self.file, seen, line=self.line, column=self.column, hint=hint)


@dataclass(slots=True)
class Node:
    """One YAML value: ``value`` is a scalar, a ``dict[str, Node]`` or a ``list[Node]``."""

    value: Any
    place: Place
    key_place: Place | None = field(default=None)

    @property
    def named_at(self) -> Place:
        """Where the key stands that names this value, or the value itself in a list."""
        return self.key_place or self.place


def plain(node: Node) -> Any:
    """The tree as plain dicts, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def at(root: Node, path: TreePath) -> Node:
    """The node at ``path``, or the nearest one above it that exists."""
    node = root
    for step in path:
        known = isinstance(step, int) and step < len(node.value) if isinstance(node.value, list) else None
        if not (step in node.value if isinstance(node.value, dict) else known):
            break
        node = node.value[step]
    return node


def read_file(path: Path, limits: Limits = _LIMITS) -> Node:
    """Read a YAML file.

    :raises ConfigError: it cannot be read, exceeds the limits, is not UTF-8 or not YAML.
    """
    try:
        with open_input(path) as file:
            raw = file.read((limits.mebibytes << 20) + 1)
    except OSError as error:
        raise ConfigError(path, os_reason(error)) from error
    return read_text(raw, path, limits)


def read_text(raw: bytes, name: Path | str, limits: Limits = _LIMITS) -> Node:
    """Read YAML text; ``name`` is the file that errors speak of.

    :raises ConfigError: as :func:`read_file`.
    """
    if len(raw) > limits.mebibytes << 20:
        raise ConfigError(name, f"the file is larger than {limits.mebibytes} MiB", hint="such files take a few KiB")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigError(
            name, f"byte 0x{raw[error.start]:02x} is not UTF-8", line=line, column=column, hint="save the file as UTF-8"
        ) from error
    return _copy(_tree(text, name, limits))


@lru_cache(maxsize=64)
def _tree(text: str, name: Path | str, limits: Limits) -> Node:
    """The tree, made once of a file that many others extend."""
    from ruamel.yaml.error import YAMLError

    if not _READ_DIFFERENTLY.search(text):
        with suppress(ImportError, YAMLError, ConfigError):  # what is wrong is reported by the parser in Python
            return _Builder(name, limits).build(_events_of_libyaml(text))
    return _read_in_python(text, name, limits)


def _events_of_libyaml(text: str) -> Iterator[Any]:
    """The events of libyaml (ruamel.yaml.clib): the same in a fifteenth of the time, where it is installed."""
    from _ruamel_yaml import CParser

    return iter(CParser(text).get_event, None)


def _read_in_python(text: str, name: Path | str, limits: Limits) -> Node:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        return _Builder(name, limits).build(YAML(typ="safe", pure=True).parse(text))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        seen = f"character {error.character!r} is not allowed in YAML"
        raise ConfigError(name, seen, line=line, column=column) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _place(name, mark).error(*_syntax(error.problem or str(error), text, mark)) from error
    except YAMLError as error:
        raise ConfigError(name, visible(str(error))) from error


def _place(name: Path | str, mark: Any) -> Place:
    return Place(name, mark.line + 1, mark.column + 1) if mark else Place(name, 1, 1)


def _copy(node: Node) -> Node:
    """A tree that its reader may change."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _copy(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_copy(child) for child in value]
    return Node(value, node.place, node.key_place)


class _Builder:
    """Turns parser events into nodes."""

    def __init__(self, name: Path | str, limits: Limits) -> None:
        self.name = name
        self.limits = limits
        self.root: Node | None = None
        self.open: list[tuple[Node, str | None, Place | None]] = []  # container, pending key, its place
        self.anchors: dict[str, Node] = {}
        self.nodes = 0

    def build(self, events: Iterator[Any]) -> Node:
        for event in events:
            self._take(event)
        if self.root is None:
            raise ConfigError(self.name, "the file is empty", line=1, column=1)
        return self.root

    def _take(self, event: Any) -> None:
        from ruamel.yaml import events

        place = _place(self.name, event.start_mark)
        match event:
            case events.MappingStartEvent():
                self._open(event, Node({}, place))
            case events.SequenceStartEvent():
                self._open(event, Node([], place))
            case events.MappingEndEvent():
                _merge(self.open.pop()[0])
            case events.SequenceEndEvent():
                self.open.pop()
            case events.AliasEvent():
                self._alias(event.anchor, place)
            case events.ScalarEvent():
                if any("\ud800" <= char <= "\udfff" for char in event.value):
                    raise place.error("an escape that is half a character", "write the character itself, as UTF-8")
                if self._wants_key():
                    self._key(event, place)
                else:
                    self._add(Node(_scalar(event, place), place), event.anchor)
            case events.DocumentStartEvent() if self.root is not None:
                raise place.error("a second YAML document", hint="one file holds one document")

    def _open(self, event: Any, node: Node) -> None:
        if self._wants_key():
            raise node.place.error("a key must be text", hint="is a '{' or '[' in front of the key meant to be quoted?")
        self._check_depth(len(self.open), node.place)
        self._add(node, event.anchor)
        self.open.append((node, None, None))

    def _wants_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1][0].value, dict) and self.open[-1][1] is None

    def _key(self, event: Any, place: Place) -> None:
        container = self.open[-1][0]
        if event.value in container.value:
            first = container.value[event.value].named_at
            raise place.error(
                f"key '{visible(event.value)}' is given twice", hint=f"it is first given in line {first.line}"
            )
        self.open[-1] = (container, event.value, place)

    def _alias(self, anchor: str, place: Place) -> None:
        if anchor not in self.anchors:
            raise place.error(f"alias '*{visible(anchor)}' has no anchor above it")
        if self._wants_key():
            raise place.error("an alias cannot be a key")
        target = self.anchors[anchor]
        if any(container is target for container, _, _ in self.open):
            raise place.error(f"alias '*{visible(anchor)}' stands inside what it names")
        self._add(self._copy(target, place, len(self.open)), None)

    def _copy(self, node: Node, place: Place, depth: int) -> Node:
        self._count(place)
        if isinstance(node.value, dict):
            self._check_depth(depth, place)
            return Node({key: self._copy(child, place, depth + 1) for key, child in node.value.items()}, place)
        if isinstance(node.value, list):
            self._check_depth(depth, place)
            return Node([self._copy(child, place, depth + 1) for child in node.value], place)
        return Node(node.value, place)

    def _check_depth(self, depth: int, place: Place) -> None:
        if depth >= _MAX_DEPTH:
            raise place.error(f"nested more than {_MAX_DEPTH} deep")

    def _count(self, place: Place) -> None:
        self.nodes += 1
        if self.nodes > self.limits.values:
            raise place.error(f"more than {self.limits.values} values, aliases counted each time they are used")

    def _add(self, node: Node, anchor: str | None) -> None:
        self._count(node.place)
        if anchor:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
            return
        container, key, key_place = self.open[-1]
        if isinstance(container.value, list):
            container.value.append(node)
            return
        node.key_place = key_place
        if node.value is None and key_place is not None:
            node.place = key_place  # the parser puts an empty value where the next thing begins
        container.value[key] = node
        self.open[-1] = (container, None, None)


def _merge(node: Node) -> None:
    """Replace the key ``<<`` of a mapping by what the mappings it names hold; the mapping's own keys win."""
    merged = node.value.pop("<<", None)
    if merged is None:
        return
    for source in merged.value if isinstance(merged.value, list) else [merged]:
        if not isinstance(source.value, dict):
            raise source.place.error("'<<' takes a mapping, or a list of mappings")
        for key, child in source.value.items():
            node.value.setdefault(key, child)


def _scalar(event: Any, place: Place) -> object:
    """A scalar's value by YAML 1.2's core schema, but for versions and modes (see the module's docstring)."""
    from ruamel.yaml.nodes import ScalarNode

    text: str = event.value
    if event.tag and not event.tag.endswith(":str"):
        raise place.error(f"tag '{visible(str(event.tag))}' is not allowed", hint="remove it; values need no tags here")
    match str(_resolver().resolve(ScalarNode, text, event.implicit)).rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" if not (len(text.lstrip("+-")) > 1 and text.lstrip("+-").startswith("0") and text.isdigit()):
            return _integer(text, place)
        case _:
            return text


@cache
def _resolver() -> Any:
    """YAML 1.2's core schema."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).resolver


def _integer(text: str, place: Place) -> int:
    wrong = place.error(f"'{visible(text[:40])}' is not a whole number", hint="write text in quotes")
    if len(text) > _MOST_DIGITS:
        raise wrong
    try:
        return int(text, 0)
    except ValueError as error:
        raise wrong from error


def _syntax(problem: str, text: str, mark: Any) -> tuple[str, str]:
    """The parser's complaint and, for what people trip over, what to do about it."""
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in problem or line.startswith("\t") or line.strip(" ").startswith("\t"):
        return "a tab where only spaces may stand", "indent with spaces; YAML does not allow tabs there"
    problem = visible(problem.splitlines()[0])
    if "mapping values are not allowed" in problem:
        return problem, "text with ': ' in it must be quoted; or the line above is indented differently"
    if "could not find expected ':'" in problem:
        return problem, "a key is followed by ': ' (colon, space)"
    if "expected <block end>" in problem:
        return problem, "is a quote or a bracket left open in a line above, or a line indented differently?"
    if "start any token" in problem:
        return problem, "text that begins with this character must be quoted"
    return problem, ""


def walk(node: Node, path: TreePath = ()) -> Iterator[tuple[TreePath, Node]]:
    """Every node below ``node`` with its path, in file order."""
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from walk(child, (*path, index))
