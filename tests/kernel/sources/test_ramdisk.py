"""A ramdisk that is damaged, or asks for more than there is. Whole ones: test_images.py."""

from __future__ import annotations

import pytest

from bringup.errors import ConfigError
from bringup.kernel.sources import ramdisk
from bringup.kernel.sources.ramdisk import ramdisk_files
from tests.support.kernel.images import cpio

WHOLE = cpio({"lib/modules.load": b"a.ko\n", "init": b"#!/bin/sh\n"})
WANTED = ("*/modules.load",)


def field(at: int, text: bytes) -> memoryview:
    """The archive with one number of its first header written over."""
    return memoryview(WHOLE[:at] + text + WHOLE[at + 8 :])


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (field(54, b"not a no"), "damaged at byte 0: no cpio header"),
        (field(94, b"0000000g"), "damaged at byte 0: no cpio header"),
        (field(94, b"00000000"), "damaged at byte 0: a name of 0 bytes"),
        (field(94, b"00001001"), "damaged at byte 0: a name of 4097 bytes"),
        (field(54, b"00100001"), "lib/modules.load has 1048577 bytes: more than 1024 KiB"),
        (field(54, b"00100000"), "cut short: the entry at byte 0 is not whole"),
        (memoryview(WHOLE[:112]), "cut short: the entry at byte 0 is not whole"),
    ],
)
def test_what_is_damaged_is_named_with_its_place(data: memoryview, seen: str) -> None:
    with pytest.raises(ConfigError) as error:
        ramdisk_files(data, "boot.img (ramdisk)", WANTED)
    assert str(error.value) == f"boot.img (ramdisk): {seen}"


def test_archives_behind_each_other_are_read_and_what_is_none_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    second = cpio({"b/modules.load": b"b.ko\n"})
    both = {"lib/modules.load": b"a.ko\n", "b/modules.load": b"b.ko\n"}
    assert ramdisk_files(memoryview(WHOLE + bytes(512) + second), "x", WANTED) == both
    assert ramdisk_files(memoryview(b"no archive at all"), "x", WANTED) == {}
    assert ramdisk_files(memoryview(b""), "x", WANTED) == {}
    monkeypatch.setattr(ramdisk, "_CHUNK", 7)
    assert ramdisk_files(memoryview(WHOLE + second), "x", WANTED) == both
    monkeypatch.setattr(ramdisk, "_MAX_ENTRIES", 1)
    assert ramdisk_files(memoryview(WHOLE + second), "x", WANTED) == {"lib/modules.load": b"a.ko\n"}
