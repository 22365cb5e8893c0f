from __future__ import annotations

import gzip
import lzma
import struct

import pytest

from bringup.errors import VirtualBoardError
from bringup.virtual.kernel.bzimage import elf_kernel
from bringup.zstd import zstd

ELF = b"\x7fELF" + bytes(range(256)) * 8
TRAILER = struct.pack("<I", len(ELF))


def bzimage(payload: bytes, *, version: int = 0x020F) -> bytes:
    """The fields of a bzImage that matter here, with the payload behind them."""
    image = bytearray(512 * 4)
    image[0x1F1] = 2
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, version)
    struct.pack_into("<II", image, 0x248, 512, len(payload))
    return bytes(image) + payload


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, zstd.compress])
def test_the_kernel_is_unpacked_and_the_appended_size_ignored(compress: object) -> None:
    assert callable(compress)
    assert elf_kernel(bzimage(compress(ELF) + TRAILER)) == ELF


@pytest.mark.parametrize(
    ("image", "seen"),
    [
        (b"", "not a bzImage"),
        (bytes(4096), "not a bzImage"),
        (bzimage(b"", version=0x0207), "names no payload"),
        (bzimage(gzip.compress(ELF, mtime=0))[:-10], "cut short"),
        (bzimage(gzip.compress(b"text", mtime=0)), "not an ELF file"),
        (bzimage(b"unknown-format"), "unknown format"),
        (bzimage(b"\x1f\x8b\x08" + b"\xff" * 60), "damaged"),
        (bzimage(b"\x28\xb5\x2f\xfd" + b"\xff" * 60), "damaged"),
    ],
)
def test_other_images_are_refused(image: bytes, seen: str) -> None:
    with pytest.raises(VirtualBoardError, match=seen):
        elf_kernel(image)
