"""What ``bringup heap holders`` does: look at a board's processes, and show who holds its buffers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bringup.board import RootPolicy, Selection
from bringup.cli.board_selection import one_board
from bringup.cli.console import out, print_report, table
from bringup.cli.progress import whole_record
from bringup.document import write_in_rows
from bringup.errors import AllocatorError, UsageError
from bringup.facts.board import Facts
from bringup.facts.holders.sums import buffer_facts, holders_facts
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation
from bringup.record.questions import HOLDERS
from bringup.report.holders import buffer_rows, holders_tree
from bringup.results.holders import HoldersDocument

__all__ = ["HoldersOptions", "show_holders"]

_EACH = ("inode", "size", "exporter", "name", "held by", "attached to")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldersOptions:
    """What the command line of ``bringup heap holders`` says.

    :param record: that is shown in place of a board.
    :param keep: where the record is kept.
    :param each: each buffer is listed, too.
    """

    record: Path | None
    each: bool
    root: str
    keep: Path | None
    as_json: bool

    @property
    def observation(self) -> Observation:
        """How the board is observed: looked at, and nothing allocated."""
        root = RootPolicy.named(self.root)
        return Observation(questions=HOLDERS, root=root, heaps=None, rounds=0, pages=False, exhaust=False)


def show_holders(selection: Selection, options: HoldersOptions) -> None:
    """Print who holds the buffers of one board, or who held them when a record was made.

    :raises UsageError: a record and a board are both named.
    """
    if options.record is not None:
        if selection.option:
            raise UsageError("choose a board", f"both {selection.option} and a record are given", hint="give either")
        document = _document(load_record(options.record))
    else:
        with whole_record(one_board(selection, "choose a board"), options.observation, options.keep) as record:
            document = _document(record)
    if options.as_json:
        print_report(write_in_rows(document, "list") + "\n")
    else:
        if options.each:
            out().print(table(_EACH, buffer_rows(document)))
            out().print()
        out().print(holders_tree(document.holders))


def _document(record: Record) -> HoldersDocument:
    facts = Facts(record)
    holders = holders_facts(facts)
    if holders is None:
        raise AllocatorError("look for holders of buffers", "the record has no walk over the board's processes")
    kernel = record.hello.release if record.hello else None
    return HoldersDocument(serial=record.board.serial, kernel=kernel, holders=holders, list=buffer_facts(facts))
