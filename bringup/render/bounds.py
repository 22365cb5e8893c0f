"""What one template may do: a loop, a macro or an include of itself that does not end is an error at its line.

Jinja's sandbox bounds one ``range``, and neither loops in loops, nor macros that call each other, nor a text that is
doubled again and again. Here each of them costs steps, and a file has so many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range

__all__ = ["STEPS", "BoundedEnvironment", "TooMuch", "bounded", "counted_range", "spend"]

#: Steps for one file: a turn of a loop, a call and a character each take one.
STEPS = 1_000_000
_SPEND = "_spend"
_left: ContextVar[list[int] | None] = ContextVar("steps left", default=None)


class TooMuch(TemplateRuntimeError):
    """A template has taken all of its steps."""

    def __init__(self) -> None:
        super().__init__(f"it takes more than {STEPS:,} steps (turns of loops, calls of macros, characters)")


@contextmanager
def bounded() -> Iterator[None]:
    """A file's steps, for as long as the block runs."""
    token = _left.set([STEPS])
    try:
        yield
    finally:
        _left.reset(token)


def spend(steps: int) -> None:
    """Take so many steps of the file's.

    :raises TooMuch: there are not as many.
    """
    left = _left.get()
    if left is None:
        return  # a template is being compiled
    left[0] -= steps
    if left[0] < 0:
        raise TooMuch


@pass_context  # else Jinja would take it once, when it compiles
def _spend_here(_context: Context, steps: int) -> None:
    spend(steps)


class _Counting(CodeGenerator):
    """Puts its cost at the start of whatever may be done again."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        """See Jinja's CodeGenerator."""
        kinds = (nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)
        parts: list[Any] = [node, *node.find_all(kinds)]
        for part in parts:
            text = sum(len(data.data) for data in part.find_all(nodes.TemplateData))
            cost = nodes.Filter(nodes.Const(1 + text), _SPEND, [], [], None, None)
            part.body.insert(0, nodes.ExprStmt(cost).set_lineno(part.lineno))
            part.body[0].set_environment(self.environment)
        super().visit_Template(node, frame)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox whose templates end; what it renders stands in :func:`bounded`."""

    code_generator_class = _Counting
    intercepted_binops = frozenset({"+", "*", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters[_SPEND] = _spend_here

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """What takes room in proportion to its operands costs as much."""
        if operator == "+":
            spend(_size(left) + _size(right))
        elif operator == "*":
            spend(_size(left) * _times(right) + _size(right) * _times(left))
        elif isinstance(left, int) and isinstance(right, int):
            spend(left.bit_length() * max(right, 0) // 8)
        return super().call_binop(context, operator, left, right)


def counted_range(*args: int) -> range:
    """Jinja's ``range``, each number of which takes a step.

    :raises OverflowError: it is longer than Jinja takes.
    """
    numbers = safe_range(*args)
    spend(len(numbers))
    return numbers


def _size(value: object) -> int:
    if isinstance(value, str | list | tuple):
        return len(value)
    return value.bit_length() // 8 if isinstance(value, int) else 0


def _times(value: object) -> int:
    return max(value, 1) if isinstance(value, int) else 1
