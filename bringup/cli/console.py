"""Output of the command line: results to stdout, progress and errors to stderr, text from a board always escaped."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bringup.errors import BringupError
from bringup.text import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table

# A column that is narrower than its longest word breaks it; paths and addresses may be broken after so many characters.
_WORD, _GAP = 16, 3

__all__ = ["Rows", "debugging", "out", "print_error", "print_json", "print_report", "say", "set_debugging", "table"]


def set_debugging() -> None:
    """Show tracebacks from now on, in this process and in those that it starts."""
    os.environ["BRINGUP_DEBUG"] = "1"


def debugging() -> bool:
    """Whether tracebacks are shown."""
    return os.environ.get("BRINGUP_DEBUG", "") not in ("", "0")


def say(text: str) -> None:
    """One line on stderr, for the person who watches. A stderr that is full or closed does not end the work."""
    with suppress(OSError, ValueError):
        sys.stderr.write(visible(text) + "\n")
        sys.stderr.flush()


def print_error(error: BringupError) -> None:
    """What was being done, to what, what was seen, and what to do next."""
    say(f"bringup: {error}")
    for line in error.hint.splitlines():
        say(f"  → {line}")


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    from bringup.document import write_document  # msgspec, which completion does without

    sys.stdout.write(write_document(document, indent=2) + "\n")


def print_report(text: str) -> None:
    """A report on stdout: in UTF-8 whatever the locale, because formats declare UTF-8."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)


def out() -> Console:
    """stdout for tables: plain without a terminal or with NO_COLOR, and wide where there is no terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "0") or 0) or 160
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=width)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table; one paragraph per row where the screen is too narrow to keep words whole."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """See the console protocol of rich."""
        if self._least_width() <= options.max_width:
            yield self._table()
            return
        for row in self.rows:
            yield from self._paragraph(row)

    def _least_width(self) -> int:
        """The width of the longest words of all columns; a path may be broken."""
        columns = zip(*(self.headers, *self.rows), strict=True)
        words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in columns]
        return sum(min(width, _WORD) for width in words) + _GAP * (len(words) - 1)

    def _table(self) -> Table:
        from rich import box, table, text

        grid = table.Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for header in self.headers:
            grid.add_column(header, overflow="fold")
        for row in self.rows:
            grid.add_row(*(text.Text(cell) for cell in row))
        return grid

    def _paragraph(self, row: tuple[str, ...]) -> Iterator[RenderableType]:
        from rich import padding, text

        cells = [(header, cell) for header, cell in zip(self.headers, row, strict=True) if cell]
        for number, (header, cell) in enumerate(cells):
            line = text.Text(f"{header}: " if header else "", "dim").append(cell, "not dim default")
            yield line if number == 0 else padding.Padding(line, (0, 0, 0, 2), expand=False)


def table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> Rows:
    """A table of text that may come from a board: without markup and control characters."""
    return Rows(tuple(headers), tuple(tuple(visible(cell) for cell in row) for row in rows))
