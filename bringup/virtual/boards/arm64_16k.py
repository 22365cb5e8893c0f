"""Debian's kernel for arm64 with 16 KiB pages: CONFIG_DMABUF_HEAPS is not set."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.kernels import DebianKernel
from bringup.virtual.profile import Profile

__all__ = ["PROFILE"]

PROFILE = Profile(
    name="arm64-16k",
    summary="Debian 13 kernel 6.12, arm64, 16 KiB pages, no DMA-BUF heaps",
    arch="arm64",
    triplet="aarch64-linux-gnu",
    suite="trixie",
    packages=_arm64.PACKAGES,
    kernel=DebianKernel("trixie", r"linux-image-6\.12\.\d+\+deb13-arm64-16k"),
    modules=("virtio_mmio", "virtio_net"),
    qemu="qemu-system-aarch64",
    qemu_package="qemu-system-arm",
    # The Cortex-A53 has no 16 KiB pages. Emulating pointer authentication doubles the time to boot.
    qemu_args=_arm64.machine("max,pauth=off"),
    cmdline="console=ttyAMA0 quiet panic=-1",
    memory=512,
    cpus=2,
    properties=_arm64.properties("arm64-16k"),
)
