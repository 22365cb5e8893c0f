"""Debian's kernel for arm64 with 16 KiB pages: CONFIG_DMABUF_HEAPS is not set."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.kernel.kernels import DebianKernel

__all__ = ["PROFILE"]

PROFILE = _arm64.board(
    "arm64-16k",
    "Debian 13 kernel 6.12, arm64, 16 KiB pages, no DMA-BUF heaps",
    DebianKernel("trixie", r"linux-image-6\.12\.\d+\+deb13-arm64-16k"),
    # The Cortex-A53 has no 16 KiB pages. Emulating pointer authentication doubles the time to boot.
    cpu="max,pauth=off",
    modules=("virtio_mmio", "virtio_net"),
)
