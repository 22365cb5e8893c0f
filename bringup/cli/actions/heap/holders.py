"""What ``bringup heap holders`` does: look at a board's processes, and show who holds its buffers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bringup.board import RootPolicy, Selection
from bringup.cli.board_selection import one_board
from bringup.cli.console import out, print_report
from bringup.cli.progress import whole_record
from bringup.document import write_in_rows
from bringup.errors import AllocatorError
from bringup.facts.board import Facts
from bringup.facts.holders.sums import buffer_facts, holders_facts
from bringup.record.load import Record
from bringup.record.observe import Observation
from bringup.record.questions import HOLDERS
from bringup.report.holders import holders_tree
from bringup.results.holders import HoldersDocument

__all__ = ["HoldersOptions", "show_holders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldersOptions:
    """What the command line of ``bringup heap holders`` says.

    :param keep: where the record is kept.
    """

    root: str
    keep: Path | None
    as_json: bool

    @property
    def observation(self) -> Observation:
        """How the board is observed: looked at, and nothing allocated."""
        root = RootPolicy.named(self.root)
        return Observation(questions=HOLDERS, root=root, heaps=None, rounds=0, pages=False, exhaust=False)


def show_holders(selection: Selection, options: HoldersOptions) -> None:
    """Print who holds the buffers of one board."""
    with whole_record(one_board(selection, "choose a board"), options.observation, options.keep) as record:
        document = _document(record)
    if options.as_json:
        print_report(write_in_rows(document, "list") + "\n")
    else:
        out().print(holders_tree(document.holders))


def _document(record: Record) -> HoldersDocument:
    facts = Facts(record)
    holders = holders_facts(facts)
    if holders is None:
        raise AllocatorError("look for holders of buffers", "the record has no walk over the board's processes")
    kernel = record.hello.release if record.hello else None
    return HoldersDocument(serial=record.board.serial, kernel=kernel, holders=holders, list=buffer_facts(facts))
