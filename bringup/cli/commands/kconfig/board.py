"""The kernel of a board, now or as a record tells it, as a source of ``bringup kconfig``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.errors import BoardNotFound, UsageError
from bringup.kernel.requirements.checked import Asked
from bringup.kernel.sources.configuration import Source, open_source

if TYPE_CHECKING:
    from bringup.board import Board, Selection

__all__ = ["Named", "all_sources", "observed_source", "wants_board"]


@dataclass(frozen=True, slots=True)
class Named:
    """What a command line names to be read.

    :param root: what ``--root`` says, for a board.
    """

    files: Sequence[Path] | None
    record: Path | None
    selection: Selection
    root: str

    @classmethod
    def of(cls, files: Sequence[Path] | None, record: Path | None, selection: Selection, root: str) -> Named:
        """One folder that is a record may also be named as a SOURCE."""
        if record is None and files and len(files) == 1 and _is_record(files[0]):
            return cls(None, files[0], selection, root)
        return cls(files, record, selection, root)

    @property
    def sources(self) -> list[Path]:
        """The files."""
        return list(self.files or ())


def wants_board(named: Named) -> bool:
    """Whether a board is to be asked: an option chooses one, or nothing else is named.

    ``ANDROID_SERIAL`` says which board, not that there is to be one.
    """
    selection = named.selection
    chosen = (
        (selection.serials and selection.named_by == "-s")
        or selection.transport_id is not None
        or selection.usb_only
        or selection.network_only
    )
    return bool(chosen) or not (named.files or named.record)


def observed_source(named: Named, asked: Asked) -> tuple[Source, Asked]:
    """The one kernel that a record or a board tells of, with all else that was observed as evidence.

    :raises UsageError: files, a record and a board contradict each other, or nothing is named and no board is there.
    :raises BringupError: the record cannot be read, or the board does not answer.
    """
    boards = _boards_wanted(named)
    hint = "name one of SOURCE, --record and -s; bringup kconfig diff compares them"
    if (bool(named.files), named.record is not None, boards > 0).count(True) > 1:
        raise UsageError("kconfig", "more than one kernel was named", hint=hint)
    if boards > 1:
        raise UsageError("kconfig", f"{boards} boards are named, and one kernel is judged at a time", hint=hint)
    return _from_record(named.record, asked) if named.record is not None else _from_boards(named, asked)[0]


def all_sources(named: Named) -> list[Source]:
    """Everything that is named, the running kernels first.

    :raises UsageError: fewer than two.
    """
    nothing = Asked()
    if len(named.sources) + (named.record is not None) + _boards_wanted(named) < 2:
        hint = "name two or more: files, --record RECORD, or -s SERIAL for the kernel that runs on a board"
        raise UsageError("compare configurations", "one is too few", hint=hint)
    boards = _from_boards(named, nothing) if wants_board(named) else []
    records = [_from_record(named.record, nothing)] if named.record is not None else []
    return [
        *(source for source, _ in (*boards, *records)),
        *(_from_record(path, nothing)[0] if _is_record(path) else open_source(path) for path in named.sources),
    ]


def _boards_wanted(named: Named) -> int:
    """How many; one where it is not said which."""
    return max(1, len(named.selection.serials)) if wants_board(named) else 0


def _is_record(path: Path) -> bool:
    from bringup.record.journal import JOURNAL

    return (path / JOURNAL).is_file()


def _from_record(folder: Path, asked: Asked) -> tuple[Source, Asked]:
    from bringup.facts.board import Facts
    from bringup.facts.kernel_source import kernel_source
    from bringup.record.load import load_record

    return kernel_source(Facts(load_record(folder)), str(folder), asked)


def _from_boards(named: Named, asked: Asked) -> list[tuple[Source, Asked]]:
    from bringup.cli.board_selection import selected_boards

    try:
        boards = selected_boards(named.selection)
    except BoardNotFound as error:
        if named.selection.serials or named.files:
            raise
        hint = "name a file (bringup kconfig check .config), or connect a board"
        raise UsageError("kconfig", f"nothing to read was named, and {error.seen}", hint=hint) from error
    return [_from_board(board, named.root, asked) for board in boards]


def _from_board(board: Board, root: str, asked: Asked) -> tuple[Source, Asked]:
    """One observation of what a kernel is judged by. Nothing is tested, and no record is kept."""
    from bringup.board import RootPolicy
    from bringup.cli.progress import live_steps
    from bringup.facts.board import Facts
    from bringup.facts.kernel_source import kernel_source
    from bringup.lab.observing import temporary_record
    from bringup.record.observe import Observation
    from bringup.record.questions import KERNEL

    how = Observation(questions=KERNEL, root=RootPolicy.named(root), heaps=None, rounds=0)
    with (
        live_steps([board.serial]) as on_step,
        temporary_record(board, how, lambda step: on_step(board.serial, step)) as (record, lost),
    ):
        if lost is not None:
            raise lost
        return kernel_source(Facts(record), f"{board.serial} (running kernel)", asked)
