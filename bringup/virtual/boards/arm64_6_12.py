"""Linux 6.12 built for this: system and CMA heaps, all of their statistics, trace events for where pages are."""

from __future__ import annotations

from bringup.virtual.boards import _arm64
from bringup.virtual.building import BuiltKernel
from bringup.virtual.profile import Profile

__all__ = ["PROFILE"]

PROFILE = Profile(
    name="arm64-6.12",
    summary="Linux 6.12, arm64, system and CMA heaps, statistics, trace events",
    arch="arm64",
    triplet="aarch64-linux-gnu",
    suite="trixie",
    packages=_arm64.PACKAGES,
    kernel=BuiltKernel(
        "trixie",
        r"linux-source-6\.12",
        _arm64.kernel_options(
            "PROC_SYSCTL", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA", "DMABUF_SYSFS_STATS", "CMA_SYSFS"
        ),
    ),
    modules=(),
    qemu="qemu-system-aarch64",
    qemu_package="qemu-system-arm",
    qemu_args=_arm64.machine("cortex-a53"),
    cmdline="console=ttyAMA0 quiet panic=-1",
    memory=512,
    cpus=2,
    properties=_arm64.properties("arm64-6.12"),
    ueventd="/dev/dma_heap/linux,cma 0444 system system\n",
    overlay=_arm64.POOL_AND_REGION,
)
