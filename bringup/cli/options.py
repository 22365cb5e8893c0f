"""Options that several commands share, each written once."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from bringup.cli import completion

if TYPE_CHECKING:
    from bringup.board import Selection

__all__ = [
    "AllBoards",
    "BoardConfigName",
    "ConfigDir",
    "ExpectFile",
    "FailOn",
    "FixDir",
    "JsonOutput",
    "RedactOption",
    "ReplaceRun",
    "RootOption",
    "ScanFailOn",
    "VerdictFormat",
    "selects_boards",
    "selects_server",
    "with_options",
]

_SELECT = "Which board (as in adb)"
_SERVER = "Which adb server (as in adb)"

_Serials = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--serial",
        metavar="SERIAL",
        help="A board's serial; may be repeated. Default: $ANDROID_SERIAL.",
        autocompletion=completion.serials,
        rich_help_panel=_SELECT,
    ),
]
AllBoards = Annotated[
    bool,
    typer.Option(
        "--all", help="Every board that adb lists; exit status 3 if one cannot be used.", rich_help_panel=_SELECT
    ),
]
_TransportId = Annotated[
    int | None, typer.Option("-t", metavar="ID", help="A board's transport id.", rich_help_panel=_SELECT)
]
_OverUsb = Annotated[bool, typer.Option("-d", help="The only board on USB.", rich_help_panel=_SELECT)]
_OverTcp = Annotated[bool, typer.Option("-e", help="The only board over TCP/IP.", rich_help_panel=_SELECT)]
_Host = Annotated[str | None, typer.Option("-H", metavar="HOST", help="adb server host.", rich_help_panel=_SERVER)]
_Port = Annotated[int | None, typer.Option("-P", metavar="PORT", help="adb server port.", rich_help_panel=_SERVER)]
_ServerSocket = Annotated[
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
        autocompletion=completion.root_policies,
    ),
]
JsonOutput = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
RedactOption = Annotated[
    bool, typer.Option("--redact", help="Without serial numbers, boot ids, addresses and names of people and hosts.")
]
BoardConfigName = Annotated[
    str | None,
    typer.Option(
        "--board",
        metavar="NAME",
        help="Judge against this board config instead of the one that matches.",
        autocompletion=completion.board_config_names,
    ),
]
FixDir = Annotated[
    Path | None, typer.Option("--fix-dir", metavar="DIR", help="Write the lines that fix what was found there.")
]
ConfigDir = Annotated[
    list[Path] | None,
    typer.Option(
        "--config-dir", metavar="DIR", help="Search here for board configs first.", exists=True, file_okay=False
    ),
]
ExpectFile = Annotated[
    Path | None, typer.Option("--expect", metavar="FILE", help="Expectations of your own, in YAML: a verdict for each.")
]
ReplaceRun = Annotated[bool, typer.Option("--replace", help="If DIR holds an earlier run, replace it.")]


class FailOn(enum.StrEnum):
    """What makes the exit status 1."""

    FAIL = "fail"
    REGRESSION = "regression"


class ScanFailOn(enum.StrEnum):
    """Of ``bringup scan``: what makes the exit status 1."""

    USE = "use"
    NEW = "new"


class VerdictFormat(enum.StrEnum):
    """Of ``bringup kconfig check``: what the verdicts are written as for other programs."""

    SARIF = "sarif"
    GITHUB = "github"


#: argument of Selection.from_options → (option, default)
_SERVER_OPTIONS: dict[str, tuple[Any, object]] = {
    "host": (_Host, None),
    "port": (_Port, None),
    "socket": (_ServerSocket, None),
}
_BOARD_OPTIONS: dict[str, tuple[Any, object]] = {
    "serials": (_Serials, None),
    "transport_id": (_TransportId, None),
    "usb_only": (_OverUsb, False),
    "network_only": (_OverTcp, False),
    **_SERVER_OPTIONS,
}


def selects_boards(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command adb's options for choosing boards and server. It receives them together, as ``selection``."""
    return with_options(command, _BOARD_OPTIONS, "selection", _selection)


def selects_server(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command adb's options for choosing the server only, in the same way."""
    return with_options(command, _SERVER_OPTIONS, "selection", _selection)


def _selection(values: dict[str, Any]) -> Selection:
    from bringup.board import Selection

    return Selection.from_options(**{name: value for name, value in values.items() if value is not None})


def with_options(
    command: Callable[..., int | None],
    options: dict[str, tuple[Any, object]],
    receives: str,
    collect: Callable[[dict[str, Any]], object],
) -> Callable[..., int | None]:
    """Give a command a group of options.

    :param options: name → (option, default).
    :param receives: the command's parameter that takes all of them.
    :param collect: from the values by name to what the command receives.
    """

    @functools.wraps(command)
    def collecting(**values: Any) -> int | None:
        return command(**{receives: collect({name: values.pop(name) for name in options})}, **values)

    own = inspect.signature(command).parameters
    hints = get_type_hints(command, localns={"Selection": object, "Use": object}, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]
    parameters += [
        parameter.replace(kind=kind, annotation=hints[name]) for name, parameter in own.items() if name != receives
    ]
    collecting.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    collecting.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del collecting.__wrapped__  # Typer would look through it
    return collecting
