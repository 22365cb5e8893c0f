"""Taking the ELF kernel out of an x86 bzImage.

QEMU starts an ELF kernel that has a PVH entry directly: no decompression in the emulated CPU, which is a quarter of
the boot, and no random load address. Source: Documentation/arch/x86/boot.rst, fields ``setup_sects``,
``payload_offset`` and ``payload_length`` (protocol 2.08).
"""

from __future__ import annotations

import lzma
import struct
import zlib

from bringup.errors import VirtualBoardError
from bringup.zstd import decompressor, zstd

__all__ = ["elf_kernel"]

_ACTION = "take the ELF kernel out of the kernel image"
_SETUP_SECTS, _MAGIC, _VERSION, _PAYLOAD = 0x1F1, 0x202, 0x206, 0x248
_MAX_KERNEL = 256 << 20


def elf_kernel(image: bytes) -> bytes:
    """The ELF file that a bzImage carries.

    :raises VirtualBoardError: not a bzImage, or its payload is not an ELF file.
    :raises HostError: the payload is compressed with zstd, and the library for that is missing.
    """
    if len(image) < _PAYLOAD + 8 or image[_MAGIC : _MAGIC + 4] != b"HdrS":
        raise VirtualBoardError(_ACTION, "not a bzImage")
    (version,) = struct.unpack_from("<H", image, _VERSION)
    if version < 0x0208:
        raise VirtualBoardError(_ACTION, f"its boot protocol {version >> 8}.{version & 0xFF:02} names no payload")
    offset, length = struct.unpack_from("<II", image, _PAYLOAD)
    start = ((image[_SETUP_SECTS] or 4) + 1) * 512 + offset
    payload = image[start : start + length]
    if len(payload) != length:
        raise VirtualBoardError(_ACTION, "it is cut short")
    kernel = _decompress(payload)
    if not kernel.startswith(b"\x7fELF"):
        raise VirtualBoardError(_ACTION, "its payload is not an ELF file")
    return kernel


def _decompress(payload: bytes) -> bytes:
    """The first stream only: the kernel's build appends the unpacked size to it."""
    try:
        if payload.startswith(b"\x28\xb5\x2f\xfd"):
            return decompressor().decompress(payload, _MAX_KERNEL)
        if payload.startswith(b"\xfd7zXZ\0"):
            return lzma.LZMADecompressor().decompress(payload, _MAX_KERNEL)
        if payload.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(wbits=31).decompress(payload, _MAX_KERNEL)
    except (lzma.LZMAError, zlib.error, zstd.ZstdError) as error:
        raise VirtualBoardError(_ACTION, f"its payload is damaged: {error}") from error
    raise VirtualBoardError(_ACTION, f"its payload is compressed in an unknown format: {payload[:6].hex()}")
