"""``bringup boards``: what adb sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput, selects_server

if TYPE_CHECKING:
    from bringup.board import Selection

app = App()


@app.command()
@selects_server
def boards(selection: Selection, config_dir: ConfigDir = None, json: JsonOutput = False) -> None:
    """What adb sees: state, model, kernel, page size, root, matching config."""
    from bringup.cli.actions.boards import list_boards

    list_boards(selection, config_dir, as_json=json)
