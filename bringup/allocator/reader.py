"""Reading the test allocator's answer from pieces as they arrive.

A stream that ends early is data, not an exception: :class:`Reader` says why its answer is incomplete.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, TypeVar

import msgspec

from bringup.allocator.answer import Bye, Hello, Line, Refused
from bringup.allocator.bounds import Bounds
from bringup.document import DocumentError, read_document
from bringup.errors import AllocatorError
from bringup.text import from_board, visible

__all__ = ["MAX_LINE_BYTES", "Reader", "parse_line", "with_board_text"]

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
_LINE: Final[Any] = Line


def _fail(seen: str, cause: Exception | None = None) -> NoReturn:
    raise AllocatorError("read the test allocator's answer", seen) from cause


_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def parse_line(raw: bytes) -> Line:
    """Read one line, with or without its newline.

    :raises AllocatorError: it is not one of the protocol's lines.
    """
    raw = raw.removesuffix(b"\n")
    if len(raw) > MAX_LINE_BYTES:
        _fail(f"a line of {len(raw)} bytes")
    if not raw.isascii():
        _fail(f"not a JSON line: {visible(from_board(raw[:120]))!r}")
    try:
        line: Line = with_board_text(read_document(raw, _LINE), raw)
    except DocumentError as error:
        why = str(error) if isinstance(error.__cause__, msgspec.ValidationError) else "not a JSON line"
        _fail(f"{why}: {visible(from_board(raw[:120]))!r}", error)
    except ValueError as error:
        _fail(f"it has text that is not bytes: {visible(from_board(raw[:120]))!r}", error)
    return msgspec.structs.replace(line, raw=raw)


def with_board_text(line: _Struct, raw: bytes) -> _Struct:
    """The line with its strings as text; ``raw`` is its JSON text.

    :raises ValueError: a string holds something else than bytes.
    """
    if raw.isascii() and b"\\u" not in raw:
        return line  # nothing but printable ASCII
    texts: dict[str, str | tuple[str, ...]] = {}
    for name in line.__struct_fields__:
        value = getattr(line, name)
        if type(value) is str:
            texts[name] = _text(value)
        elif type(value) is tuple and value and type(value[0]) is str:
            texts[name] = tuple(map(_text, value))
    return msgspec.structs.replace(line, **texts)


def _text(latin_1: str) -> str:
    return from_board(latin_1.encode("latin-1"))


class Reader:
    """Puts lines together from pieces of any size, and knows whether the answer is complete.

    :param bounds: how much may come; ``None``: any number of lines.
    """

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds
        self._pieces: list[bytes] = []
        self._held = 0
        self._lines = 0
        self._last: Line | None = None

    def feed(self, data: bytes) -> list[Line]:
        """The lines that are complete now.

        :raises AllocatorError: something else than the protocol's lines, a line without an end, or more than the plan
            asks for.
        """
        if self._bounds is not None and (wrong := self._bounds.take_bytes(len(data))):
            _fail(wrong)
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            lines.append(self._take(b"".join((*self._pieces, end))))
            self._pieces, self._held = [], 0
        if rest:
            self._pieces.append(rest)
            self._held += len(rest)
            if self._held > MAX_LINE_BYTES:
                _fail(f"a line of more than {MAX_LINE_BYTES} bytes")
        return lines

    def _take(self, raw: bytes) -> Line:
        if isinstance(self._last, Bye | Refused):
            _fail(f"a line after the last one: {visible(from_board(raw[:120]))!r}")
        line = parse_line(raw)
        if self._lines == 0 and not isinstance(line, Hello | Refused):
            _fail(f"the first line is not hello: {visible(from_board(raw[:120]))!r}")
        if self._lines and isinstance(line, Hello | Refused):
            _fail(f"a second first line: {visible(from_board(raw[:120]))!r}")
        if self._bounds is not None and (wrong := self._bounds.take(line)):
            _fail(wrong)
        self._lines += 1
        self._last = line
        return line

    @property
    def complete(self) -> bool:
        """Whether the last line came, and nothing is missing before it."""
        return self.why_incomplete is None

    @property
    def why_incomplete(self) -> str | None:
        """What is missing; ``None``: nothing. A plan that the time limit ended is complete as a stream."""
        if self._held:
            return f"it ends within a line, after {self._lines} lines"
        if self._last is None:
            return "it is empty"
        if isinstance(self._last, Bye) and self._last.lines != self._lines - 1:
            return f"{self._lines - 1} lines came before the last one, which says {self._last.lines}"
        return None if isinstance(self._last, Bye | Refused) else f"it ends after {self._lines} lines without bye"
