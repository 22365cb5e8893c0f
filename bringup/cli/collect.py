"""``bringup collect``: observe a board into a record, and judge nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection

app = App()


@app.command()
@selects_boards
def collect(
    output: Annotated[Path, typer.Option("-o", metavar="RECORD", help="The record's folder; must not hold one yet.")],
    selection: Selection,
    root: RootOption = "auto",
    tests: Annotated[bool, typer.Option("--tests/--no-tests", help="Also run the test allocator's tests.")] = True,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="How long it may take.")] = 120.0,
) -> None:
    """Observe a board into a record, and judge nothing."""
    from bringup.cli.console import say
    from bringup.cli.progress import live_steps
    from bringup.cli.selecting import root_policy, selected_boards
    from bringup.record.observe import Observation, observe

    (board,) = selected_boards(selection)
    how = Observation(root=root_policy(root), heaps="*" if tests else None, seconds=seconds)
    with live_steps([board.serial]) as on_step:
        error = observe(board, output, how, lambda step: on_step(board.serial, step))
    say(f"record: {output}")
    if error is not None:
        raise error
