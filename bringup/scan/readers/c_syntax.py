"""What a parsed file of C or C++ says beyond its text: what a variable holds, which call takes it.

tree-sitter parses it (the extra ``scan``). It parses files with errors, and without their headers. Without it, what the
text of a statement says is all that is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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


class Syntax:
    """One parsed file."""

    def __init__(self, root: Node, data: bytes) -> None:
        self._root = root
        self._data = data

    def values_at(self, start: int, end: int) -> Values | None:
        """What reaches the call in which a word stands, or to which the variable goes that the word is assigned to.

        ``None``: it stands in neither.
        """
        node = self._root.descendant_for_byte_range(start, end)
        call = self._call_of(node)
        if call is None:
            variable = _assigned(node)
            call = None if variable is None else self._call_with(node, _text(variable))
        return None if call is None else self._values(call)

    def _call_of(self, node: Node | None) -> Node | None:
        """The allocation around a node."""
        while node is not None and node.type != "function_definition":
            if node.type == "call_expression" and _allocates(node):
                return node
            node = node.parent
        return None

    def _call_with(self, node: Node | None, variable: bytes) -> Node | None:
        """The first allocation of the same function that takes a variable."""
        body = _function(node)
        if body is None:
            return None
        for call in _walk(body):
            if call.type == "call_expression" and _allocates(call):
                arguments = call.child_by_field_name("arguments")
                if arguments is not None and any(_text(one) == variable for one in arguments.named_children):
                    return call
        return None

    def _values(self, call: Node) -> Values:
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
                held = self._held(call, text)
                certain |= held.certain
                possible |= held.possible
                is_known = held.flags_are_known
            flags_are_known = flags_are_known or (at == flags and is_known)
        return Values(frozenset(certain), frozenset(possible - certain), flags_are_known)

    def _held(self, call: Node, variable: bytes) -> Values:
        """What a variable of the call's function may hold."""
        body = _function(call)
        assignments = [] if body is None else list(_assignments(body, variable))
        words = [_constants(_text(value)) for value, _, _ in assignments]
        every = frozenset[str]().union(*words)
        if len(assignments) == 1 and not assignments[0][1]:
            return Values(every, frozenset(), is_constant(_text(assignments[0][0])))
        surely_added = (words[at] for at, (_, maybe, adds) in enumerate(assignments) if adds and not maybe)
        certain = frozenset[str]().union(*surely_added)
        return Values(certain, every - certain, flags_are_known=False)


def _name(call: Node) -> str:
    """The function that is called, without its object or scope."""
    function = call.child_by_field_name("function")
    return "" if function is None else re.split(r"\.|->|::", _text(function).decode("ascii", "replace"))[-1]


def _allocates(call: Node) -> bool:
    return _ALLOCATES.fullmatch(_name(call)) is not None


def _text(node: Node) -> bytes:
    return node.text or b""


def _constants(text: bytes) -> set[str]:
    return {match[0].decode("ascii", "replace") for match in _WORD.finditer(text)}


def _function(node: Node | None) -> Node | None:
    while node is not None and node.type != "function_definition":
        node = node.parent
    return node


def _assigned(node: Node | None) -> Node | None:
    """The variable that a constant is assigned to."""
    while node is not None and node.type not in ("function_definition", "compound_statement", "call_expression"):
        if node.type == "assignment_expression":
            return node.child_by_field_name("left")
        if node.type == "init_declarator":
            return node.child_by_field_name("declarator")
        node = node.parent
    return None


def _assignments(body: Node, variable: bytes) -> Iterator[tuple[Node, bool, bool]]:
    """Each value of a variable, whether a condition decides about it, and whether it is added to what was there."""
    for node in _walk(body):
        left = node.child_by_field_name("left" if node.type == "assignment_expression" else "declarator")
        value = node.child_by_field_name("right" if node.type == "assignment_expression" else "value")
        if node.type not in ("assignment_expression", "init_declarator") or left is None or value is None:
            continue
        if _text(left) == variable:
            operator = node.child_by_field_name("operator")
            adds = operator is not None and _text(operator) == b"|="
            yield value, _is_conditional(node, body) or b"?" in _text(value), adds


def _is_conditional(node: Node, body: Node) -> bool:
    parent = node.parent
    while parent is not None and parent != body:
        if parent.type in _CONDITIONAL:
            return True
        parent = parent.parent
    return False


def _walk(node: Node) -> Iterator[Node]:
    """The nodes below one, without recursion, so many at most."""
    stack = [node]
    for _ in range(_MOST_NODES):
        if not stack:
            return
        current = stack.pop()
        yield current
        stack.extend(reversed(current.named_children))


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
    return Syntax(Parser(Language(grammar.language())).parse(data).root_node, data)
