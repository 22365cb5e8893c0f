"""``bringup virtual``: boards in QEMU."""

from __future__ import annotations

from typing import Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput, profile_names

app = App("Boards in QEMU: set up, start, stop, list.")

Profile = Annotated[
    str, typer.Argument(metavar="PROFILE", help="bringup virtual list names them.", autocompletion=profile_names)
]


@app.command()
def setup(profile: Profile) -> None:
    """Fetch and build what a virtual board needs. Does nothing when it is there."""
    from bringup.cli.progress import Steps
    from bringup.deadline import Deadline
    from bringup.virtual import find_profile
    from bringup.virtual import setup as set_up

    image = set_up(find_profile(profile), Deadline.after(3600), Steps())
    typer.echo(str(image.folder))


@app.command()
def start(
    profile: Profile,
    name: Annotated[
        str | None, typer.Option("--name", help="Where several are to run; default: the profile's.")
    ] = None,
    append: Annotated[str, typer.Option("--append", metavar="WORDS", help="Added to the kernel command line.")] = "",
    memory: Annotated[
        int | None, typer.Option("--memory", metavar="MIB", min=64, help="Instead of the profile's.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="On 127.0.0.1; default: one that is free.")
    ] = None,
) -> None:
    """Boot a virtual board, connect adb to it, and print its serial. It runs until 'bringup virtual stop'."""
    from bringup.cli.progress import Steps
    from bringup.cli.selecting import connect_virtual, make_selection
    from bringup.deadline import Deadline
    from bringup.virtual import Options, find_profile
    from bringup.virtual import start as start_board

    options = Options(append=append)
    if memory is not None:
        options["memory"] = memory
    if port is not None:
        options["port"] = port
    board = start_board(find_profile(profile), Deadline.after(300), name=name, progress=Steps(), **options)
    typer.echo(connect_virtual(board, make_selection()).serial)


@app.command()
def stop(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Default: all that 'bringup virtual start' started.")
    ] = None,
) -> None:
    """Stop virtual boards.

    :raises UsageError: none of a name that was given runs; the others are stopped.
    """
    from bringup.cli.console import say
    from bringup.cli.selecting import forget_virtual
    from bringup.deadline import Deadline
    from bringup.errors import UsageError
    from bringup.virtual import running
    from bringup.virtual import stop as stop_board

    boards = {board.name: board for board in running()}
    mine = [board.name for board in boards.values() if board.owner is None]
    missing = []
    for name in dict.fromkeys(names or mine):
        if name in boards:
            forget_virtual(boards[name])
        # one that never answered is not listed, and ended all the same
        if stop_board(name, Deadline.after(30)) or name in boards:
            say(f"{name}: stopped")
        else:
            missing.append(name)
    if missing:
        left = [board.name for board in running()]
        hint = f"these run: {', '.join(left)}" if left else "none runs; bringup virtual list shows the profiles"
        raise UsageError(f"stop {', '.join(missing)}", "no virtual board of that name runs", hint=hint)


@app.command()
def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Packages, sources, compiled kernels and images, too.")
    ] = False,
) -> None:
    """Remove cached images and kernels that no profile uses any more."""
    from bringup.cli.console import say
    from bringup.deadline import Deadline
    from bringup.report.units import number, size
    from bringup.virtual.cleaning import clean as remove

    removed = remove(Deadline.after(60), everything=everything)
    say(f"removed {number(len(removed), 'folder')}, {size(sum(one.size for one in removed))}")


@app.command("list")
def list_them(json: JsonOutput = False) -> None:
    """The profiles there are, and the boards that run."""
    from bringup.cli.console import out, print_json, table
    from bringup.virtual import find_image, profiles, running

    boards = running()
    rows = [
        {
            "profile": one.name,
            "summary": one.summary,
            "set_up": find_image(one) is not None,
            "running": {board.name: board.serial for board in boards if board.profile == one.name},
        }
        for one in profiles()
    ]
    if json:
        print_json({"schema": "bringup.virtual/1", "profiles": rows})
        return
    shown = [
        (str(row["profile"]), str(row["summary"]), "yes" if row["set_up"] else "no", _running(row["running"]))
        for row in rows
    ]
    out().print(table(["profile", "what it is", "set up", "running"], shown))


def _running(boards: object) -> str:
    return ", ".join(f"{name} ({serial})" for name, serial in boards.items()) if isinstance(boards, dict) else ""
