"""``bringup check``: judge a record; no board is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import BoardConfigName, ConfigDir, FixDir, JsonOutput

app = App()


@app.command()
def check(
    records: Annotated[list[Path], typer.Argument(metavar="RECORD...", help="Folders that 'collect' or 'run' wrote.")],
    board: BoardConfigName = None,
    config_dir: ConfigDir = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Write run.json, report.html and junit.xml there, too.")
    ] = None,
    fix_dir: FixDir = None,
    json: JsonOutput = False,
) -> None:
    """Judge a record; no board is needed."""
    from bringup.cli.results import choose_configs, show, write_fixes, write_reports
    from bringup.lab.judging import judge_folders

    run = judge_folders(records, *choose_configs(board, config_dir))
    if output is not None:
        write_reports(run, output)
    show(run, as_json=json, report=output and output / "report.html")
    if fix_dir is not None:
        write_fixes(run, fix_dir)
    raise typer.Exit(int(run.exit_code))
