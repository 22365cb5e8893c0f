"""What ``bringup virtual`` does: set up, start, stop, list and clean up boards in QEMU."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bringup.board import Selection
from bringup.cli.console import out, print_json, say, table
from bringup.cli.progress import Steps
from bringup.deadline import Deadline
from bringup.errors import UsageError
from bringup.lab.booting import connect_virtual, forget_virtual
from bringup.report.units import size
from bringup.text import pluralize
from bringup.virtual import Options, find_profile, running, setup, start, stop
from bringup.virtual.cleaning import clean
from bringup.virtual.listing import listed_profiles

__all__ = ["clean_cache", "list_profiles", "set_up_board", "start_board", "stop_boards"]


def set_up_board(profile: str) -> None:
    """Fetch and build what the board needs, and print the folder of its image."""
    image = setup(find_profile(profile), Deadline.after(3600), Steps())
    sys.stdout.write(f"{image.folder}\n")


def start_board(profile: str, *, name: str | None, append: str, memory: int | None, port: int | None) -> None:
    """Boot a board, connect adb to it, and print its serial."""
    options = Options(append=append)
    if memory is not None:
        options["memory"] = memory
    if port is not None:
        options["port"] = port
    board = start(find_profile(profile), Deadline.after(300), name=name, progress=Steps(), **options)
    sys.stdout.write(f"{connect_virtual(board, Selection.from_options().server).serial}\n")


def stop_boards(names: Sequence[str]) -> None:
    """Stop the boards of these names, or all that ``bringup virtual start`` started.

    :raises UsageError: no board of one of the names runs; the others are stopped.
    """
    boards = {board.name: board for board in running()}
    started = [board.name for board in boards.values() if board.owner is None]
    selection = Selection.from_options()
    missing = []
    for name in dict.fromkeys(names or started):
        if name in boards:
            forget_virtual(boards[name], selection.server)
        # a board that never answered is not listed, and can be stopped all the same
        if stop(name, Deadline.after(30)) or name in boards:
            say(f"{name}: stopped")
        else:
            missing.append(name)
    if missing:
        left = [board.name for board in running()]
        hint = f"these run: {', '.join(left)}" if left else "none runs; bringup virtual list shows the profiles"
        raise UsageError(f"stop {', '.join(missing)}", "no virtual board of that name runs", hint=hint)


def clean_cache(*, everything: bool) -> None:
    """Remove what no profile uses any more, or the whole cache."""
    removed = clean(Deadline.after(60), everything=everything)
    say(f"removed {pluralize(len(removed), 'folder')}, {size(sum(folder.size for folder in removed))}")


def list_profiles(*, as_json: bool) -> None:
    """Print the profiles, and the boards that run."""
    found = listed_profiles()
    if as_json:
        print_json(found)
        return
    cells = [
        (
            profile.profile,
            profile.summary,
            "yes" if profile.set_up else "no",
            ", ".join(f"{name} ({serial})" for name, serial in profile.running.items()),
        )
        for profile in found.profiles
    ]
    out().print(table(["profile", "what it is", "set up", "running"], cells))
