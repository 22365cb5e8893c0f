"""``bringup collect``: observe a board into a record, and judge nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.errors import BringupError

app = App()


def _folder_of(output: Path) -> Path:
    """Where to observe into: an archive is made of a folder beside it, which a killed process leaves behind, readable.

    :raises UsageError: the archive is there already.
    """
    from bringup.errors import UsageError
    from bringup.record.archive import SUFFIX

    if not output.name.endswith(SUFFIX):
        return output
    action = f"write the record {output}"
    if output.exists():
        raise UsageError(action, "the file is there already", hint="choose another with -o")
    folder = output.with_name(output.name.removesuffix(SUFFIX) + ".part")
    if folder.exists():
        seen = f"{folder} holds what an earlier collect saw that was killed, or one that still runs"
        hint = f"bringup check {folder} judges it; remove it, or choose another name with -o"
        raise UsageError(action, seen, hint=hint)
    return folder


def _pack(folder: Path, archive: Path) -> None:
    """Make the archive of the folder, which then goes.

    :raises HostError: it cannot be written; the folder stays.
    """
    from bringup.errors import HostError
    from bringup.record.archive import pack

    try:
        pack(folder, archive)
    except HostError as error:
        raise HostError(
            error.action, error.seen, hint=f"what was seen is in {folder}: bringup check {folder}"
        ) from error
    shutil.rmtree(folder, ignore_errors=True)


@app.command()
@selects_boards
def collect(
    output: Annotated[
        Path,
        typer.Option(
            "-o", metavar="RECORD", help="The record's folder, or one file, X.tar.zst; must not be there yet."
        ),
    ],
    selection: Selection,
    root: RootOption = "auto",
    tests: Annotated[bool, typer.Option("--tests/--no-tests", help="Also run the test allocator's tests.")] = True,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="How long it may take.")] = 120.0,
) -> None:
    """Observe a board into a record, and judge nothing."""
    from bringup.cli.console import say
    from bringup.cli.progress import live_steps
    from bringup.cli.selecting import one_board, root_policy
    from bringup.record.journal import JOURNAL
    from bringup.record.observe import Observation, observe

    folder = _folder_of(output)
    board = one_board(selection, "collect a record")
    how = Observation(root=root_policy(root), heaps="*" if tests else None, seconds=seconds)
    error: BringupError | None = None
    try:
        with live_steps([board.serial]) as on_step:
            error = observe(board, folder, how, lambda step: on_step(board.serial, step))
    except KeyboardInterrupt as stop:
        stop.add_note(f"what was seen until then is in {output}: bringup check {output}")
        raise
    finally:
        if folder != output and (folder / JOURNAL).is_file():
            _pack(folder, output)
    say(f"record: {output}")
    if error is not None:
        raise error
