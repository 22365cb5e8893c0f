"""Android boot images: boot v0–v4, vendor_boot v3–v4, init_boot → their parts, as slices of the file.

The layouts are those of ``bootimg.h`` in Android's ``system/tools/mkbootimg``. Every offset and size is checked against
the file before it is used; nothing is copied or unpacked here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from msgspec import Struct

from bringup.errors import ConfigError
from bringup.text import from_board

__all__ = ["BootImage", "is_boot_image", "read_boot_image"]

_BOOT = b"ANDROID!"
_VENDOR_BOOT = b"VNDRBOOT"
_SPARSE = b"\x3a\xff\x26\xed"
_FDT = b"\xd0\x0d\xfe\xed"
_PAGE_SIZES = range(2048, 65536 + 1)
_NEWEST = 4
_MAX_DTBS = 256
_TABLE_ENTRY = 108
_MAX_FRAGMENTS = 256
_MAX_BOOTCONFIG = 1 << 20


class BootImage(Struct, frozen=True):
    """The parts of a boot image. A part that is not there is ``None`` or empty.

    :param kind: ``boot``, ``init_boot`` (a boot image without a kernel) or ``vendor_boot``.
    :param version: header version.
    :param ramdisks: the ramdisk, or in a vendor_boot v4 each fragment of it.
    :param cmdline: the kernel parameters it passes; of a v3 or v4 boot only its own share.
    :param bootconfig: the boot configuration text (vendor_boot v4).
    :param dtbs: flattened device trees, each by its own header.
    """

    kind: str
    version: int
    kernel: memoryview | None
    ramdisks: tuple[memoryview, ...]
    cmdline: str
    bootconfig: str = ""
    dtbs: tuple[memoryview, ...] = ()


def is_boot_image(data: memoryview) -> bool:
    """Whether the first bytes are those of a boot image, or of a sparse image that may hold one."""
    return bytes(data[:8]) in {_BOOT, _VENDOR_BOOT} or bytes(data[:4]) == _SPARSE


def read_boot_image(data: memoryview, source: str) -> BootImage:
    """Take a boot image apart.

    :raises ConfigError: no boot image, an unknown version, cut short, or sizes that reach behind its end.
    """
    magic = bytes(data[:8])
    if magic[:4] == _SPARSE:
        raise ConfigError(source, "a sparse image", hint=f"simg2img {source} boot.img, then read boot.img")
    if magic == _VENDOR_BOOT:
        return _read_vendor_boot(data, source)
    if magic != _BOOT:
        raise ConfigError(source, f"starts with {magic!r}: no Android boot image")
    (version,) = struct.unpack_from("<I", _header(data, source, 44), 40)
    return _read_boot_v3(data, source, version) if version in {3, 4} else _read_boot_v0(data, source, version)


def _read_boot_v0(data: memoryview, source: str, version: int) -> BootImage:
    header = _header(data, source, 1632)
    kernel, _, ramdisk, _, second, _, _, page = struct.unpack_from("<8I", header, 8)
    sections = _Sections(data, source, _page(page, source), page)
    # Before v1 the field held the size of Qualcomm's device tree table, so a large number is a v0 image.
    table = version if version > _NEWEST else 0
    real = 0 if table else version
    parts = {"kernel": sections.take("kernel", kernel), "ramdisk": sections.take("ramdisk", ramdisk)}
    sections.take("second stage", second)
    dtbs: tuple[memoryview, ...] = ()
    if table:
        dtbs = tuple(_dtbs(sections.take("device tree table", table)))
    if real >= 1:
        (overlays,) = struct.unpack_from("<I", _header(data, source, 1648), 1632)
        sections.take("recovery overlays", overlays)
    if real >= 2:
        (size,) = struct.unpack_from("<I", _header(data, source, 1660), 1648)
        dtbs = tuple(_dtbs(sections.take("device tree", size)))
    cmdline = _text(header[64:576]) + _text(header[608:1632])
    return _boot(real, parts["kernel"], parts["ramdisk"], cmdline, dtbs)


def _read_boot_v3(data: memoryview, source: str, version: int) -> BootImage:
    header = _header(data, source, 1580)
    kernel, ramdisk = struct.unpack_from("<2I", header, 8)
    sections = _Sections(data, source, 4096, 4096)
    kernel_part = sections.take("kernel", kernel)
    return _boot(version, kernel_part, sections.take("ramdisk", ramdisk), _text(header[44:1580]))


def _boot(
    version: int, kernel: memoryview, ramdisk: memoryview, cmdline: str, dtbs: tuple[memoryview, ...] = ()
) -> BootImage:
    kind = "boot" if len(kernel) else "init_boot"
    ramdisks = (ramdisk,) if len(ramdisk) else ()
    return BootImage(kind, version, kernel or None, ramdisks, cmdline, "", dtbs)


def _read_vendor_boot(data: memoryview, source: str) -> BootImage:
    header = _header(data, source, 2112)
    version, page, _, _, ramdisk = struct.unpack_from("<5I", header, 8)
    if version not in {3, 4}:
        raise ConfigError(source, f"vendor_boot version {version}: 3 and 4 are known")
    (dtb,) = struct.unpack_from("<I", header, 2100)
    size = 2112 if version == 3 else 2128
    sections = _Sections(data, source, _aligned(size, _page(page, source)), page)
    ramdisk_part = sections.take("ramdisk", ramdisk)
    dtbs = tuple(_dtbs(sections.take("device tree", dtb)))
    ramdisks: tuple[memoryview, ...] = (ramdisk_part,) if len(ramdisk_part) else ()
    bootconfig = ""
    if version == 4:
        table, entries, entry, bootconfig_size = struct.unpack_from("<4I", _header(data, source, size), 2112)
        ramdisks = tuple(_fragments(ramdisk_part, sections.take("ramdisk table", table), entries, entry, source))
        if bootconfig_size > _MAX_BOOTCONFIG:
            raise ConfigError(source, f"bootconfig of {bootconfig_size} bytes: more than {_MAX_BOOTCONFIG >> 10} KiB")
        bootconfig = _text(bytes(sections.take("bootconfig", bootconfig_size)))
    return BootImage("vendor_boot", version, None, ramdisks, _text(header[28:2076]), bootconfig, dtbs)


def _fragments(ramdisk: memoryview, table: memoryview, entries: int, entry: int, source: str) -> Iterator[memoryview]:
    """The ramdisk's fragments by a vendor_boot v4's table: size and offset are the first fields of an entry."""
    if entries and (entry < _TABLE_ENTRY or entries > _MAX_FRAGMENTS or entries * entry > len(table)):
        raise ConfigError(source, f"ramdisk table: {entries} entries of {entry} bytes in {len(table)}")
    for at in range(0, entries * entry, entry or 1):
        size, offset = struct.unpack_from("<2I", table, at)
        if offset + size > len(ramdisk):
            raise ConfigError(source, f"ramdisk fragment of {size} bytes at {offset} ends behind its {len(ramdisk)}")
        yield ramdisk[offset : offset + size]


class _Sections:
    """The parts behind the header, one after the other, each from a page boundary."""

    def __init__(self, data: memoryview, source: str, start: int, page: int) -> None:
        self._data, self._source, self._at, self._page = data, source, start, page

    def take(self, what: str, size: int) -> memoryview:
        end = self._at + size
        if end > len(self._data):
            raise ConfigError(
                self._source,
                f"{what} of {size} bytes at {self._at} ends behind the file's {len(self._data)}",
                hint="the image is cut short or its header is damaged: read the partition again",
            )
        part = self._data[self._at : end]
        self._at = _aligned(end, self._page)
        return part


def _page(size: int, source: str) -> int:
    if size not in _PAGE_SIZES or size & (size - 1):
        seen = f"page size {size}: boot images have a power of two from 2048 to 65536"
        raise ConfigError(source, seen, hint="it begins as a boot image does, and is damaged: read the partition again")
    return size


def _aligned(offset: int, page: int) -> int:
    return (offset + page - 1) // page * page


def _header(data: memoryview, source: str, size: int) -> bytes:
    if len(data) < size:
        raise ConfigError(source, f"cut short: {len(data)} bytes, the header alone has {size}")
    return bytes(data[:size])


def _text(raw: bytes) -> str:
    return from_board(raw.split(b"\0", 1)[0])


def _dtbs(part: memoryview) -> Iterator[memoryview]:
    """Flattened device trees in a section, each as long as its own header says; what lies between is passed over."""
    raw = bytes(part)
    at = raw.find(_FDT)
    for _ in range(_MAX_DTBS):
        if at < 0 or at + 8 > len(raw):
            return
        size = int.from_bytes(raw[at + 4 : at + 8], "big")
        if 40 <= size <= len(raw) - at:
            yield part[at : at + size]
            at = raw.find(_FDT, at + size)
        else:
            at = raw.find(_FDT, at + 4)
