"""Reports: a run, or what differs between two, becomes a file that a person or another program reads.

A format is one file in :mod:`bringup.report.formats` that defines ``FORMAT``; it is found there, nothing lists it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.errors import UsageError
from bringup.files import PRIVATE, write_file
from bringup.report.registry import formats_in, no_such_format

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison
    from bringup.results.run import Run

__all__ = ["Format", "all_formats", "comparing_formats", "find_format", "format_names", "rendered", "write_report"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a run down, and maybe a comparison of two.

    :param name: what ``--format`` takes.
    :param suffix: the file's suffix, with its dot.
    :param render: the whole report as text; never holds a control character but tab and newline.
    :param summary: one line for ``--help``.
    :param compare: the same for a comparison; ``None``: the format has no words for one.
    """

    name: str
    suffix: str
    render: Callable[[Run], str]
    summary: str
    compare: Callable[[Comparison], str] | None = None


def all_formats() -> dict[str, Format]:
    """Every format by its name, sorted."""
    from bringup.report import formats

    return formats_in(formats, Format)


def find_format(name: str) -> Format:
    """The format of that name: bringup's own, a template of the user's (``NAME``, ``PATH.j2``), or a plug-in's.

    :raises UsageError: there is none, or the plug-in cannot be used.
    """
    known = all_formats()
    if name in known:
        return known[name]
    from bringup.report.formats._plug_in import plug_in_format
    from bringup.report.formats._template import template_format

    found = template_format(name) or plug_in_format(name)
    if found is None:
        raise no_such_format(name, format_names(), "write a report")
    return found


def format_names() -> list[str]:
    """What ``--format`` takes: bringup's own formats, the user's templates, those of plug-ins; none is imported."""
    from bringup.plug_ins import installed
    from bringup.report.formats._plug_in import GROUP
    from bringup.report.formats._template import template_formats

    return sorted({*all_formats(), *template_formats(), *(entry.name for entry in installed(GROUP))})


def comparing_formats() -> dict[str, Format]:
    """Those that a comparison can be written in."""
    return {name: entry for name, entry in all_formats().items() if entry.compare is not None}


def rendered(document: Run | Comparison, format: str | Format) -> str:  # noqa: A002 - the word of the command line
    """A run or a comparison as text.

    :raises UsageError: there is no such format, or it has no words for a comparison.
    """
    chosen = find_format(format) if isinstance(format, str) else format
    from bringup.results.run import Run

    if isinstance(document, Run):
        return chosen.render(document)
    if chosen.compare is None:
        hint = f"a comparison can be written as: {', '.join(comparing_formats())}"
        raise UsageError("write a comparison", f"{chosen.name} is for runs only", hint=hint)
    return chosen.compare(document)


def write_report(
    document: Run | Comparison,
    format: str | Format,  # noqa: A002
    path: Path,
) -> Path:
    """Render a run or a comparison into a file: the whole file or none, never a part of it.

    :param path: the file, or a folder, which then gets ``report`` with the format's suffix.
    :returns: the file that was written.
    :raises UsageError: there is no such format, or it has no words for a comparison.
    :raises HostError: it cannot be written.
    """
    chosen = find_format(format) if isinstance(format, str) else format
    file = path / f"report{chosen.suffix}" if path.is_dir() else path
    action, hint = f"write the {chosen.name} report to {file}", "name another file or folder with -o"
    write_file(file, rendered(document, chosen), action=action, hint=hint, mode=PRIVATE)
    return file
