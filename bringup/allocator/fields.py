"""The fields of one line of the test allocator's answer, each asked for with its type."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any, Final, NoReturn

from bringup.allocator.answer import NodeType, State, TimingSource
from bringup.errors import AllocatorError
from bringup.outcome import Outcome
from bringup.text import from_board, visible

__all__ = ["U32", "U64", "Fields", "broken"]

U64: Final = 2**64 - 1
U32: Final = 2**32 - 1


def broken(seen: str) -> NoReturn:
    """Raise what a broken answer raises.

    :raises AllocatorError: always.
    """
    raise AllocatorError("read the test allocator's answer", seen)


class Fields:
    """The fields of one line, each asked for with its type."""

    def __init__(self, raw: bytes, fields: dict[str, Any]) -> None:
        self.raw = raw
        self._fields = fields

    def _wrong(self, name: str) -> NoReturn:
        value = visible(repr(self._fields.get(name, "nothing"))[:80])
        broken(f"{name} of a {visible(str(self._fields.get('t')))!r} line is {value}")

    def maybe(self, name: str) -> bool:
        """Whether there is something but null."""
        return self._fields.get(name) is not None

    def _bytes(self, name: str, value: object) -> bytes:
        if not isinstance(value, str):
            self._wrong(name)
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            self._wrong(name)

    def text(self, name: str) -> str:
        """A string, as text."""
        return from_board(self._bytes(name, self._fields.get(name)))

    def maybe_text(self, name: str) -> str | None:
        """A string, or nothing."""
        return self.text(name) if self.maybe(name) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self._fields.get(name)
        if not isinstance(value, list):
            self._wrong(name)
        return tuple(from_board(self._bytes(name, one)) for one in value)

    def number(self, name: str, highest: int = U64) -> int:
        """A number from 0 to ``highest``."""
        value = self._fields.get(name)
        if type(value) is not int or not 0 <= value <= highest:
            self._wrong(name)
        return value

    def maybe_number(self, name: str, highest: int = U64) -> int | None:
        """A number, or nothing."""
        return self.number(name, highest) if self.maybe(name) else None

    def numbers(self, name: str, longest: int) -> tuple[int, ...]:
        """A list of numbers."""
        value = self._fields.get(name)
        if not isinstance(value, list) or len(value) > longest:
            self._wrong(name)
        if not all(type(one) is int and 0 <= one <= U64 for one in value):
            self._wrong(name)
        return tuple(value)

    def lists(self, name: str, many: int, longest: int) -> list[tuple[int, ...]]:
        """At most ``many`` lists of at most ``longest`` numbers."""
        value = self._fields.get(name)
        if not isinstance(value, list) or len(value) > many:
            self._wrong(name)
        return [Fields(self.raw, {"t": self._fields["t"], name: one}).numbers(name, longest) for one in value]

    def pair(self, name: str) -> tuple[int, int] | None:
        """Two numbers, or nothing."""
        if not self.maybe(name):
            return None
        value = self.numbers(name, 2)
        if len(value) != 2:
            self._wrong(name)
        return value[0], value[1]

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._fields.get(name)
        if not isinstance(value, bool):
            self._wrong(name)
        return value

    def data(self, name: str) -> bytes:
        """Bytes, from base64."""
        try:
            return b64decode(self._bytes(name, self._fields.get(name)), validate=True)
        except binascii.Error:
            self._wrong(name)

    def pieces(self, name: str) -> tuple[bytes, ...]:
        """A list of bytes, each from base64."""
        value = self._fields.get(name)
        if not isinstance(value, list):
            self._wrong(name)
        try:
            return tuple(b64decode(self._bytes(name, one), validate=True) for one in value)
        except binascii.Error:
            self._wrong(name)

    def state(self) -> State:
        """A state."""
        try:
            return State(self.text("state"))
        except ValueError:
            self._wrong("state")

    def outcome(self) -> Outcome:
        """An outcome."""
        try:
            return Outcome(self.text("outcome"))
        except ValueError:
            self._wrong("outcome")

    def timing_source(self) -> TimingSource:
        """Where a timing comes from."""
        try:
            return TimingSource(self.text("source"))
        except ValueError:
            self._wrong("source")

    def node_type(self) -> NodeType | None:
        """A type of node, or nothing."""
        try:
            return NodeType(self.text("type")) if self.maybe("type") else None
        except ValueError:
            self._wrong("type")
