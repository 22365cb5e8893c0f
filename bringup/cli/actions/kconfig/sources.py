"""The kernels that a command line of ``bringup kconfig`` names: files, a record, boards."""

from __future__ import annotations

from pathlib import Path

from bringup.board import Board, RootPolicy
from bringup.cli.actions.kconfig.selection import SourceSelection, is_record
from bringup.cli.board_selection import selected_boards
from bringup.cli.progress import whole_record
from bringup.errors import BoardNotFound, UsageError
from bringup.facts.board import Facts
from bringup.facts.kernel_source import kernel_source
from bringup.kernel.requirements.check import CheckOptions
from bringup.kernel.sources.source import Source, open_source
from bringup.record.load import load_record
from bringup.record.observe import Observation
from bringup.record.questions import KERNEL

__all__ = ["all_sources", "observed_source"]


def observed_source(named: SourceSelection, options: CheckOptions) -> tuple[Source, CheckOptions]:
    """The kernel of a record or a board, and the options with everything else that was observed as evidence.

    :raises UsageError: files, a record and a board contradict each other, or nothing is named and no board is there.
    :raises BringupError: the record cannot be read, or the board does not answer.
    """
    hint = "name one of SOURCE, --record and -s; bringup kconfig diff compares them"
    if (bool(named.files), named.record is not None, named.boards > 0).count(True) > 1:
        raise UsageError("kconfig", "more than one kernel was named", hint=hint)
    if named.boards > 1:
        raise UsageError("kconfig", f"{named.boards} boards are named, and one kernel is judged at a time", hint=hint)
    return _of_record(named.record, options) if named.record is not None else _of_boards(named, options)[0]


def all_sources(named: SourceSelection) -> list[Source]:
    """Everything that is named, the running kernels first.

    :raises UsageError: fewer than two.
    """
    if len(named.files) + (named.record is not None) + named.boards < 2:
        hint = "name two or more: files, --record RECORD, or -s SERIAL for the kernel that runs on a board"
        raise UsageError("compare configurations", "one is too few", hint=hint)
    nothing = CheckOptions()
    boards = _of_boards(named, nothing) if named.boards else []
    records = [_of_record(named.record, nothing)] if named.record is not None else []
    return [
        *(source for source, _ in (*boards, *records)),
        *(_of_record(path, nothing)[0] if is_record(path) else open_source(path) for path in named.files),
    ]


def _of_record(folder: Path, options: CheckOptions) -> tuple[Source, CheckOptions]:
    return kernel_source(Facts(load_record(folder)), str(folder), options)


def _of_boards(named: SourceSelection, options: CheckOptions) -> list[tuple[Source, CheckOptions]]:
    try:
        boards = selected_boards(named.selection)
    except BoardNotFound as error:
        if named.selection.serials or named.files:
            raise
        hint = "name a file, such as .config, a kernel or a boot image, or connect a board"
        raise UsageError("kconfig", f"nothing to read was named, and {error.seen}", hint=hint) from error
    return [_of_board(board, named.root, options) for board in boards]


def _of_board(board: Board, root: str, options: CheckOptions) -> tuple[Source, CheckOptions]:
    """One observation of what a kernel is judged by. Nothing is tested, and no record is kept."""
    how = Observation(questions=KERNEL, root=RootPolicy.named(root), heaps=None, rounds=0)
    with whole_record(board, how) as record:
        return kernel_source(Facts(record), f"{board.serial} (running kernel)", options)
