"""Kernel images and boot images: what is in them comes out byte for byte; what lies about itself is refused."""

from __future__ import annotations

import contextlib
import shutil
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bringup.errors import BringupError, ConfigError
from bringup.kernel.history.version import Flavour
from bringup.kernel.requirements.check import CheckOptions
from bringup.kernel.sources.kernel_image import read_kernel_image
from bringup.kernel.sources.ramdisk import ramdisk_files
from bringup.kernel.sources.source import Source, SourceKind, source_from_bytes
from tests.support.kernel import images
from tests.support.kernel.fuzz import SEEDS
from tests.support.kernel.images import CONFIG, PACKERS, RELEASE, plain_kernel

KERNEL = plain_kernel()
# What a boot loader can unpack; a frame of lz4 or bzip2 around an Image is rare but harmless.
ZBOOT = {"gzip": b"gzip", "lz4": b"lz4", "lzma": b"lzma", "xz": b"xzkern", "zstd": b"zstd22"}


def same(source: Source) -> bool:
    return source.raw == CONFIG and source.release == RELEASE


def test_a_plain_kernel() -> None:
    source = source_from_bytes(KERNEL, "Image")
    assert same(source)
    assert source.kind is SourceKind.KERNEL
    assert source.layers == ("arm64 Image",)
    assert source.config is not None
    assert source.config.complete
    assert source.version is not None
    assert (source.version.android, source.version.flavour) == (16, Flavour.GKI)


@pytest.mark.parametrize("name", PACKERS)
def test_a_packed_kernel(name: str) -> None:
    source = source_from_bytes(PACKERS[name](KERNEL), "Image.packed")
    assert same(source)
    assert source.layers == (name, "arm64 Image")


@pytest.mark.parametrize("name", ZBOOT)
def test_efi_zboot(name: str) -> None:
    source = source_from_bytes(images.zboot(PACKERS[name](KERNEL), ZBOOT[name]), "vmlinuz.efi")
    assert same(source)
    assert source.layers == ("EFI zboot", name, "arm64 Image")


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "xz", "lz4", "zstd"])
def test_bzimage(name: str) -> None:
    vmlinux = b"\x7fELF" + plain_kernel(magic=False)[4:]
    source = source_from_bytes(images.bzimage(PACKERS[name](vmlinux)), "bzImage")
    assert same(source)
    assert source.layers == ("bzImage", name, "ELF")


@pytest.mark.parametrize("name", ["gzip", "lzma", "xz", "lz4"])
def test_zimage(name: str) -> None:
    payload = PACKERS[name](plain_kernel(magic=False))
    source = source_from_bytes(images.zimage(payload), "zImage")
    assert same(source)
    assert source.layers == ("zImage", name)


def test_a_zimage_is_found_behind_what_only_looks_packed() -> None:
    decoy = b"\x1f\x8b\x08" + b"\0" * 40 + b"\xfd7zXZ\x00" + b"\1" * 40
    assert same(source_from_bytes(images.zimage(decoy + PACKERS["gzip"](plain_kernel(magic=False))), "zImage"))


def test_wrapped_twice() -> None:
    source = source_from_bytes(images.uimage(PACKERS["gzip"](KERNEL)), "uImage")
    assert source.layers == ("uImage", "gzip", "arm64 Image")
    again = source_from_bytes(PACKERS["gzip"](images.zboot(PACKERS["zstd"](KERNEL), b"zstd")), "vmlinuz.efi.gz")
    assert again.layers == ("gzip", "EFI zboot", "zstd", "arm64 Image")
    assert same(again)


def test_wrapping_without_end_is_refused() -> None:
    data = KERNEL
    for _ in range(12):
        data = images.uimage(data)
    with pytest.raises(ConfigError, match="wrapped more than"):
        source_from_bytes(data, "x")


def test_what_is_packed_in_each_other_is_bounded_in_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    data = KERNEL
    for _ in range(3):
        data = PACKERS["gzip"](data)
    assert same(source_from_bytes(data, "x"))
    monkeypatch.setattr("bringup.kernel.sources.kernel_image._MAX_HELD", len(KERNEL) // 1000)
    with pytest.raises(ConfigError, match="in each other unpack to more"):
        source_from_bytes(data, "x")


def test_a_kernel_without_its_configuration_says_so() -> None:
    source = source_from_bytes(plain_kernel(None), "Image")
    assert source.config is None
    assert "without CONFIG_IKCONFIG" in source.reason
    assert source.release == RELEASE


@pytest.mark.parametrize("offset", [-30, -9, -8, -4, 0, 1, 100])
def test_markers_on_the_border_between_two_pieces_are_found(offset: int) -> None:
    """The scan goes in steps of 1 MiB; nothing may be lost where two meet."""
    body = bytearray(plain_kernel(None, release="1.0-none"))
    packed = b"IKCFG_ST" + PACKERS["gzip"](CONFIG) + b"IKCFG_ED"
    at = (2 << 20) + offset
    body[at : at + len(packed)] = packed
    assert read_kernel_image(memoryview(bytes(body)), "x").config == CONFIG


def test_the_marker_as_mere_text_is_passed_over() -> None:
    body = bytearray(KERNEL)
    body[1000:1016] = b"IKCFG_STIKCFG_ED"
    assert same(source_from_bytes(bytes(body), "Image"))


def test_a_configuration_that_never_ends_is_refused() -> None:
    with pytest.raises(ConfigError, match="no IKCFG_ED behind IKCFG_ST"):
        source_from_bytes(KERNEL.replace(b"IKCFG_ED", b"IKCFG_XX"), "Image")


def test_a_damaged_configuration_is_refused() -> None:
    at = KERNEL.index(b"IKCFG_ST") + 40
    broken = bytearray(KERNEL)
    broken[at] ^= 0xFF
    with pytest.raises(ConfigError, match=r"Image \(IKCONFIG\)"):
        source_from_bytes(bytes(broken), "Image")


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (images.zboot(b"x" * 100, b"gzip")[:0x800], "ends? behind the file"),
        (images.zboot(PACKERS["gzip"](KERNEL), b"gzip")[:0x2000], "ends? behind the file"),
        (images.bzimage(b"x" * 100)[:0x240], "its header alone has"),
        (images.bzimage(b"x" * 100, protocol=0x203), "too old to name its payload"),
        (images.zimage(b"\1" * 1000), "no packed kernel was found"),
        (b"\x7fELF" + b"\0" * 5000, "neither text, nor a kernel, nor a boot image"),
        (b"\0" * 5000, "neither text, nor a kernel, nor a boot image"),
    ],
)
def test_images_that_lie_or_are_cut_short(data: bytes, seen: str) -> None:
    with pytest.raises(ConfigError, match=seen):
        source_from_bytes(data, "image")


# Boot images

RAMDISK = PACKERS["lz4"](images.cpio({"init": b"#!/bin/sh\n", "lib/modules/modules.load": b"kernel/system_heap.ko\n"}))


@pytest.mark.parametrize("version", [0, 1, 2])
def test_boot_images_up_to_v2(version: int) -> None:
    cmdline = b"console=ttyS0 cma=128M " + b"x" * 600
    data = images.boot_v0(version, PACKERS["gzip"](KERNEL), RAMDISK, cmdline=cmdline, dtb=images.fdt() + images.fdt(80))
    source = source_from_bytes(data, "boot.img")
    assert same(source)
    assert source.kind is SourceKind.BOOT
    assert source.layers == (f"boot v{version}", "gzip", "arm64 Image")
    assert source.cmdline == cmdline.decode()
    assert source.modules_load == frozenset({"system_heap"})
    assert [len(dtb) for dtb in source.dtbs] == ([64, 80] if version == 2 else [])


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("name", ["gzip", "lz4", None])
def test_boot_images_v3_and_v4(version: int, name: str | None) -> None:
    kernel = KERNEL if name is None else PACKERS[name](KERNEL)
    source = source_from_bytes(images.boot_v3(version, kernel, RAMDISK, cmdline=b"loglevel=4"), "boot.img")
    assert same(source)
    assert source.cmdline == "loglevel=4"


def test_an_init_boot_holds_no_kernel() -> None:
    source = source_from_bytes(images.boot_v3(4, b"", RAMDISK), "init_boot.img")
    assert (source.config, source.reason) == (None, "init_boot holds no kernel")
    assert source.layers == ("init_boot v4",)


@pytest.mark.parametrize("version", [3, 4])
def test_vendor_boot(version: int) -> None:
    second = PACKERS["gzip"](images.cpio({"lib/modules/6.12/modules.load": b"# comment\nother-heap.ko\n"}))
    parts = [RAMDISK, second] if version == 4 else [RAMDISK]
    data = images.vendor_boot(
        version,
        parts,
        cmdline=b"console=ttyMSM0",
        dtb=images.fdt(),
        bootconfig=b"androidboot.x = 1\nkernel.cma = 64M\n",
    )
    source = source_from_bytes(data, "vendor_boot.img")
    assert source.config is None
    assert source.layers == (f"vendor_boot v{version}",)
    assert [len(dtb) for dtb in source.dtbs] == [64]
    if version == 4:
        assert source.modules_load == frozenset({"system_heap", "other_heap"})
        assert source.bootconfig == "androidboot.x = 1\nkernel.cma = 64M\n"
        assert CheckOptions().evidence_of(source).parameter("cma") == "64M"
    else:
        assert source.modules_load == frozenset({"system_heap"})


def test_a_ramdisk_that_cannot_be_read_does_not_hide_the_kernel() -> None:
    source = source_from_bytes(images.boot_v3(4, KERNEL, RAMDISK[: len(RAMDISK) - 3]), "boot.img")
    assert same(source)
    assert source.modules_load is None
    assert "the ramdisk could not be read" in source.notes[0]


def test_a_ramdisk_without_a_list_says_nothing_about_modules() -> None:
    data = images.boot_v3(4, KERNEL, PACKERS["lz4"](images.cpio({"init": b""})))
    assert source_from_bytes(data, "boot.img").modules_load is None


def _poke(data: bytes, offset: int, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into("<I", changed, offset, value)
    return bytes(changed)


BOOT2 = images.boot_v0(2, KERNEL, RAMDISK, dtb=images.fdt())
BOOT4 = images.boot_v3(4, KERNEL, RAMDISK)
VENDOR4 = images.vendor_boot(4, [RAMDISK], bootconfig=b"a=1\n")


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (_poke(BOOT2, 8, 0xFFFFFFFF), "kernel of 4294967295 bytes"),
        (_poke(BOOT2, 16, len(BOOT2)), "ramdisk of"),
        (_poke(BOOT2, 24, 0x7FFFFFFF), "second stage of"),
        (_poke(BOOT2, 36, 0), "page size 0"),
        (_poke(BOOT2, 36, 3000), "page size 3000"),
        (_poke(BOOT2, 1648, 0xFFFFFFF0), "device tree of"),
        (_poke(BOOT4, 8, 0xFFFFFFFF), "kernel of 4294967295 bytes"),
        (BOOT4[:5000], "ends behind the file's 5000"),
        (BOOT4[:1000], "cut short: 1000 bytes"),
        (b"ANDROID!", "cut short: 8 bytes"),
        (_poke(VENDOR4, 8, 9), "vendor_boot version 9"),
        (_poke(VENDOR4, 12, 100), "page size 100"),
        (_poke(VENDOR4, 24, 0xFFFFFFFF), "ramdisk of 4294967295 bytes"),
        (_poke(VENDOR4, 2116, 1000), "ramdisk table: 1000 entries"),
        (_poke(VENDOR4, 2120, 1), "ramdisk table: 1 entries of 1 bytes"),
        (_poke(VENDOR4, 2124, 0xFFFFFFFF), "bootconfig of"),
        (b"\x3a\xff\x26\xed" + bytes(100), "a sparse image"),
    ],
)
def test_boot_images_whose_sizes_lie(data: bytes, seen: str) -> None:
    with pytest.raises(ConfigError) as error:
        source_from_bytes(data, "boot.img")
    assert seen in str(error.value)


def test_a_qualcomm_image_of_v0_with_its_device_tree_table() -> None:
    data = images.boot_v0(0, KERNEL, RAMDISK)
    table = b"QCDT" + bytes(60) + images.fdt(100)
    source = source_from_bytes(_poke(data, 40, len(table)) + table, "boot.img")
    assert same(source)
    assert source.layers[0] == "boot v0"
    assert [len(dtb) for dtb in source.dtbs] == [100]


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_an_archive_of_the_real_cpio(tmp_path_factory: pytest.TempPathFactory) -> None:
    import subprocess

    folder = tmp_path_factory.mktemp("ramdisk")
    (folder / "lib/modules").mkdir(parents=True)
    (folder / "lib/modules/modules.load").write_bytes(b"a.ko\n")
    (folder / "odd name\n").write_bytes(b"x" * 5001)
    names = "\0".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))).encode()
    archive = subprocess.run(
        ["cpio", "-o", "-0", "-H", "newc", "--quiet"], input=names, stdout=subprocess.PIPE, check=True, cwd=folder
    ).stdout
    assert ramdisk_files(memoryview(archive), "x", ["*/modules.load"]) == {"lib/modules/modules.load": b"a.ko\n"}
    assert ramdisk_files(memoryview(archive), "x", ["odd*"]) == {"odd name\n": b"x" * 5001}
    with pytest.raises(ConfigError, match="cut short"):
        ramdisk_files(memoryview(archive[: len(archive) // 2]), "x", ["nothing"])


def test_a_large_image_takes_less_memory_than_twice_its_size() -> None:
    data = images.boot_v3(4, PACKERS["lz4"](plain_kernel(size=64 << 20)) + bytes(40 << 20), RAMDISK)
    tracemalloc.start()
    try:
        assert same(source_from_bytes(data, "boot.img"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(data)


# Whatever the bytes, only our own errors come out. The long run is tests/support/kernel/fuzz.py.


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(SEEDS.values())),
    st.lists(st.tuples(st.integers(0, 1 << 17), st.binary(min_size=1, max_size=8)), max_size=4),
    st.integers(0, 1 << 17),
)
def test_damaged_images_are_read_or_refused(seed: bytes, pokes: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(seed)
    for offset, patch in pokes:
        at = offset % len(data)
        data[at : at + len(patch)] = patch
    try:
        source = source_from_bytes(bytes(data[: cut + 1]), "image")
    except BringupError:
        return
    assert source.config is not None or source.reason


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BringupError):
        assert source_from_bytes(data, "x").name == "x"
