"""Single small files out of a ramdisk: a cpio archive in the "newc" format the kernel reads, packed or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from bringup.errors import ConfigError
from bringup.kernel.sources.decompress import compression_of, unpack
from bringup.text import parse_number

__all__ = ["ramdisk_files"]

_HEADER = 110
_MAX_RAMDISK = 1 << 30
_MAX_NAME = 4096
_MAX_FILE = 1 << 20
_MAX_ENTRIES = 100_000
_CHUNK = 1 << 20


def ramdisk_files(data: memoryview, source: str, patterns: Iterable[str]) -> dict[str, bytes]:
    """Files of a ramdisk whose path matches one of the shell patterns; empty for what is no ramdisk.

    :raises ConfigError: damaged, cut short, a wanted file larger than 1 MiB, or more than 1 GiB unpacked.
    :raises HostError: its packing needs a library that is not installed.
    """
    if compression_of(data) is not None:
        pieces: Iterable[bytes] = unpack(data, source, limit=_MAX_RAMDISK)
    else:
        pieces = (bytes(data[at : at + _CHUNK]) for at in range(0, len(data), _CHUNK))
    return dict(_entries(_Stream(pieces), source, tuple(patterns)))


class _Stream:
    """Bytes of an iterator, read in order; what is skipped is never gathered."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = memoryview(b"")
        self.at = 0

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes, fewer only at the end."""
        parts = list(self._parts(size))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def skip(self, size: int) -> bool:
        """Pass over bytes. :returns: whether there were that many."""
        end = self.at + size
        for _ in self._parts(size, copy=False):
            pass
        return self.at == end

    def _parts(self, size: int, *, copy: bool = True) -> Iterator[bytes]:
        while size:
            if not self._piece:
                fresh = next(self._pieces, None)
                if fresh is None:
                    return
                self._piece = memoryview(fresh)
                continue
            part, self._piece = self._piece[:size], self._piece[size:]
            size -= len(part)
            self.at += len(part)
            yield bytes(part) if copy else b""


def _entries(stream: _Stream, source: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for _ in range(_MAX_ENTRIES):
        start, header = _header(stream)
        if header[:6] not in {b"070701", b"070702"}:
            return
        size, name_size = (parse_number(header[at : at + 8].decode("latin-1"), 16) for at in (54, 94))
        if size is None or name_size is None:
            raise ConfigError(source, f"damaged at byte {start}: no cpio header")
        if not 0 < name_size <= _MAX_NAME:
            raise ConfigError(source, f"damaged at byte {start}: a name of {name_size} bytes")
        name = stream.read(name_size)[:-1].decode("utf-8", "backslashreplace")
        whole = stream.skip(-(_HEADER + name_size) % 4)
        if whole and any(fnmatchcase(name, pattern) for pattern in wanted):
            if size > _MAX_FILE:
                raise ConfigError(source, f"{name} has {size} bytes: more than {_MAX_FILE >> 10} KiB")
            content = stream.read(size)
            whole = len(content) == size
            yield name, content
        else:
            whole = stream.skip(size) and whole
        if not whole:
            raise ConfigError(source, f"cut short: the entry at byte {start} is not whole")
        stream.skip(-size % 4)


def _header(stream: _Stream) -> tuple[int, bytes]:
    """The next header and where it begins; archives may stand behind each other with zeros between them."""
    start, word = stream.at, stream.read(4)
    while word == b"\0\0\0\0":
        start, word = stream.at, stream.read(4)
    return start, word + stream.read(_HEADER - 4)
