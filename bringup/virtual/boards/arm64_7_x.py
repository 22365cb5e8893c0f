"""The newest Linux 7: a heap for each CMA area, heaps as modules. bringup.nomodules=1 leaves them unloaded."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.kernel.building import BuiltKernel

__all__ = ["PROFILE"]

PROFILE = _arm64.board(
    "arm64-7.x",
    "Linux 7, arm64, heaps as modules, a CMA heap for each area",
    BuiltKernel(
        "trixie-backports",
        r"linux-source-7\.\d+",
        _arm64.kernel_options("SYSCTL", "CMA_SYSFS", DMABUF_HEAPS_SYSTEM="m", DMABUF_HEAPS_CMA="m"),
    ),
    modules=("system_heap", "cma_heap"),
    ueventd="""\
/dev/dma_heap/default_cma_region 0444 system system
/dev/dma_heap/video@50000000 0440 system graphics
""",
    overlay=_arm64.POOL_AND_REGION,
)
