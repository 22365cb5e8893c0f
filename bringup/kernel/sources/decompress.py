"""Compressed bytes → bytes, recognised by their first bytes, never more than the caller allows.

The formats are those the kernel's ``scripts/Makefile.lib`` writes: gzip, xz, lzma (alone), bzip2, lz4 (legacy frame),
lzo (lzop file) and zstd. lz4 and lzo need a library; without it the error names the extra that brings it.
"""

from __future__ import annotations

import bz2
import enum
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from bringup.errors import ConfigError, HostError
from bringup.zstd import decompressor, zstd

__all__ = ["Compression", "Limit", "compression_of", "decompress", "unpack"]

_CHUNK = 1 << 20
_LZMA_MEMORY = 192 << 20


class Compression(enum.StrEnum):
    """How bytes are packed."""

    GZIP = "gzip"
    XZ = "xz"
    LZMA = "lzma"
    BZIP2 = "bzip2"
    LZ4 = "lz4"
    LZ4_FRAME = "lz4 frame"
    LZO = "lzo"
    ZSTD = "zstd"


_MAGIC = (
    (b"\x1f\x8b\x08", Compression.GZIP),
    (b"\xfd7zXZ\x00", Compression.XZ),
    (b"BZh", Compression.BZIP2),
    (b"\x02!L\x18", Compression.LZ4),
    (b'\x04"M\x18', Compression.LZ4_FRAME),
    (b"\x89LZO\x00\x0d\x0a\x1a\x0a", Compression.LZO),
    (b"(\xb5/\xfd", Compression.ZSTD),
    (b"\x5d\x00\x00", Compression.LZMA),
)


class Limit(ConfigError):
    """The unpacked data would be larger than allowed."""


def compression_of(data: bytes | memoryview) -> Compression | None:
    """What the first bytes say; ``None`` for bytes that are not packed in a way known here."""
    head = bytes(data[:9])
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def unpack(data: bytes | memoryview, source: str, *, limit: int, kind: Compression | None = None) -> Iterator[bytes]:
    """Unpack piece by piece. What follows the packed data is ignored, as boot loaders do.

    :param limit: the most bytes that may come out; memory use is a few MiB, whatever the size.
    :param kind: the packing, where the caller knows it; otherwise the first bytes say.
    :raises Limit: more than ``limit`` bytes would come out.
    :raises ConfigError: damaged or cut short.
    :raises HostError: the format needs a library that is not installed.
    """
    kind = kind or compression_of(data)
    if kind is None:
        raise ConfigError(source, "not compressed in a known way")
    size = 0
    for piece in _UNPACK[kind](memoryview(data), source):
        size += len(piece)
        if size > limit:
            raise Limit(source, f"{kind.value} data unpacks to more than {limit >> 20} MiB: refused")
        yield piece


def decompress(data: bytes | memoryview, source: str, *, limit: int, kind: Compression | None = None) -> bytes:
    """Unpack into one piece; see :func:`unpack` for parameters and errors."""
    pieces = list(unpack(data, source, limit=limit, kind=kind))
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _cut(source: str, kind: Compression) -> ConfigError:
    return ConfigError(source, f"{kind.value} data is cut short", hint="copy the file again and compare its size")


def _damaged(source: str, kind: Compression, error: Exception) -> ConfigError:
    return ConfigError(source, f"{kind.value} data is damaged: {error}")


def _gzip(data: memoryview, source: str) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    at = 0
    pending = b""
    try:
        while not decoder.eof:
            if not pending:
                pending = bytes(data[at : at + _CHUNK])
                at += _CHUNK
            piece = decoder.decompress(pending, _CHUNK)
            pending = decoder.unconsumed_tail
            if piece:
                yield piece
            elif not pending and at >= len(data) and not decoder.eof:
                raise _cut(source, Compression.GZIP)
    except zlib.error as error:
        raise _damaged(source, Compression.GZIP, error) from error


def _stream(
    make: Callable[[], _Decoder], failure: tuple[type[Exception], ...], kind: Compression
) -> Callable[[memoryview, str], Iterator[bytes]]:
    def unpack(data: memoryview, source: str) -> Iterator[bytes]:
        try:
            decoder = make()
            at = 0
            piece = decoder.decompress(bytes(data[:_CHUNK]), _CHUNK)
            while True:
                if piece:
                    yield piece
                if decoder.eof:
                    return
                fresh = b""
                if not piece:
                    at += _CHUNK
                    if at >= len(data):
                        raise _cut(source, kind)
                    fresh = bytes(data[at : at + _CHUNK])
                piece = decoder.decompress(fresh, _CHUNK)
        except failure as error:
            raise _damaged(source, kind, error) from error

    return unpack


def _lz4_legacy(data: memoryview, source: str) -> Iterator[bytes]:
    """Magic, then blocks of at most 8 MiB each behind a 4-byte length; ends with the data or with what is no block."""
    block = _library("lz4.block", "images", source)
    at, end = 4, len(data)
    while at + 4 <= end:
        size = int.from_bytes(data[at : at + 4], "little")
        if data[at : at + 4] == _LZ4_MAGIC:  # files may stand behind each other
            at += 4
            continue
        if not 0 < size <= _LZ4_LARGEST:
            return
        if at + 4 + size > end:
            raise _cut(source, Compression.LZ4)
        try:
            piece = block.decompress(bytes(data[at + 4 : at + 4 + size]), uncompressed_size=_LZ4_BLOCK)
        except block.LZ4BlockError as error:
            raise _damaged(source, Compression.LZ4, error) from error
        yield piece
        at += 4 + size
        if len(piece) < _LZ4_BLOCK and data[at : at + 4] != _LZ4_MAGIC:
            return
    if at == 4 and end > 4:
        raise _cut(source, Compression.LZ4)


_LZ4_MAGIC = b"\x02!L\x18"
_LZ4_BLOCK = 8 << 20
_LZ4_LARGEST = _LZ4_BLOCK + _LZ4_BLOCK // 255 + 16


def _lz4_frame(data: memoryview, source: str) -> Iterator[bytes]:
    frame = _library("lz4.frame", "images", source)
    return _stream(frame.LZ4FrameDecompressor, (RuntimeError, EOFError), Compression.LZ4_FRAME)(data, source)


def _lzo(data: memoryview, source: str) -> Iterator[bytes]:
    """An lzop file: a header with a name in it, then blocks behind their two lengths and their checksums."""
    lzo = _library("lzo", "lzo", source)
    at, checksums = _lzop_header(data, source)
    while True:
        if at + 4 > len(data):
            raise _cut(source, Compression.LZO)
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 0:
            return
        packed = int.from_bytes(data[at + 4 : at + 8], "big")
        if not 0 < packed <= size <= _LZO_LARGEST:
            raise ConfigError(source, f"lzo data is damaged: a block of {packed} bytes for {size}")
        at += 8 + checksums[0] + (checksums[1] if packed < size else 0)
        if at + packed > len(data):
            raise _cut(source, Compression.LZO)
        block = bytes(data[at : at + packed])
        try:
            yield block if packed == size else lzo.decompress(block, False, size)
        except lzo.error as error:
            raise _damaged(source, Compression.LZO, error) from error
        at += packed


_LZO_LARGEST = 64 << 20


def _lzop_header(data: memoryview, source: str) -> tuple[int, tuple[int, int]]:
    """:returns: where the blocks begin, and the bytes of checksum per block: of the plain and of the packed data."""
    fixed = 9 + 2 + 2 + 2 + 1 + 1 + 4 + 4 + 4 + 4
    if len(data) < fixed + 1:
        raise _cut(source, Compression.LZO)
    flags = int.from_bytes(data[17:21], "big")
    if flags & _LZOP_UNREADABLE:
        raise ConfigError(source, f"lzo file with flags {flags:#x}: filters and parts of files are not read")
    at = fixed + 1 + data[fixed] + 4
    plain = 4 * (bool(flags & 0x1) + bool(flags & 0x100))
    packed = 4 * (bool(flags & 0x2) + bool(flags & 0x200))
    return at, (plain, packed)


# lzop's F_H_FILTER, F_H_EXTRA_FIELD, F_MULTIPART
_LZOP_UNREADABLE = 0x800 | 0x40 | 0x400


def _library(name: str, extra: str, source: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        beside = " (it compiles: apt install liblzo2-dev)" if name == "lzo" else ""
        hint = f"pip install 'bringup[{extra}]'{beside}"
        raise HostError(f"unpack {source}", f"the Python module {name} is missing", hint=hint) from error


_UNPACK: dict[Compression, Callable[[memoryview, str], Iterator[bytes]]] = {
    Compression.GZIP: _gzip,
    Compression.XZ: _stream(
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY), (lzma.LZMAError,), Compression.XZ
    ),
    Compression.LZMA: _stream(
        lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY), (lzma.LZMAError,), Compression.LZMA
    ),
    Compression.BZIP2: _stream(bz2.BZ2Decompressor, (OSError, EOFError), Compression.BZIP2),
    Compression.LZ4: _lz4_legacy,
    Compression.LZ4_FRAME: _lz4_frame,
    Compression.LZO: _lzo,
    Compression.ZSTD: _stream(decompressor, (zstd.ZstdError,), Compression.ZSTD),
}
