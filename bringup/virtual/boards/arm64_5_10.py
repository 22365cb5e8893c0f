"""Linux 5.10, the last with ION: ION and DMA-BUF heaps on one kernel."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.kernel.building import BuiltKernel

__all__ = ["PROFILE"]

PROFILE = _arm64.board(
    "arm64-5.10",
    "Linux 5.10, arm64, staging ION beside system and CMA heaps",
    BuiltKernel(
        "bullseye",
        r"linux-source-5\.10",
        _arm64.kernel_options(
            *("PROC_SYSCTL", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA"),
            *("STAGING", "ANDROID", "ION", "ION_SYSTEM_HEAP", "ION_CMA_HEAP"),
            # modules that no profile loads: a kernel that complains where it is told to, and memory that keeps its log
            *("RUNTIME_TESTING_MENU", "MISC_FILESYSTEMS"),
            LKDTM="m",
            PSTORE="m",
            PSTORE_RAM="m",
        ),
    ),
    ueventd="/dev/ion 0664 system system\n/dev/dma_heap/linux,cma 0444 system system\n",
    overlay=_arm64.POOL,
)
