"""Linux 5.10, the last with ION: ION and DMA-BUF heaps on one kernel."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.building import BuiltKernel
from bringup.virtual.profile import Profile

__all__ = ["PROFILE"]

PROFILE = Profile(
    name="arm64-5.10",
    summary="Linux 5.10, arm64, staging ION beside system and CMA heaps",
    arch="arm64",
    triplet="aarch64-linux-gnu",
    suite="trixie",
    packages=_arm64.PACKAGES,
    kernel=BuiltKernel(
        "bullseye",
        r"linux-source-5\.10",
        _arm64.kernel_options(
            "PROC_SYSCTL",
            "DMABUF_HEAPS_SYSTEM",
            "DMABUF_HEAPS_CMA",
            "STAGING",
            "ANDROID",
            "ION",
            "ION_SYSTEM_HEAP",
            "ION_CMA_HEAP",
        ),
    ),
    modules=(),
    qemu="qemu-system-aarch64",
    qemu_package="qemu-system-arm",
    qemu_args=_arm64.machine("cortex-a53"),
    cmdline="console=ttyAMA0 quiet panic=-1",
    memory=512,
    cpus=2,
    properties=_arm64.properties("arm64-5.10"),
    ueventd="/dev/ion 0664 system system\n/dev/dma_heap/linux,cma 0444 system system\n",
    overlay=_arm64.POOL,
)
