"""ELF files: libraries that one needs, functions that it takes from elsewhere, and paths in its strings."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bringup.scan.document import Side
from bringup.scan.knowledge.entry import Entry, Kind
from bringup.scan.knowledge.shipped import find
from bringup.scan.language import ELF_MAGIC
from bringup.scan.readers import names
from bringup.scan.readers.occurrence import Occurrence, use_of
from bringup.scan.readers.source import FileReading, Source
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig

__all__ = ["ELF_KINDS", "read_elf"]

#: What a file is searched for.
ELF_KINDS = frozenset({Kind.NODE, Kind.SYSFS, Kind.LIBRARY, Kind.FUNCTION})

#: Strings of a program that may be a path or a library: printable ASCII, as ``strings`` finds them.
_STRING = re.compile(rb"[\x21-\x7e]{4,256}(?=\0)")
#: What pyelftools raises of a damaged file, beside its own errors.
_DAMAGED = (ValueError, KeyError, OverflowError, TypeError, AttributeError, IndexError, RecursionError)
_MOST_SYMBOLS = 500_000


def read_elf(source: Source, board: BoardConfig | None = None) -> FileReading:
    """What an ELF file says. A word is one use, wherever in the file it stands; its line is 1 and its column 0.

    Without pyelftools (the extra ``scan``) its strings are read alone: the libraries that it needs are among them, the
    functions that it takes are not told.
    """
    if not source.data.startswith(ELF_MAGIC):
        return FileReading(source.path, source.language)
    found: dict[str, tuple[Entry, str]] = {}
    for word, entry, where in (*_from_tables(source.data), *_from_strings(source.data)):
        found.setdefault(word, (entry, where))
    side = Side.KERNEL if source.path.endswith((".ko", ".o")) else Side.USER
    uses = tuple(
        use_of(source, Occurrence(0, word, entry), side, board, text=visible(f"{where}: {word}"))
        for word, (entry, where) in sorted(found.items())
    )
    return FileReading(source.path, source.language, uses, foreign=not uses)


def _from_tables(data: bytes) -> Iterator[tuple[str, Entry, str]]:
    try:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile
    except ImportError:
        return
    try:
        yield from _tables(ELFFile(io.BytesIO(data)))
    except (ELFError, *_DAMAGED):
        return  # its strings are read all the same


def _tables(elf: Any) -> Iterator[tuple[str, Entry, str]]:
    from elftools.elf.dynamic import DynamicSection
    from elftools.elf.sections import SymbolTableSection

    for section in elf.iter_sections():
        if isinstance(section, DynamicSection):
            for tag in section.iter_tags("DT_NEEDED"):
                needed = str(getattr(tag, "needed", ""))
                entry = names.library(needed)
                if entry is not None:
                    yield needed, entry, "needs the library"
        elif isinstance(section, SymbolTableSection) and section.num_symbols() < _MOST_SYMBOLS:
            for symbol in section.iter_symbols():
                if symbol.name and symbol["st_shndx"] == "SHN_UNDEF":
                    entry = find(symbol.name, Kind.FUNCTION)
                    if entry is not None:
                        yield symbol.name, entry, "takes the function"


def _from_strings(data: bytes) -> Iterator[tuple[str, Entry, str]]:
    for match in _STRING.finditer(data):
        raw = match[0]
        if b"ion" not in raw:
            continue
        text = raw.decode("ascii")
        entry = names.node(text) or names.sysfs(text)
        if entry is None and text.startswith("lib") and text.endswith(".so"):
            entry = names.library(text)
        if entry is not None:
            yield entry.name if entry.kind is Kind.NODE else text, entry, "has the string"
