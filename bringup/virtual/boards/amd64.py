"""Debian's cloud kernel for x86-64: DMA-BUF heaps with the system heap, no CMA, no IKCONFIG."""

from __future__ import annotations

from bringup.virtual.kernel.kernels import DebianKernel
from bringup.virtual.profile import Profile

__all__ = ["PROFILE"]

PROFILE = Profile(
    name="amd64",
    summary="Debian 13 cloud kernel 6.12, x86-64, system heap",
    arch="amd64",
    triplet="x86_64-linux-gnu",
    suite="trixie",
    packages=("adbd", "mksh", "toybox", "chiark-really"),
    kernel=DebianKernel("trixie", r"linux-image-6\.12\.\d+\+deb13-cloud-amd64", direct=True),
    modules=("virtio_net",),
    qemu="qemu-system-x86_64",
    qemu_package="qemu-system-x86",
    # QEMU 7.2 emulates cmpxchg16b wrongly: with it the guest's slab allocator crashes every second boot. With a thread
    # for each CPU a guest was still lost now and then (1 in 30 runs; with one thread 0 in 120), and boots no sooner.
    qemu_args=(
        *("-M", "q35", "-accel", "tcg,thread=single", "-cpu", "max,-cx16"),
        *("-device", "virtio-net-pci,netdev=net0,romfile="),
    ),
    # A busy host starves the emulated timer, and the kernel's test of it would panic.
    cmdline="console=ttyS0 quiet panic=-1 no_timer_check",
    memory=512,
    cpus=2,
    properties=(
        ("ro.product.cpu.abi", "x86_64"),
        ("ro.product.cpu.abilist", "x86_64"),
        ("ro.product.brand", "bringup"),
        ("ro.product.manufacturer", "bringup"),
        ("ro.product.model", "bringup virtual amd64"),
        ("ro.product.name", "bringup_amd64"),
        ("ro.product.device", "amd64"),
        ("ro.product.board", "q35"),
        ("ro.board.platform", "q35"),
        ("ro.hardware", "q35"),
        ("ro.build.type", "userdebug"),
        ("ro.build.tags", "test-keys"),
        ("ro.build.id", "trixie"),
        ("ro.debuggable", "1"),
        ("ro.secure", "0"),
        ("ro.adb.secure", "0"),
    ),
)
