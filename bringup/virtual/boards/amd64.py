"""Debian's cloud kernel for x86-64: DMA-BUF heaps with the system heap, no CMA, no IKCONFIG."""

from __future__ import annotations

from bringup.virtual.boards._debian import NO_CRYPTO_TESTS, PROGRAMS, SUITE, properties
from bringup.virtual.kernel.kernels import DebianKernel
from bringup.virtual.profile import Profile

__all__ = ["PROFILE"]

PROFILE = Profile(
    name="amd64",
    summary="Debian 13 cloud kernel 6.12, x86-64, system heap",
    arch="amd64",
    triplet="x86_64-linux-gnu",
    suite=SUITE,
    packages=PROGRAMS,
    kernel=DebianKernel("trixie", r"linux-image-6\.12\.\d+\+deb13-cloud-amd64", direct=True),
    modules=("virtio_net",),
    qemu="qemu-system-x86_64",
    qemu_package="qemu-system-x86",
    # QEMU 7.2 emulates cmpxchg16b wrongly: with it the guest's slab allocator crashes in every second boot. With one
    # thread per CPU a guest was still lost now and then (1 in 30 runs; with one thread 0 in 120), and booted no faster.
    qemu_args=(
        *("-M", "q35", "-accel", "tcg,thread=single", "-cpu", "max,-cx16"),
        *("-device", "virtio-net-pci,netdev=net0,romfile="),
    ),
    # A busy host starves the emulated timer, and the kernel's test of it would panic.
    cmdline=f"console=ttyS0 quiet panic=-1 no_timer_check {NO_CRYPTO_TESTS}",
    memory=512,
    cpus=2,
    properties=properties("amd64", "x86_64", "q35"),
)
