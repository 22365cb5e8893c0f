"""Linux 6.12 built for this: system and CMA heaps, all of their statistics, trace events for where pages are."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.kernel.building import BuiltKernel

__all__ = ["PROFILE"]

PROFILE = _arm64.board(
    "arm64-6.12",
    "Linux 6.12, arm64, system and CMA heaps, statistics, trace events",
    BuiltKernel(
        "trixie",
        r"linux-source-6\.12",
        _arm64.kernel_options(
            "PROC_SYSCTL", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA", "DMABUF_SYSFS_STATS", "CMA_SYSFS"
        ),
    ),
    ueventd="/dev/dma_heap/linux,cma 0444 system system\n",
    overlay=_arm64.POOL_AND_REGION,
)
