"""Formats of packages with an entry point in the group ``bringup.formats``, which names a module with ``FORMAT``.

The module is imported, and renders, in a process of its own with a limit (:mod:`bringup.plug_ins`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import msgspec

from bringup.errors import UsageError
from bringup.plug_ins import PlugInFailed, PlugInLimits, fix_of, installed, origin_of, said_apart
from bringup.report import Format
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison
    from bringup.results.run import Run

__all__ = ["GROUP", "plug_in_format"]

GROUP = "bringup.formats"
#: A report of 1,000 boards has about 150 MB as JSON.
_LIMITS = PlugInLimits(cpu_seconds=60, seconds=300, answer=512 << 20)
_PIECE = 1 << 14
#: It becomes the end of a file's name, which must stay in its folder.
_SUFFIX = r"\.[\w.-]{1,40}"


class _About(msgspec.Struct, frozen=True):
    """What a format says of itself."""

    suffix: str
    summary: str
    compares: bool


def plug_in_format(name: str) -> Format | None:
    """The format of a plug-in; ``None``: none has this name.

    :raises UsageError: the plug-in cannot be used.
    """
    entry = next((entry for entry in installed(GROUP) if entry.name == name), None)
    if entry is None:
        return None
    about = msgspec.json.decode(_text(entry, _about), type=_About)

    def render(run: Run) -> str:
        return _text(entry, lambda own: own.render(run))

    def compare(comparison: Comparison) -> str:
        return _text(entry, lambda own: own.compare(comparison) if own.compare else "")

    return Format(name, about.suffix, render, about.summary, compare if about.compares else None)


def _about(own: Format) -> str:
    """:raises TypeError: the format cannot be used."""
    if not (isinstance(own.suffix, str) and re.fullmatch(_SUFFIX, own.suffix)):
        raise TypeError("the suffix of its FORMAT is not a dot and letters, digits, '.', '_' or '-'")
    if not isinstance(own.summary, str):
        raise TypeError("the summary of its FORMAT is not a text")
    return msgspec.json.encode(_About(own.suffix, visible(own.summary), own.compare is not None)).decode()


def _text(entry: EntryPoint, ask: Callable[[Format], str]) -> str:
    """What a plug-in's format answers, without control characters.

    :raises UsageError: it does not answer, or not with a text.
    """

    def say_pieces(say: Callable[[bytes], None]) -> None:
        own = entry.load().FORMAT
        if not isinstance(own, Format):
            raise TypeError("its FORMAT is not a bringup.report.Format")
        text = visible(ask(own))
        for start in range(0, len(text), _PIECE):
            say(msgspec.json.encode(text[start : start + _PIECE]))

    def pieces() -> Iterator[str]:
        with closing(said_apart(say_pieces, _LIMITS)) as said:
            for piece in said:
                yield msgspec.json.decode(piece, type=str)

    try:
        return "".join(pieces())
    except (PlugInFailed, msgspec.MsgspecError) as error:
        why = error.why if isinstance(error, PlugInFailed) else "it wrote into its answer"
        seen = f"the plug-in {entry.name}: {why} ({origin_of(entry)})"
        raise UsageError("write a report", seen, hint=fix_of(entry)) from error
