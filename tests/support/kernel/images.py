"""Builders of kernel and boot images, written from the same documents as the readers but the other way round."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable
from functools import partial

import lz4.block
import lz4.frame

from bringup.zstd import zstd

CONFIG = b"""\
#
# Automatically generated file; DO NOT EDIT.
# Linux/arm64 6.12.30 Kernel Configuration
#
CONFIG_ARM64=y
CONFIG_MMU=y
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
# CONFIG_DMABUF_HEAPS_CMA is not set
CONFIG_CMA_SIZE_MBYTES=16
CONFIG_LOCALVERSION="-board"
CONFIG_IKCONFIG=y
CONFIG_IKCONFIG_PROC=y
"""
RELEASE = "6.12.30-android16-5-gabcdef"


def plain_kernel(
    config: bytes | None = CONFIG, size: int = 3 << 20, release: str = RELEASE, *, magic: bool = True
) -> bytes:
    """An arm64 Image: code that compresses badly, a banner, and the configuration as ``kernel/configs.c`` has it."""
    # Not random: the same bytes each time, and yet hardly compressible.
    body = bytearray((i * 2654435761 >> 13) & 0xFF for i in range(min(size, 1 << 16))) * max(1, size >> 16)
    if magic:
        body[0x38:0x3C] = b"ARM\x64"
    banner = b"Linux version %s (build@host) (gcc) #1 SMP\n\0" % release.encode()
    body[size // 3 : size // 3 + len(banner)] = banner
    if config is not None:
        packed = b"IKCFG_ST" + gzip.compress(config, mtime=0) + b"IKCFG_ED"
        body[size // 2 : size // 2 + len(packed)] = packed
    return bytes(body)


def lz4_legacy(data: bytes) -> bytes:
    """What ``lz4 -l`` writes, and the kernel's ``Image.lz4``."""
    out = bytearray(b"\x02!L\x18")
    for at in range(0, len(data), 8 << 20):
        block = lz4.block.compress(data[at : at + (8 << 20)], store_size=False)
        out += struct.pack("<I", len(block)) + block
    return bytes(out)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1, mtime=0),
    "xz": lambda data: lzma.compress(data, preset=0),
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE, preset=0),
    "bzip2": lambda data: bz2.compress(data, 1),
    "lz4": lz4_legacy,
    "lz4 frame": lz4.frame.compress,
    "zstd": partial(zstd.compress, level=1),
}


def zboot(payload: bytes, packing: bytes) -> bytes:
    """An EFI zboot image: ``MZ``, ``zimg``, where the payload is, how it is packed."""
    header = bytearray(0x1000)
    header[0:4] = b"MZ\0\0"
    header[4:8] = b"zimg"
    struct.pack_into("<II", header, 8, len(header), len(payload))
    header[0x18 : 0x18 + len(packing)] = packing
    return bytes(header) + payload + b"\0" * 512


def bzimage(payload: bytes, *, protocol: int = 0x20F) -> bytes:
    """An x86 boot image: four setup sectors, the payload behind a bit of unpacking code."""
    setup = bytearray(512 * 5)
    setup[0x1F1] = 4
    setup[0x1FE:0x200] = b"\x55\xaa"
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, protocol)
    struct.pack_into("<II", setup, 0x248, 0x300, len(payload))
    return bytes(setup) + b"\x90" * 0x300 + payload + struct.pack("<I", 0)


def zimage(payload: bytes) -> bytes:
    """An arm boot image: the magic, code, and the payload somewhere behind it."""
    head = bytearray(b"\x00\x00\xa0\xe1" * 512)
    head[0x24:0x28] = b"\x18\x28\x6f\x01"
    return bytes(head) + payload + b"\0" * 64


def uimage(payload: bytes) -> bytes:
    """A U-Boot legacy image."""
    return (b"\x27\x05\x19\x56" + bytes(60)) + payload


def fdt(size: int = 64) -> bytes:
    """A device tree, as far as its header tells."""
    return b"\xd0\x0d\xfe\xed" + size.to_bytes(4, "big") + bytes(size - 8)


def cpio(files: dict[str, bytes]) -> bytes:
    """An archive in the newc format."""
    out = bytearray()
    for inode, (name, content) in enumerate([*files.items(), ("TRAILER!!!", b"")]):
        fields = [inode, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + content
        out += bytes(-len(out) % 4)
    return bytes(out)


def _padded(part: bytes, page: int) -> bytes:
    return part + bytes(-len(part) % page)


def boot_v0(
    version: int, kernel: bytes, ramdisk: bytes = b"", *, cmdline: bytes = b"", dtb: bytes = b"", page: int = 2048
) -> bytes:
    """A boot image v0, v1 or v2."""
    header = bytearray(page)
    header[:8] = b"ANDROID!"
    sizes = (len(kernel), 0, len(ramdisk), 0, 0, 0, 0, page, version, (14 << 14 | 0) << 11 | (24 << 4 | 5))
    struct.pack_into("<10I", header, 8, *sizes)
    header[64 : 64 + len(cmdline[:512])] = cmdline[:512]
    header[608 : 608 + len(cmdline[512:])] = cmdline[512:]
    if version >= 2:
        struct.pack_into("<I", header, 1648, len(dtb))
    return b"".join(_padded(part, page) for part in (bytes(header), kernel, ramdisk, dtb if version >= 2 else b""))


def boot_v3(version: int, kernel: bytes, ramdisk: bytes = b"", *, cmdline: bytes = b"") -> bytes:
    """A boot image v3 or v4; without a kernel an init_boot."""
    header = bytearray(4096)
    header[:8] = b"ANDROID!"
    struct.pack_into("<4I", header, 8, len(kernel), len(ramdisk), 0, 1580 if version == 3 else 1584)
    struct.pack_into("<I", header, 40, version)
    header[44 : 44 + len(cmdline)] = cmdline
    return b"".join(_padded(part, 4096) for part in (bytes(header), kernel, ramdisk))


def vendor_boot(
    version: int,
    ramdisks: list[bytes],
    *,
    cmdline: bytes = b"",
    dtb: bytes = b"",
    bootconfig: bytes = b"",
    page: int = 4096,
) -> bytes:
    """A vendor_boot image v3 or v4, with a table of ramdisk fragments in v4."""
    header = bytearray(2112 if version == 3 else 2128)
    ramdisk = b"".join(ramdisks)
    header[:8] = b"VNDRBOOT"
    struct.pack_into("<5I", header, 8, version, page, 0, 0, len(ramdisk))
    header[28 : 28 + len(cmdline)] = cmdline
    struct.pack_into("<2I", header, 2096, len(header), len(dtb))
    parts = [bytes(header), ramdisk, dtb]
    if version == 4:
        table = bytearray()
        at = 0
        for fragment in ramdisks:
            table += struct.pack("<3I", len(fragment), at, 1) + bytes(96)
            at += len(fragment)
        struct.pack_into("<4I", header, 2112, len(table), len(ramdisks), 108, len(bootconfig))
        parts = [bytes(header), ramdisk, dtb, bytes(table), bootconfig]
    return b"".join(_padded(part, page) for part in parts)
