"""``bringup virtual``: boards in QEMU."""

from __future__ import annotations

from typing import Annotated

import typer

from bringup.cli.completion import profile_names
from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

app = App("Boards in QEMU: set up, start, stop, list.")

Profile = Annotated[
    str, typer.Argument(metavar="PROFILE", help="bringup virtual list names them.", autocompletion=profile_names)
]


@app.command()
def setup(profile: Profile) -> None:
    """Fetch and build what a virtual board needs. Does nothing when it is there."""
    from bringup.cli.actions.virtual import set_up_board

    set_up_board(profile)


@app.command()
def start(
    profile: Profile,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="A name, to run several of one profile; default: the profile's."),
    ] = None,
    append: Annotated[str, typer.Option("--append", metavar="WORDS", help="Added to the kernel command line.")] = "",
    memory: Annotated[
        int | None, typer.Option("--memory", metavar="MIB", min=64, help="Instead of the profile's.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="PORT", min=1, max=65535, help="On 127.0.0.1; default: a free port.")
    ] = None,
) -> None:
    """Boot a virtual board, connect adb to it, and print its serial. It runs until 'bringup virtual stop'."""
    from bringup.cli.actions.virtual import start_board

    start_board(profile, name=name, append=append, memory=memory, port=port)


@app.command()
def stop(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Default: all that 'bringup virtual start' started.")
    ] = None,
) -> None:
    """Stop virtual boards."""
    from bringup.cli.actions.virtual import stop_boards

    stop_boards(names or ())


@app.command()
def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Packages, sources, compiled kernels and images, too.")
    ] = False,
) -> None:
    """Remove cached images and kernels that no profile uses any more."""
    from bringup.cli.actions.virtual import clean_cache

    clean_cache(everything=everything)


@app.command("list")
def list_(json: JsonOutput = False) -> None:
    """The profiles there are, and the boards that run."""
    from bringup.cli.actions.virtual import list_profiles

    list_profiles(as_json=json)
