"""Debian's kernel for arm64: CONFIG_DMABUF_HEAPS is not set. Here heaps must be found missing."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.kernel.kernels import DebianKernel

__all__ = ["PROFILE"]

PROFILE = _arm64.board(
    "arm64-debian",
    "Debian 13 kernel 6.12, arm64, 4 KiB pages, no DMA-BUF heaps",
    DebianKernel("trixie", r"linux-image-6\.12\.\d+\+deb13-arm64"),
    # vgem imports any buffer: a driver that may be the only one to hold it.
    modules=("virtio_mmio", "virtio_net", "vgem"),
)
