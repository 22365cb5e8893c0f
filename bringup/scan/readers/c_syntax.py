"""What a parsed file of C or C++ says beyond its text: what a variable holds, which call takes it.

tree-sitter parses it (the extra ``scan``). It parses files with errors, and without their headers. Without it, what the
text of a statement says is all that is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bringup.scan.readers.c_text import flags_argument, is_constant

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Syntax", "Values", "parse"]

_WORD = re.compile(rb"\b(?:[A-Z0-9]+_)*ION_[A-Z0-9_]+")
#: Where an assignment inside such a node may not happen.
_CONDITIONAL = frozenset(
    {
        "if_statement",
        "for_statement",
        "while_statement",
        "do_statement",
        "switch_statement",
        "conditional_expression",
        "else_clause",
    }
)
_ALLOCATES = re.compile(r"\w*ion_\w*[aA]lloc\w*")
#: Larger files are not parsed, in bytes.
_LARGEST = 4 << 20
_MOST_NODES = 200_000
#: So many nodes around a word at most. The deepest in the trees that were scanned is far below.
_DEEPEST = 250
_ASSIGNS = frozenset({"assignment_expression", "init_declarator", "compound_statement", "call_expression"})
#: What a value is kept in: a longer expression is none, and its text would grow with what it stands around.
_VARIABLES = frozenset({"identifier", "field_expression", "pointer_expression", "subscript_expression"})


@dataclass(frozen=True, slots=True)
class Values:
    """The constants of ION that reach a call.

    :param certain: those that each run of the call passes.
    :param possible: those that only some runs pass, by a condition.
    :param flags_are_known: its flags are 0, or constants alone.
    """

    certain: frozenset[str]
    possible: frozenset[str]
    flags_are_known: bool


_NOTHING = Values(frozenset(), frozenset(), flags_are_known=False)


class Syntax:
    """One parsed file."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._bodies: dict[int, _Body] = {}
        self._values_of: dict[int, Values] = {}

    def values_at(self, start: int, end: int) -> Values | None:
        """What reaches the call in which a word stands, or to which the variable goes that the word is assigned to.

        ``None``: it stands in neither, or deeper than anybody nests.
        """
        path = self._path(start, end)
        body = None if path is None else next((self._body(node) for node in path if _is_function(node)), None)
        if path is None:
            return None
        call = _first_before_function(path, _allocates)
        if call is None and body is not None:
            variable = _assigned(path)
            call = None if variable is None else body.calls.get(_text(variable))
        if call is None:
            return None
        if call.id not in self._values_of:
            self._values_of[call.id] = _values(call, body)
        return self._values_of[call.id]

    def _path(self, start: int, end: int) -> list[Node] | None:
        """The nodes around a word, the innermost first; ``None``: there are more than anybody nests.

        From the root down: a node does not know its parent, which would be looked for from the root each time.
        """
        cursor = self._root.walk()
        path = [self._root]
        while cursor.goto_first_child_for_byte(start) is not None:
            node = cursor.node
            if node is None or node.start_byte > start or node.end_byte < end:
                break
            if len(path) == _DEEPEST:
                return None
            path.append(node)
        return path[::-1]

    def _body(self, function: Node) -> _Body:
        if function.id not in self._bodies:
            self._bodies[function.id] = _read_body(function)
        return self._bodies[function.id]


@dataclass(frozen=True, slots=True)
class _Body:
    """What a function says of its variables, read once for all words in it.

    :param held: what each variable may hold.
    :param calls: for each variable the first allocation that takes it.
    """

    held: dict[bytes, Values]
    calls: dict[bytes, Node]


def _read_body(function: Node) -> _Body:
    assignments: dict[bytes, list[tuple[bytes, bool, bool]]] = {}
    calls: dict[bytes, Node] = {}
    for node, is_conditional in _walk(function):
        arguments = node.child_by_field_name("arguments")
        if _allocates(node) and arguments is not None:
            for argument in arguments.named_children:
                if argument.type in _VARIABLES:
                    calls.setdefault(_text(argument), node)
        if node.type not in ("assignment_expression", "init_declarator"):
            continue
        left = node.child_by_field_name("left" if node.type == "assignment_expression" else "declarator")
        value = node.child_by_field_name("right" if node.type == "assignment_expression" else "value")
        if left is None or value is None or left.type not in _VARIABLES:
            continue
        operator = node.child_by_field_name("operator")
        adds = operator is not None and _text(operator) == b"|="
        text = _text(value)
        assignments.setdefault(_text(left), []).append((text, is_conditional or b"?" in text, adds))
    return _Body({variable: _held(values) for variable, values in assignments.items()}, calls)


def _values(call: Node, body: _Body | None) -> Values:
    certain: set[str] = set()
    possible: set[str] = set()
    flags_are_known = False
    arguments = call.child_by_field_name("arguments")
    given = [] if arguments is None else arguments.named_children
    flags = flags_argument(_name(call), len(given))
    for at, argument in enumerate(given):
        text = _text(argument)
        certain |= _constants(text)
        is_known = is_constant(text)
        if argument.type == "identifier" and not _WORD.fullmatch(text):
            held = _NOTHING if body is None else body.held.get(text, _NOTHING)
            certain |= held.certain
            possible |= held.possible
            is_known = held.flags_are_known
        flags_are_known = flags_are_known or (at == flags and is_known)
    return Values(frozenset(certain), frozenset(possible - certain), flags_are_known)


def _held(assignments: list[tuple[bytes, bool, bool]]) -> Values:
    """What a variable with these values may hold; of each, whether a condition decides about it, and if it is added."""
    words = [_constants(value) for value, _, _ in assignments]
    every = frozenset[str]().union(*words)
    if len(assignments) == 1 and not assignments[0][1]:
        return Values(every, frozenset(), is_constant(assignments[0][0]))
    surely_added = (words[at] for at, (_, maybe, adds) in enumerate(assignments) if adds and not maybe)
    certain = frozenset[str]().union(*surely_added)
    return Values(certain, every - certain, flags_are_known=False)


def _name(call: Node) -> str:
    """The function that is called, without its object or scope."""
    function = call.child_by_field_name("function")
    return "" if function is None else re.split(r"\.|->|::", _text(function).decode("ascii", "replace"))[-1]


def _allocates(node: Node) -> bool:
    return node.type == "call_expression" and _ALLOCATES.fullmatch(_name(node)) is not None


def _is_function(node: Node) -> bool:
    return node.type == "function_definition"


def _text(node: Node) -> bytes:
    return node.text or b""


def _constants(text: bytes) -> set[str]:
    return {match[0].decode("ascii", "replace") for match in _WORD.finditer(text)}


def _first_before_function(path: list[Node], is_it: Callable[[Node], bool]) -> Node | None:
    """The innermost such node of a path, within its function."""
    for node in path:
        if _is_function(node):
            return None
        if is_it(node):
            return node
    return None


def _assigned(path: list[Node]) -> Node | None:
    """The variable that a constant is assigned to."""
    node = _first_before_function(path, lambda node: node.type in _ASSIGNS)
    if node is None or node.type in ("compound_statement", "call_expression"):
        return None
    return node.child_by_field_name("left" if node.type == "assignment_expression" else "declarator")


def _walk(function: Node) -> Iterator[tuple[Node, bool]]:
    """The nodes of a function, without recursion, so many at most; and whether a condition decides about each."""
    stack = [(function, False)]
    for _ in range(_MOST_NODES):
        if not stack:
            return
        current, is_conditional = stack.pop()
        yield current, is_conditional
        below = is_conditional or current.type in _CONDITIONAL
        stack.extend((child, below) for child in reversed(current.named_children))


def parse(path: str, data: bytes) -> Syntax | None:
    """A parsed file; ``None``: tree-sitter is not installed, or the file is larger than 4 MiB."""
    try:
        import tree_sitter_c
        import tree_sitter_cpp
        from tree_sitter import Language, Parser
    except ImportError:
        return None
    if len(data) > _LARGEST:
        return None
    grammar = tree_sitter_c if path.endswith(".c") else tree_sitter_cpp
    return Syntax(Parser(Language(grammar.language())).parse(data).root_node)
