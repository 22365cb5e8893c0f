"""``bringup check``: judge records, or a board as it is now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lab_options import uses_boards
from bringup.cli.lazy import App
from bringup.cli.options import BoardConfigName, ConfigDir, ExpectFile, FixDir, JsonOutput, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.lab.locking import Use

app = App()


@app.command()
@selects_boards
@uses_boards
def check(
    selection: Selection,
    use: Use,
    records: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RECORD",
            help="What 'collect' or 'run' wrote, folders or .tar.zst; without one, a connected board.",
        ),
    ] = None,
    board: BoardConfigName = None,
    config_dir: ConfigDir = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Write run.json, report.html and junit.xml there, too.")
    ] = None,
    rendered: Annotated[
        Path | None,
        typer.Option(
            "--rendered", metavar="DIR", help="Show drift from what 'render -o DIR' wrote earlier, not from now."
        ),
    ] = None,
    root: RootOption = "auto",
    expect: ExpectFile = None,
    fix_dir: FixDir = None,
    json: JsonOutput = False,
) -> int:
    """Judge records, or a board as it is now."""
    from bringup.cli.actions.check import CheckOptions, judge_and_report

    options = CheckOptions(
        records=records or (),
        board=board,
        config_dir=config_dir,
        output=output,
        rendered=rendered,
        root=root,
        expect=expect,
        fix_dir=fix_dir,
        as_json=json,
        use=use,
    )
    return judge_and_report(selection, options)
