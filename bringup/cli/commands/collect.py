"""``bringup collect``: observe a board into a record, and judge nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lab_options import uses_boards
from bringup.cli.lazy import App
from bringup.cli.options import RedactOption, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.lab.locking import Use

app = App()


@app.command()
@selects_boards
@uses_boards
def collect(
    output: Annotated[
        Path,
        typer.Option(
            "-o", metavar="RECORD", help="The record's folder, or one file, X.tar.zst; must not be there yet."
        ),
    ],
    selection: Selection,
    use: Use,
    root: RootOption = "auto",
    tests: Annotated[bool, typer.Option("--tests/--no-tests", help="Also run the test allocator's tests.")] = True,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="SECONDS", min=1, help="How long it may take.")
    ] = 120.0,
    redact: RedactOption = False,
) -> None:
    """Observe a board into a record, and judge nothing."""
    from bringup.cli.actions.collect import collect_record

    collect_record(selection, output, root=root, tests=tests, seconds=seconds, use=use, redact=redact)
