"""The test allocator's answer, put together from pieces as they arrive.

A stream that ends early is data, not an exception: :class:`Reader` says why its answer is incomplete.
"""

from __future__ import annotations

from bringup.allocator.answer import Bye, Hello, Line, Refused
from bringup.allocator.fields import broken
from bringup.allocator.protocol import MAX_LINE_BYTES, parse_line
from bringup.text import from_board, visible

__all__ = ["Reader"]


class Reader:
    """Puts lines together from pieces of any size, and knows whether the answer is whole."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._lines = 0
        self._last: Line | None = None

    def feed(self, data: bytes) -> list[Line]:
        """The lines that are whole now.

        :raises AllocatorError: something else than the protocol's lines, or a line without end.
        """
        *whole, rest = data.split(b"\n")
        lines = []
        for end in whole:
            lines.append(self._take(b"".join((*self._pieces, end))))
            self._pieces, self._held = [], 0
        if rest:
            self._pieces.append(rest)
            self._held += len(rest)
            if self._held > MAX_LINE_BYTES:
                broken(f"a line of more than {MAX_LINE_BYTES} bytes")
        return lines

    def _take(self, raw: bytes) -> Line:
        if isinstance(self._last, Bye | Refused):
            broken(f"a line after the last one: {visible(from_board(raw[:120]))!r}")
        line = parse_line(raw)
        if self._lines == 0 and not isinstance(line, Hello | Refused):
            broken(f"the first line is not hello: {visible(from_board(raw[:120]))!r}")
        self._lines += 1
        self._last = line
        return line

    @property
    def complete(self) -> bool:
        """Whether the last line came, and nothing is missing before it."""
        return self.why_incomplete is None

    @property
    def why_incomplete(self) -> str | None:
        """What is missing, ``None``: nothing. A plan that the time budget ended is complete as a stream."""
        if self._held:
            return f"it ends within a line, after {self._lines} lines"
        if self._last is None:
            return "it is empty"
        if isinstance(self._last, Bye) and self._last.lines != self._lines - 1:
            return f"{self._lines - 1} lines came before the last one, which says {self._last.lines}"
        return None if isinstance(self._last, Bye | Refused) else f"it ends after {self._lines} lines without bye"
