"""Which reader reads a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bringup.scan.language import Language
from bringup.scan.readers.c import read_c
from bringup.scan.readers.elf import read_elf
from bringup.scan.readers.plain import read_plain
from bringup.scan.readers.source import FileReading, Source

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig

__all__ = ["read"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(source: Source, board: BoardConfig | None = None) -> FileReading:
    """What one file says. It depends on the file and the board alone, and can be done in any process.

    :param board: names the heaps that replace ION's.
    """
    if source.data.startswith(_BYTE_ORDER_MARK):
        source = Source(source.path, source.language, source.data[len(_BYTE_ORDER_MARK) :])
    if source.language is Language.C:
        return read_c(source, board)
    if source.language is Language.ELF:
        return read_elf(source, board)
    return read_plain(source, board)
