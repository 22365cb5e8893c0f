"""What a command line of ``bringup kconfig`` names: files, a record, boards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from bringup.errors import UsageError
from bringup.record.journal import JOURNAL

if TYPE_CHECKING:
    from bringup.board import Selection

__all__ = ["SourceSelection", "is_record"]


class SourceSelection(Struct, frozen=True):
    """What a command line names.

    :param root: the value of ``--root``, for a board.
    """

    files: tuple[Path, ...]
    record: Path | None
    selection: Selection
    root: str

    @classmethod
    def of(
        cls,
        files: Sequence[Path] | None,
        record: Path | None,
        selection: Selection,
        root: str,
        *,
        each: bool = False,
    ) -> SourceSelection:
        """One folder that is a record may also be named as a SOURCE.

        :param each: only files may be named, each to be judged by itself.
        :raises UsageError: a record or a board is named, too.
        """
        if each:
            named = cls(tuple(files or ()), record, selection, root)
            if named.is_observed and (named.files or record):
                hint = "leave out --record and -s, or judge them without --each"
                raise UsageError("judge each file", "a record or a board is named, too", hint=hint)
            return named
        if record is None and files and len(files) == 1 and is_record(files[0]):
            return cls((), files[0], selection, root)
        return cls(tuple(files or ()), record, selection, root)

    @property
    def is_observed(self) -> bool:
        """Whether a record or a board is named, or nothing is."""
        return self.record is not None or self.boards > 0

    @property
    def boards(self) -> int:
        """How many boards to ask: those that an option selects, or one where nothing is named.

        ``ANDROID_SERIAL`` says which board, not that there is to be one.
        """
        selection = self.selection
        selected = (
            (selection.serials and selection.named_by == "-s")
            or selection.transport_id is not None
            or selection.usb_only
            or selection.network_only
        )
        return max(1, len(selection.serials)) if selected or not (self.files or self.record) else 0


def is_record(path: Path) -> bool:
    """Whether a path is the folder of a record."""
    return (path / JOURNAL).is_file()
