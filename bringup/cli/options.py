"""Options that several commands share, each written once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

__all__ = [
    "AllBoards",
    "BoardConfigName",
    "ConfigDir",
    "FixDir",
    "HostOption",
    "JsonOutput",
    "PortOption",
    "RootOption",
    "ServerSocket",
    "config_names",
    "profile_names",
    "selects_boards",
]

_SELECT = "Which board (as in adb)"
_SERVER = "Which adb server (as in adb)"


def _serials(incomplete: str) -> list[str]:
    """_Serials that adb lists now, for the shell's completion; none when no server runs."""
    from bringup.cli.selecting import listed_serials

    return [serial for serial in listed_serials() if serial.startswith(incomplete)]


def config_names(incomplete: str) -> list[str]:
    """Board configs, for the shell's completion."""
    from bringup.config.shipped import list_configs

    return [entry.name for entry in list_configs() if entry.name.startswith(incomplete)]


def _root_policies(incomplete: str) -> list[str]:
    """What ``--root`` takes, for the shell's completion."""
    return [one for one in ("auto", "never", "require") if one.startswith(incomplete)]


_Serials = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--serial",
        metavar="SERIAL",
        help="A board's serial; may be repeated. Default: $ANDROID_SERIAL.",
        autocompletion=_serials,
        rich_help_panel=_SELECT,
    ),
]
AllBoards = Annotated[
    bool,
    typer.Option(
        "--all", help="Every board that adb lists; exit status 3 where one cannot be used.", rich_help_panel=_SELECT
    ),
]
_TransportId = Annotated[
    int | None, typer.Option("-t", metavar="ID", help="A board's transport id.", rich_help_panel=_SELECT)
]
_OverUsb = Annotated[bool, typer.Option("-d", help="The one board on USB.", rich_help_panel=_SELECT)]
_OverTcp = Annotated[bool, typer.Option("-e", help="The one board over TCP/IP.", rich_help_panel=_SELECT)]
HostOption = Annotated[str | None, typer.Option("-H", metavar="HOST", help="adb server host.", rich_help_panel=_SERVER)]
PortOption = Annotated[int | None, typer.Option("-P", metavar="PORT", help="adb server port.", rich_help_panel=_SERVER)]
ServerSocket = Annotated[
    str | None,
    typer.Option(
        "-L",
        metavar="SOCKET",
        help="adb server socket: tcp:HOST:PORT or localfilesystem:PATH.",
        rich_help_panel=_SERVER,
    ),
]
RootOption = Annotated[
    str,
    typer.Option(
        "--root",
        metavar="auto|never|require",
        help="auto: adb root or su, where the board allows it.",
        autocompletion=_root_policies,
    ),
]
JsonOutput = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
BoardConfigName = Annotated[
    str | None,
    typer.Option(
        "--board",
        metavar="NAME",
        help="Judge against this board config instead of the one that matches.",
        autocompletion=config_names,
    ),
]
FixDir = Annotated[
    Path | None, typer.Option("--fix-dir", metavar="DIR", help="Write the lines that mend what was found there.")
]
ConfigDir = Annotated[
    list[Path] | None,
    typer.Option(
        "--config-dir", metavar="DIR", help="Search here for board configs first.", exists=True, file_okay=False
    ),
]


def profile_names(incomplete: str) -> list[str]:
    """Profiles of virtual boards, for the shell's completion."""
    from bringup.virtual import profiles

    return [one.name for one in profiles() if one.name.startswith(incomplete)]


_SELECTING: dict[str, tuple[Any, object]] = {
    "serial": (_Serials, None),
    "transport_id": (_TransportId, None),
    "usb": (_OverUsb, False),
    "tcp": (_OverTcp, False),
    "host": (HostOption, None),
    "port": (PortOption, None),
    "socket": (ServerSocket, None),
}


def selects_boards(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command adb's options for choosing boards and server; it gets them put together, as ``selection``."""

    @functools.wraps(command)
    def with_selection(**given: Any) -> None:
        from bringup.cli.selecting import make_selection

        chosen = {name: given.pop(name) for name in _SELECTING}
        command(selection=make_selection(**chosen), **given)

    own = inspect.signature(command).parameters
    hints = get_type_hints(command, localns={"Selection": object}, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in _SELECTING.items()
    ]
    parameters += [one.replace(kind=kind, annotation=hints[name]) for name, one in own.items() if name != "selection"]
    with_selection.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_selection.__annotations__ = {one.name: one.annotation for one in parameters}
    del with_selection.__wrapped__  # Typer would look through it
    return with_selection
