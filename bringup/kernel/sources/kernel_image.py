"""A kernel image file → its configuration and release. Header-driven; nothing of it is ever executed.

========================  =======================================================================================
arm64 and riscv Image     ``ARM\\x64`` or ``RSC\\x05`` at 0x38, plain code (Documentation/arch/arm64/booting.rst)
EFI zboot                 ``MZ`` and ``zimg`` at 4; payload offset, size and packing (drivers/firmware/efi/libstub)
bzImage                   ``HdrS`` at 0x202; payload offset and length (Documentation/arch/x86/boot.rst)
zImage                    0x016f2818 at 0x24; the payload's place is in no header, so packings are looked for
uImage                    0x27051956; 64 bytes of header, CRC not checked
vmlinux, configs.ko       ELF, plain; a vmlinuz of mips or s390 hides its payload, so packings are looked for
Image.gz, .lz4, .zst, …   packed as they are
========================  =======================================================================================
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator

from msgspec import Struct

from bringup.errors import ConfigError
from bringup.kernel.sources.decompress import Compression, Limit, compression_of, unpack
from bringup.kernel.sources.ikconfig import KernelBytes, scan_kernel

__all__ = ["KernelImage", "is_kernel_image", "read_kernel_image"]

_MAX_KERNEL = 512 << 20
#: Of packed images in each other; a bzImage or zImage, the only ones that are packed once more, has some 20 MiB.
_MAX_HELD = 256 << 20
_NESTING = 4
_CHUNK = 1 << 20
_MAX_TRIES = 32
_PACKED = re.compile(
    rb"\x1f\x8b\x08|\xfd7zXZ\x00|BZh[1-9]1AY|\x02!L\x18|\x89LZO\x00|\(\xb5/\xfd|\x5d\x00\x00[\x00-\x80]{2}\xff",
    re.DOTALL,
)
_ZBOOT_PACKINGS = {b"gzip": Compression.GZIP, b"lz4": Compression.LZ4, b"lzma": Compression.LZMA}
_ZBOOT_PACKINGS |= {
    b"lzo": Compression.LZO,
    b"xzkern": Compression.XZ,
    b"xz": Compression.XZ,
    b"zstd": Compression.ZSTD,
}
_ZBOOT_PACKINGS |= {b"zstd22": Compression.ZSTD}


class KernelImage(Struct, frozen=True):
    """What is found in a kernel image.

    :param layers: how it was wrapped, from the outside in, e.g. ``("EFI zboot", "gzip", "arm64 Image")``.
    """

    config: bytes | None
    release: str | None
    layers: tuple[str, ...]


def is_kernel_image(data: memoryview) -> bool:
    """Whether the first bytes are those of a kernel image that is not merely packed."""
    return _wrapping(data) is not None


def read_kernel_image(data: memoryview, source: str) -> KernelImage:
    """Read a kernel image, packed or not.

    :raises ConfigError: damaged, cut short, sizes that lie, more than 512 MiB unpacked, or no kernel at all.
    :raises HostError: its packing needs a library that is not installed.
    """
    return _read(data, source, (), _Budget())


class _Budget:
    """Bytes that may still be unpacked and held at one time: of all layers together, as each is held by the next."""

    def __init__(self) -> None:
        self.left = _MAX_HELD

    def join(self, first: bytes, pieces: Iterable[bytes], source: str) -> memoryview:
        """What was unpacked, as one.

        :raises Limit: it is more than is left.
        """
        kept = []
        for piece in _with_first(first, pieces):
            self.left -= len(piece)
            if self.left < 0:
                raise Limit(source, f"packed kernels in each other unpack to more than {_MAX_HELD >> 20} MiB: refused")
            kept.append(piece)
        return memoryview(b"".join(kept))


def _read(data: memoryview, source: str, layers: tuple[str, ...], budget: _Budget) -> KernelImage:
    if len(layers) > 2 * _NESTING:
        raise ConfigError(source, f"wrapped more than {_NESTING} times: {', '.join(layers)}")
    kind = _wrapping(data)
    if kind == "EFI zboot":
        payload, packing = _zboot_payload(data, source)
        return _read_packed(payload, packing, source, (*layers, kind), budget)
    if kind == "bzImage":
        return _read_packed(_bzimage_payload(data, source), None, source, (*layers, kind), budget)
    if kind == "uImage":
        return _read(data[64:], source, (*layers, kind), budget)
    if kind == "zImage":
        return _look_for_packed(data, source, (*layers, kind))
    if kind is None and compression_of(data) is not None:
        return _read_packed(data, None, source, layers, budget)
    found = scan_kernel(_chunks(data), source)
    if found.config is None and found.release is None:
        return _look_for_packed(data, source, (*layers, kind or "plain bytes"))
    return _plain(found, (*layers, kind or "plain bytes"))


def _plain(found: KernelBytes, layers: tuple[str, ...]) -> KernelImage:
    return KernelImage(found.config, found.release, layers)


def _read_packed(
    data: memoryview, packing: Compression | None, source: str, layers: tuple[str, ...], budget: _Budget
) -> KernelImage:
    packing = packing or compression_of(data)
    if packing is None:
        kind = _wrapping(data)  # a zboot or bzImage payload may be left unpacked
        return _plain(scan_kernel(_chunks(data), source), (*layers, kind or "plain bytes"))
    pieces = unpack(data, source, limit=_MAX_KERNEL, kind=packing)
    first = next(pieces, b"")
    layers = (*layers, packing.value)
    inner = _wrapping(memoryview(first))
    if inner in _CONTAINERS or compression_of(first) is not None:
        return _read(budget.join(first, pieces, source), source, layers, budget)
    return _plain(scan_kernel(_with_first(first, pieces), source), (*layers, inner or "plain bytes"))


_CONTAINERS = frozenset({"EFI zboot", "bzImage", "uImage", "zImage"})


def _wrapping(data: memoryview) -> str | None:
    head = bytes(data[:0x210])
    if head[:2] == b"MZ" and head[4:8] == b"zimg":
        return "EFI zboot"
    if head[0x202:0x206] == b"HdrS":
        return "bzImage"
    if head[0x38:0x3C] == b"ARM\x64":
        return "arm64 Image"
    if head[0x38:0x3C] == b"RSC\x05":
        return "riscv Image"
    if head[0x24:0x28] in {b"\x18\x28\x6f\x01", b"\x01\x6f\x28\x18"}:
        return "zImage"
    if head[:4] == b"\x27\x05\x19\x56":
        return "uImage"
    return "ELF" if head[:4] == b"\x7fELF" else None


def _zboot_payload(data: memoryview, source: str) -> tuple[memoryview, Compression | None]:
    offset, size = struct.unpack_from("<II", _header(data, source, "EFI zboot", 0x40), 8)
    name = bytes(data[0x18:0x38]).split(b"\0", 1)[0]
    return _slice(data, offset, size, source, "EFI zboot payload"), _ZBOOT_PACKINGS.get(name)


def _bzimage_payload(data: memoryview, source: str) -> memoryview:
    header = _header(data, source, "bzImage", 0x250)
    version = struct.unpack_from("<H", header, 0x206)[0]
    if version < 0x208:
        raise ConfigError(
            source, f"bzImage of boot protocol {version >> 8}.{version & 255:02}: too old to name its payload"
        )
    offset, size = struct.unpack_from("<II", header, 0x248)
    start = (header[0x1F1] or 4) * 512 + 512 + offset
    return _slice(data, start, size, source, "bzImage payload")


def _header(data: memoryview, source: str, what: str, size: int) -> bytes:
    if len(data) < size:
        raise ConfigError(source, f"{what} is cut short: {len(data)} bytes, its header alone has {size}")
    return bytes(data[:size])


def _slice(data: memoryview, start: int, size: int, source: str, what: str) -> memoryview:
    if start + size > len(data):
        raise ConfigError(
            source, f"{what}: {size} bytes at {start} end behind the file's {len(data)}", hint="copy the file again"
        )
    return data[start : start + size]


def _look_for_packed(data: memoryview, source: str, layers: tuple[str, ...]) -> KernelImage:
    """Try every place that looks like packed data until one is a kernel, within one budget for all tries."""
    budget = _MAX_KERNEL // 2
    why: ConfigError | None = None
    for tries, match in enumerate(_PACKED.finditer(data)):
        if tries >= _MAX_TRIES or budget <= 0:
            break
        counted = _Counted(unpack(data[match.start() :], source, limit=budget))
        try:
            found = scan_kernel(counted, source)
        except Limit:
            raise
        except ConfigError as error:
            why = error
            continue
        finally:
            budget -= counted.size
        if found.config is not None or found.release is not None:
            packing = compression_of(data[match.start() : match.start() + 16])
            return _plain(found, (*layers, packing.value if packing else "packed"))
    if "zImage" in layers:
        raise ConfigError(source, "zImage in which no packed kernel was found") from why
    return KernelImage(None, None, layers)


class _Counted:
    """An iterator that knows how many bytes went through it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece


def _with_first(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _chunks(data: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]
