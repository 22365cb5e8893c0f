"""Where the command line writes: results to stdout, progress and errors to stderr, nothing a board sent unescaped."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bringup.document import write_document
from bringup.errors import BringupError
from bringup.text import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table

# A column narrower than its longest word breaks it; of a path or an address that much has to stay whole.
_WORD, _GAP = 16, 3

__all__ = ["Rows", "debugging", "out", "print_error", "print_json", "print_report", "say", "set_debugging", "table"]


def set_debugging() -> None:
    """Let tracebacks through from now on, here and in what is started from here."""
    os.environ["BRINGUP_DEBUG"] = "1"


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return os.environ.get("BRINGUP_DEBUG", "") not in ("", "0")


def say(text: str) -> None:
    """One line for the person watching, on stderr. Where nobody reads it any more, the work goes on all the same."""
    with suppress(BrokenPipeError):
        sys.stderr.write(visible(text) + "\n")
        sys.stderr.flush()


def print_error(error: BringupError) -> None:
    """What was being done, to what, what was seen, and what to do next."""
    say(f"bringup: {error}")
    for line in error.hint.splitlines():
        say(f"  → {line}")


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(write_document(document, indent=2) + "\n")


def print_report(text: str) -> None:
    """A report on stdout: in UTF-8, which formats say that they are in, whatever the locale."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)


def out() -> Console:
    """stdout for tables: plain without a terminal or with NO_COLOR, never narrower than it must be."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "0") or 0) or 160
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=wide)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table where it is wide enough for words to stay whole, and a paragraph a row where it is not."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """See rich's console protocol."""
        if self._least_width() <= options.max_width:
            yield self._table()
            return
        for row in self.rows:
            yield from self._paragraph(row)

    def _least_width(self) -> int:
        """What the longest words of the columns take; a path may be broken."""
        columns = zip(*(self.headers, *self.rows), strict=True)
        words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in columns]
        return sum(min(width, _WORD) for width in words) + _GAP * (len(words) - 1)

    def _table(self) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for header in self.headers:
            grid.add_column(header, overflow="fold")
        for row in self.rows:
            grid.add_row(*(Text(cell) for cell in row))
        return grid

    def _paragraph(self, row: tuple[str, ...]) -> Iterator[RenderableType]:
        from rich.padding import Padding
        from rich.text import Text

        told = [(header, cell) for header, cell in zip(self.headers, row, strict=True) if cell]
        for number, (header, cell) in enumerate(told):
            text = Text(f"{header}: " if header else "", "dim").append(cell, "not dim default")
            yield text if number == 0 else Padding(text, (0, 0, 0, 2), expand=False)


def table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> Rows:
    """A table of text that may come from a board: never markup, never a control character."""
    return Rows(tuple(headers), tuple(tuple(visible(cell) for cell in row) for row in rows))
