"""What ``bringup boards`` does: list the boards that adb sees."""

from __future__ import annotations

from pathlib import Path

from bringup.board import Selection
from bringup.cli.console import out, print_json, say, table
from bringup.config.shipped import choose_configs
from bringup.config.units import show_size
from bringup.lab.survey import BoardList, survey

__all__ = ["list_boards"]


def list_boards(selection: Selection, config_dir: list[Path] | None, *, as_json: bool) -> None:
    """Print every board of the adb server."""
    configs, _ = choose_configs(None, config_dir)
    boards = survey(selection, configs)
    if as_json:
        print_json(BoardList(tuple(boards)))
        return
    rows = [
        (
            board.serial,
            board.state,
            board.model or "",
            board.kernel or "",
            "" if board.page_size is None else show_size(board.page_size),
            {True: "yes", False: "no", None: ""}[board.root],
            board.config or "none",
        )
        for board in boards
    ]
    out().print(table(["serial", "state", "model", "kernel", "page size", "root", "board config"], rows))
    for board in boards:
        if board.problem:
            say(f"{board.serial}: {board.problem}")
    if not boards:
        say("no board is connected; 'bringup virtual start amd64' boots one here")
