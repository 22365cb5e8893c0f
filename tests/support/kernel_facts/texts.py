"""What bringup looks for in a kernel's log, and where it looks, against the sources that print and create it.

The rows are in ``*.yaml`` beside this module. A row names the pattern or the path of bringup that it belongs to
(``used_by``), and for each span of kernels the file and the text in it. A span is what was read: a series that lies in
no span has no such text, as far as it is known.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from ruamel.yaml import YAML

from bringup.causes.known.known_cause import KnownCause
from bringup.kernel.history.version import KernelVersion, VersionRange
from tests.support.kernel_facts.problem import Findings

__all__ = ["Row", "Seen", "check_rows", "example", "has_text", "is_matched", "lines_of", "rows"]

_LITERALS = re.compile(r'"[ \t]*\\?\n\s*"')
_BLANKS = re.compile(r"\s+")
_FORMAT = re.compile(
    r"%(?P<flags>[-+ #0*]*)\d*(?:\.[\d*]+)?(?:hh|ll|h|l|z|L)?(?P<kind>[diuxXsc]|p(?:ad|a|OF\w*|Sb?|s)?)"
)
_ADDRESS, _FUNCTION = "0x0000000070000000", "cma_alloc+0x10/0x20"
_SAMPLES = {
    "s": "name",
    "x": "1f",
    "X": "1F",
    "c": "c",
    "ps": "cma_alloc",
    "pa": _ADDRESS,
    "pad": _ADDRESS,
    "pS": _FUNCTION,
    "pSb": _FUNCTION,
}


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in one file, in a span of kernels.

    :param text: as in the file: the parts of a string that C joins are joined, and blanks are one blank.
    :param prefix: what ``pr_fmt`` of that file puts before it.
    :param values: what stands for the conversions in :func:`example`, from the first one on.
    """

    kernel: str
    file: str
    text: str
    prefix: str = ""
    values: tuple[str, ...] = ()

    @property
    def span(self) -> VersionRange:
        """The kernels that have it."""
        return VersionRange.parse(self.kernel)


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wording, path or event.

    :param used_by: ``module:NAME`` of a pattern or cause; or a path or an event as bringup names it.
    :param line: a whole line, where the texts are only parts of it; otherwise :func:`example` makes one of each text.
    """

    id: str
    kind: Literal["log", "file", "event", "heap", "code", "defect"]
    seen: tuple[Seen, ...]
    used_by: tuple[str, ...] = ()
    line: str = ""
    note: str = ""

    def in_kernel(self, version: KernelVersion) -> tuple[Seen, ...]:
        """Where that kernel has it."""
        return tuple(seen for seen in self.seen if version in seen.span)


@cache
def rows() -> tuple[Row, ...]:
    """All rows of the files beside this module."""
    folder = Path(__file__).parent
    read = YAML(typ="safe", pure=True).load
    return tuple(
        msgspec.convert({"kind": file.stem.partition("-")[0], **row}, Row, strict=False)
        for file in sorted((folder / "texts").glob("*.yaml"))
        for row in read(file.read_text("utf-8"))
    )


def check_rows(given: tuple[Row, ...], path: Path, version: KernelVersion, name: str) -> Findings:
    """Whether the tree has each text in each span that covers it, and no text of a row without one."""
    found = Findings(name)
    for row in (row for row in given if row.kind != "defect"):
        covering = row.in_kernel(version)
        for seen in covering:
            source = _source(path, seen.file)
            said = f"the data says that {seen.file} has: {seen.text}"
            if found.expect(source is not None and _squeezed(seen.text) in source, row.id, said) and seen.prefix:
                words = (f'#define pr_fmt(fmt) "{seen.prefix}" fmt', "#define pr_fmt(fmt) KBUILD_MODNAME")
                found.expect(any(text in (source or "") for text in words), row.id, f"no prefix {seen.prefix!r}")
        for seen in () if covering else row.seen:
            source = _source(path, seen.file)
            said = f"the data says that this kernel lacks it, and {seen.file} has: {seen.text}"
            found.expect(source is None or _squeezed(seen.text) not in source, row.id, said)
    return found


@cache
def _source(path: Path, file: str) -> str | None:
    try:
        return _squeezed((path / file).read_text("utf-8", "replace"))
    except FileNotFoundError:
        return None


def has_text(path: Path, seen: Seen) -> bool:
    """Whether the tree's file has the text."""
    return _squeezed(seen.text) in (_source(path, seen.file) or "")


def _squeezed(text: str) -> str:
    return _BLANKS.sub(" ", _LITERALS.sub("", text)).strip()


def lines_of(row: Row) -> tuple[str, ...]:
    """Lines as a kernel prints them, by the row."""
    return (row.line,) if row.line else tuple(example(seen) for seen in row.seen)


def example(seen: Seen) -> str:
    """A line as the kernel prints it by that format."""
    values = iter(seen.values)

    def value(match: re.Match[str]) -> str:
        return next(values, _SAMPLES.get(match["kind"], "64"))

    line = seen.text.replace('\\"', '"').replace("\\t", "\t").partition("\\n")[0]
    return seen.prefix + _FORMAT.sub(value, line)


def is_matched(line: str, user: str) -> bool:
    """Whether a pattern, function, word or cause of bringup (``module:NAME``) finds a line."""
    module, _, name = user.partition(":")
    pattern = getattr(importlib.import_module(module), name)
    if isinstance(pattern, re.Pattern):
        return pattern.search(line) is not None
    if callable(pattern):
        found = pattern(line)
        return (next(found, None) if isinstance(found, Iterator) else found) is not None
    return any(words in line for words in _words(pattern))


def _words(pattern: object) -> Iterator[str]:
    if isinstance(pattern, KnownCause):
        yield from pattern.logged
    elif isinstance(pattern, str):
        yield pattern
    elif isinstance(pattern, tuple):
        yield from pattern
