"""A file to read, and what one file says of itself: its uses, and what other files must know."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from bringup.scan.document import Hit
from bringup.scan.language import Language
from bringup.text import from_board, visible

__all__ = ["FileReading", "Lines", "Source"]

_LONGEST_LINE = 160


@dataclass(frozen=True, slots=True)
class Source:
    """A file to scan. ``path`` is relative to the tree and safe to print."""

    path: str
    language: Language
    data: bytes


@dataclass(frozen=True, slots=True)
class FileReading:
    """What one file holds. It depends on nothing but the file, so that files can be read in any process.

    :param uses: by line and column; what they are in the tree is for :func:`bringup.scan.settle.settle` to say.
    :param defines: names of ION that this file defines itself: functions with their bodies, structures, macros.
    :param builds: libraries that this build file makes.
    :param foreign: no word in it is ION's alone: what it defines under a name of ION's is its own.
    :param names_heaps: it uses DMA-BUF heaps.
    :param answers_usage: it answers Codec2's question for the usage of DMA-BUF heaps, which allocates nothing.
    """

    path: str
    language: Language
    uses: tuple[Hit, ...] = ()
    defines: frozenset[str] = frozenset()
    builds: frozenset[str] = frozenset()
    foreign: bool = True
    names_heaps: bool = False
    answers_usage: bool = False


class Lines:
    """Offsets → lines and columns, of one file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ends = [match.start() for match in re.finditer(rb"\n", data)]

    def number(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_right(self._ends, offset - 1) + 1 if offset else 1

    def bounds(self, number: int) -> tuple[int, int]:
        """Where a line begins and ends, without its newline."""
        start = self._ends[number - 2] + 1 if number > 1 else 0
        return start, self._ends[number - 1] if number - 1 < len(self._ends) else len(self._data)

    def column(self, offset: int) -> int:
        """The column of an offset in characters, from 1; past 4,096 bytes of a line it counts bytes."""
        start, _ = self.bounds(self.number(offset))
        if offset - start > 4096:
            return offset - start + 1
        return len(self._data[start:offset].decode("utf-8", "replace")) + 1

    def shown(self, number: int) -> str:
        """A line, shortened and safe to print."""
        start, end = self.bounds(number)
        text = " ".join(from_board(self._data[start : min(end, start + 4 * _LONGEST_LINE)]).split())
        return visible(text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…")
