"""Kernels as they were really built: images of eight architectures, and our own with the configuration inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.errors import HostError
from bringup.kernel.sources.source import open_source
from tests.support.kernel import fetch

IMAGES = fetch.images()
KERNELS = fetch.kernels()
pytestmark = pytest.mark.kernels

# How Debian packs the kernel, by architecture; the plain ones are large.
PACKED = {
    "amd64": ("bzImage", "zstd", "ELF"),
    "arm64": ("arm64 Image",),
    "armel": ("zImage", "xz"),
    "armhf": ("zImage", "xz"),
    "mips64el": ("ELF", "zstd"),
    "ppc64el": ("ELF",),
    "riscv64": ("riscv Image",),
    "s390x": ("plain bytes", "zstd"),
}
# Where the archive has an architecture only in an older suite.
PACKED_IN_6_1 = {"mips64el": ("ELF", "xz")}


@pytest.mark.skipif(not IMAGES, reason="python -m tests.support.kernel.fetch images brings kernel images")
@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.parent.name)
def test_a_kernel_of_debian_has_its_release(path: Path) -> None:
    source = open_source(path)
    assert source.release == path.name.split("-", 1)[1]
    packed = PACKED | (PACKED_IN_6_1 if str(source.release).startswith("6.1.") else {})
    assert source.layers == packed[path.parent.name]
    assert "without CONFIG_IKCONFIG" in source.reason


@pytest.mark.skipif(not KERNELS, reason="python -m tests.support.kernel.fetch kernels builds kernels")
@pytest.mark.parametrize("folder", KERNELS, ids=lambda path: path.name)
def test_the_configuration_comes_out_byte_for_byte(folder: Path) -> None:
    (image,) = [path for path in folder.iterdir() if path.name != ".config"]
    try:
        source = open_source(image)
    except HostError as error:
        pytest.skip(str(error))
    packing = folder.name.split("-")[1]
    assert source.layers[:2] == ("bzImage" if folder.name.startswith("x86") else "EFI zboot", packing)
    assert source.raw == (folder / ".config").read_bytes()
    assert source.config is not None
    assert str(source.config.version) == source.release
    assert source.config.complete
