"""Boot images made by Android's own ``mkbootimg``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bringup.kernel.requirements.check import CheckOptions
from bringup.kernel.sources.source import open_source
from tests.support.kernel import fetch
from tests.support.kernel.images import CONFIG, PACKERS, cpio, fdt, plain_kernel

TOOL = fetch.mkbootimg()
pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(not TOOL, reason="python -m tests.support.kernel.fetch tools brings mkbootimg"),
]

CMDLINE = "console=ttyS0,115200 androidboot.hardware=board cma=64M"


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    (tmp_path / "kernel").write_bytes(PACKERS["gzip"](plain_kernel()))
    (tmp_path / "ramdisk").write_bytes(PACKERS["lz4"](cpio({"lib/modules/modules.load": b"system_heap.ko\n"})))
    (tmp_path / "dtb").write_bytes(fdt(96))
    (tmp_path / "bootconfig").write_text("androidboot.x=1\nkernel.loglevel=4\n")
    return tmp_path


def made(parts: Path, *arguments: str) -> Path:
    subprocess.run([sys.executable, str(TOOL[0]), *arguments], cwd=parts, check=True, capture_output=True)
    return parts / "out.img"


@pytest.mark.parametrize("version", ["0", "1", "2", "3", "4"])
def test_boot(parts: Path, version: str) -> None:
    more = ["--dtb", "dtb"] if version == "2" else []
    image = made(
        parts, "--header_version", version, "--kernel", "kernel", "--ramdisk", "ramdisk", "--cmdline", CMDLINE,
        "--os_version", "14.0.0", "--os_patch_level", "2024-05", "--output", "out.img", *more,
    )  # fmt: skip
    source = open_source(image)
    assert source.raw == CONFIG
    assert source.layers == (f"boot v{version}", "gzip", "arm64 Image")
    assert source.cmdline == CMDLINE
    assert source.modules_load == frozenset({"system_heap"})
    assert [len(dtb) for dtb in source.dtbs] == ([96] if version == "2" else [])


@pytest.mark.parametrize("page", ["2048", "4096", "16384"])
def test_pages_of_other_sizes(parts: Path, page: str) -> None:
    image = made(parts, "--kernel", "kernel", "--ramdisk", "ramdisk", "--pagesize", page, "--output", "out.img")
    assert open_source(image).raw == CONFIG


def test_a_long_command_line_is_joined(parts: Path) -> None:
    long = " ".join(f"option{number}=value" for number in range(60))
    image = made(parts, "--kernel", "kernel", "--ramdisk", "ramdisk", "--cmdline", long, "--output", "out.img")
    assert open_source(image).cmdline == long


def test_init_boot(parts: Path) -> None:
    image = made(parts, "--header_version", "4", "--ramdisk", "ramdisk", "--output", "out.img")
    source = open_source(image)
    assert source.layers == ("init_boot v4",)
    assert source.modules_load == frozenset({"system_heap"})


@pytest.mark.parametrize("version", ["3", "4"])
def test_vendor_boot(parts: Path, version: str) -> None:
    more = ["--vendor_bootconfig", "bootconfig"] if version == "4" else []
    image = made(
        parts, "--header_version", version, "--vendor_ramdisk", "ramdisk", "--dtb", "dtb", "--vendor_cmdline", CMDLINE,
        "--vendor_boot", "out.img", *more,
    )  # fmt: skip
    source = open_source(image)
    assert source.layers == (f"vendor_boot v{version}",)
    assert source.cmdline is not None
    assert source.cmdline.startswith(CMDLINE)
    assert source.modules_load == frozenset({"system_heap"})
    assert [len(dtb) for dtb in source.dtbs] == [96]
    if version == "4":
        assert source.bootconfig == "androidboot.x=1\nkernel.loglevel=4\n"
        assert CheckOptions().evidence_of(source).parameter("loglevel") == "4"


def test_two_vendor_ramdisks(parts: Path) -> None:
    (parts / "second").write_bytes(PACKERS["gzip"](cpio({"lib/modules/modules.load": b"cma_heap.ko\n"})))
    image = made(
        parts, "--header_version", "4", "--vendor_ramdisk", "ramdisk", "--dtb", "dtb", "--ramdisk_type", "dlkm",
        "--ramdisk_name", "second", "--vendor_ramdisk_fragment", "second", "--vendor_boot", "out.img",
    )  # fmt: skip
    assert open_source(image).modules_load == frozenset({"system_heap", "cma_heap"})
