"""Debian's kernel for arm64: CONFIG_DMABUF_HEAPS is not set. Here heaps must be found missing."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.kernels import DebianKernel
from bringup.virtual.profile import Profile

__all__ = ["PROFILE"]

PROFILE = Profile(
    name="arm64-debian",
    summary="Debian 13 kernel 6.12, arm64, 4 KiB pages, no DMA-BUF heaps",
    arch="arm64",
    triplet="aarch64-linux-gnu",
    suite="trixie",
    packages=_arm64.PACKAGES,
    kernel=DebianKernel("trixie", r"linux-image-6\.12\.\d+\+deb13-arm64"),
    modules=("virtio_mmio", "virtio_net"),
    qemu="qemu-system-aarch64",
    qemu_package="qemu-system-arm",
    qemu_args=_arm64.machine("cortex-a53"),
    cmdline="console=ttyAMA0 quiet panic=-1",
    memory=512,
    cpus=2,
    properties=_arm64.properties("arm64-debian"),
)
