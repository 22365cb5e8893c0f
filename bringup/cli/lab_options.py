"""The options of ``bringup run`` that are about many boards, and about boards that others use, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bringup.cli.options import with_options

if TYPE_CHECKING:
    from bringup.lab.locking import Use

__all__ = ["LabOptions", "runs_in_a_lab", "uses_boards"]

_LAB = "Many boards, and boards in use"
#: Of a board that another process uses.
_USE_OPTIONS: dict[str, tuple[Any, object]] = {
    "wait": (
        Annotated[
            float,
            typer.Option(
                "--wait",
                metavar="SECONDS",
                min=0,
                help="Wait so long for a board in use; inf: as long as it takes.",
                rich_help_panel=_LAB,
            ),
        ],
        0.0,
    ),
    "break_lock": (
        Annotated[
            bool,
            typer.Option("--break-lock", help="Take a board in use away from whoever uses it.", rich_help_panel=_LAB),
        ],
        False,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabOptions:
    """What these options say.

    :param jobs: the most boards at a time; ``None``: as the host can.
    :param wait_for_boot: seconds in which each board has to have booted; ``None``: it is not waited for.
    :param wait: seconds to wait for a board that another process uses; ``break_lock``: take it away from that.
    :param resume: the folder of the run to finish.
    :param repeat_failed: how often a board that failed is observed again, at most.
    """

    jobs: int | None = None
    wait_for_boot: float | None = None
    wait: float = 0.0
    break_lock: bool = False
    resume: Path | None = None
    repeat_failed: int = 0

    @property
    def use(self) -> Use:
        """What is done about a board that is in use."""
        return _use({"wait": self.wait, "break_lock": self.break_lock})


_OPTIONS: dict[str, tuple[Any, object]] = {
    "jobs": (
        Annotated[
            int | None,
            typer.Option(
                "--jobs",
                metavar="N",
                min=1,
                help="Boards at a time. Default: per core 4, and 1 more per ms of adb round trip, 32 at most.",
                rich_help_panel=_LAB,
            ),
        ],
        None,
    ),
    "wait_for_boot": (
        Annotated[
            float | None,
            typer.Option(
                "--wait-for-boot",
                metavar="SECONDS",
                min=0,
                help="Wait so long until Android says that it has booted; without Android, until a command runs.",
                rich_help_panel=_LAB,
            ),
        ],
        None,
    ),
    **_USE_OPTIONS,
    "resume": (
        Annotated[
            Path | None,
            typer.Option(
                "--resume",
                metavar="RUN",
                help="Observe the boards again that this run did not observe to their end; the rest of it is kept.",
                exists=True,
                rich_help_panel=_LAB,
            ),
        ],
        None,
    ),
    "repeat_failed": (
        Annotated[
            int,
            typer.Option(
                "--repeat-failed",
                metavar="N",
                min=0,
                max=20,
                help="Observe a board that failed up to N times more; the first verdict stays, flaky ones are counted.",
                rich_help_panel=_LAB,
            ),
        ],
        0,
    ),
}


def _use(values: dict[str, Any]) -> Use:
    from bringup.lab.locking import Use

    return Use(**values)


def uses_boards(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the options about a board in use. It receives them together, as ``use``."""
    return with_options(command, _USE_OPTIONS, "use", _use)


def runs_in_a_lab(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command these options. It receives them together, as ``lab``."""
    return with_options(command, _OPTIONS, "lab", lambda values: LabOptions(**values))
