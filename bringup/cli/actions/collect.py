"""What ``bringup collect`` does: observe a board into a record."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from platformdirs import user_config_path

from bringup.board import RootPolicy, Selection
from bringup.cli.board_selection import one_board
from bringup.cli.console import say
from bringup.cli.progress import live_steps
from bringup.errors import BringupError, HostError, UsageError
from bringup.lab.locking import Use, alone_on
from bringup.record.archive import SUFFIX, pack
from bringup.record.journal import JOURNAL
from bringup.record.observe import Observation, observe
from bringup.record.redact import read_key, redact_record
from bringup.text import shell_word

__all__ = ["collect_record"]


def collect_record(
    selection: Selection, output: Path, *, root: str, tests: bool, seconds: float, use: Use, redact: bool = False
) -> None:
    """Observe the one board.

    :raises BringupError: what ended the observation early; what was observed until then is in the record.
    """
    folder = _folder_of(output)
    how = Observation(root=RootPolicy.named(root), heaps="*" if tests else None, seconds=seconds)
    board = one_board(selection, "collect a record")
    error: BringupError | None = None
    try:
        with live_steps([board], how.seconds) as progress, alone_on(board, use, how) as claim:
            error = observe(board, folder, how, partial(progress, board), claim)
    except KeyboardInterrupt as stop:
        stop.add_note(f"what was observed until then is in {output}: bringup check {shell_word(output)}")
        raise
    finally:
        if redact and (folder / JOURNAL).is_file():
            redact_record(folder, read_key(user_config_path("bringup")))
        if folder != output and (folder / JOURNAL).is_file():
            _pack(folder, output)
    say(f"record: {output}")
    if error is not None:
        raise error


def _folder_of(output: Path) -> Path:
    """The folder to observe into. An archive is made from a folder beside it, which a killed process leaves readable.

    :raises UsageError: the archive is there already.
    """
    if not output.name.endswith(SUFFIX):
        return output
    action = f"write the record {output}"
    if output.exists():
        raise UsageError(action, "the file is there already", hint="choose another with -o")
    folder = output.with_name(output.name.removesuffix(SUFFIX) + ".part")
    if folder.exists():
        seen = f"{folder} is the record of an earlier collect that was killed, or of one that still runs"
        hint = f"bringup check {shell_word(folder)} judges it; remove it, or choose another name with -o"
        raise UsageError(action, seen, hint=hint)
    return folder


def _pack(folder: Path, archive: Path) -> None:
    """Make the archive from the folder, and remove the folder.

    :raises HostError: it cannot be written; the folder stays.
    """
    try:
        pack(folder, archive)
    except HostError as error:
        hint = f"what was observed is in {folder}: bringup check {shell_word(folder)}"
        raise HostError(error.action, error.seen, hint=hint) from error
    shutil.rmtree(folder, ignore_errors=True)
