"""The options of ``bringup run`` that choose places of labgrid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bringup.cli.options import with_options
from bringup.errors import RecordError, UsageError
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.lab.places import PlaceRequest

__all__ = ["PlaceOptions", "chooses_places"]

_LABGRID = "Boards of other hosts (labgrid)"
_ACTION = "choose places"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOptions:
    """What these options say."""

    place: list[str] | None = None
    tag: list[str] | None = None
    coordinator: str | None = None
    reserve: float | None = None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The options that choose places, as they are written; empty: none are chosen."""
        options = [("--place", name) for name in self.place or ()] + [("--tag", tag) for tag in self.tag or ()]
        if options and self.coordinator:
            options.append(("--coordinator", self.coordinator))
        if options and self.reserve is not None:
            options.append(("--reserve", f"{self.reserve:.15g}"))
        return tuple(word for option in options for word in option)

    def again(self, chosen_by: Sequence[str], places: Sequence[str]) -> PlaceRequest | None:
        """The places of a run that is resumed, its coordinator and wait unless others are given; ``None``: no place.

        :param chosen_by: the options that chose them.
        :raises UsageError: others are chosen, or the run has no places.
        :raises RecordError: its document does not have the options that chose them.
        """
        if self.place or self.tag:
            option = "--place" if self.place else "--tag"
            seen = f"--resume takes the places from its run, and {option} is given"
            raise UsageError(_ACTION, seen, hint=f"leave {option} out")
        try:
            said = dict(zip(chosen_by[::2], chosen_by[1::2], strict=True))
            reserve = float(said["--reserve"]) if "--reserve" in said else None
        except ValueError as error:
            raise RecordError("resume the run", f"chosen_by in its run.json: {visible(str(error))}") from error
        if reserve is not None and not reserve >= 0:
            raise RecordError("resume the run", f"chosen_by in its run.json: --reserve {reserve}")
        if not ({"--place", "--tag"} & said.keys()):
            return self.request("")
        if not places:
            return None
        from bringup.lab.places import PlaceRequest

        wait = reserve if self.reserve is None else self.reserve
        return PlaceRequest(tuple(places), {}, self.coordinator or said.get("--coordinator", ""), wait)

    def request(self, other: str) -> PlaceRequest | None:
        """Which places are meant; ``None``: none are.

        :param other: the option that chooses other boards; empty: none does.
        :raises UsageError: options contradict each other.
        """
        if not (self.place or self.tag):
            for option, value in (("--coordinator", self.coordinator), ("--reserve", self.reserve)):
                if value is not None:
                    hint = "give --place NAME or --tag KEY=VALUE"
                    raise UsageError(_ACTION, f"{option} is given, and no place", hint=hint)
            return None
        if self.place and self.tag:
            raise UsageError(_ACTION, "--place and --tag are both given", hint="give either")
        if other:
            seen = f"{'--place' if self.place else '--tag'} chooses boards of labgrid, and {other} chooses others"
            raise UsageError(_ACTION, seen, hint="give either")
        from bringup.lab.places import PlaceRequest

        tags = dict(_tag(text) for text in self.tag or ())
        return PlaceRequest(tuple(self.place or ()), tags, self.coordinator or "", self.reserve)


def _tag(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    if not (key and value):
        raise UsageError(_ACTION, f"--tag {text} is not KEY=VALUE", hint="for example --tag board=db845c")
    return key, value


_OPTIONS: dict[str, tuple[Any, object]] = {
    "place": (
        Annotated[
            list[str] | None,
            typer.Option("--place", metavar="NAME", help="A place; may be repeated.", rich_help_panel=_LABGRID),
        ],
        None,
    ),
    "tag": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--tag",
                metavar="KEY=VALUE",
                help="Every place with this tag; of several, with all of them.",
                rich_help_panel=_LABGRID,
            ),
        ],
        None,
    ),
    "coordinator": (
        Annotated[
            str | None,
            typer.Option(
                "--coordinator",
                metavar="HOST:PORT",
                help="labgrid's coordinator. Default: $LG_COORDINATOR, or this host.",
                rich_help_panel=_LABGRID,
            ),
        ],
        None,
    ),
    "reserve": (
        Annotated[
            float | None,
            typer.Option(
                "--reserve",
                metavar="SECONDS",
                min=0,
                help="Wait in its queue, so long at most for all places; with --tag: for one place.",
                rich_help_panel=_LABGRID,
            ),
        ],
        None,
    ),
}


def chooses_places(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command these options. It receives them together, as ``places``."""
    return with_options(command, _OPTIONS, "places", lambda values: PlaceOptions(**values))
