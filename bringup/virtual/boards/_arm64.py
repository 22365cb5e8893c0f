"""What the arm64 boards share: QEMU's machine "virt", CMA regions, the options of kernels that are built for them."""

from __future__ import annotations

from bringup.virtual.boards._debian import NO_CRYPTO_TESTS, PROGRAMS, SUITE, properties
from bringup.virtual.kernel.kernels import KernelSource
from bringup.virtual.profile import Profile

__all__ = ["POOL", "POOL_AND_REGION", "board", "kernel_options"]

# All that is not here is off. What these need (ARM64, OF, PSCI, …) comes by itself.
_RUNS_ADBD = (
    *("EXPERT", "CC_OPTIMIZE_FOR_SIZE", "MODULES", "MODULE_UNLOAD", "COMPAT"),  # COMPAT: 32-bit programs run, too
    *("BLK_DEV_INITRD", "BINFMT_ELF", "BINFMT_SCRIPT", "ELF_CORE", "COREDUMP"),
    *("MULTIUSER", "PRINTK", "BUG", "KALLSYMS", "MAGIC_SYSRQ", "IKCONFIG", "IKCONFIG_PROC"),
    *("HIGH_RES_TIMERS", "NO_HZ_IDLE", "POSIX_TIMERS", "FUTEX", "EPOLL", "SIGNALFD", "TIMERFD", "EVENTFD"),
    *("INOTIFY_USER", "AIO", "FHANDLE", "FILE_LOCKING", "ADVISE_SYSCALLS", "MEMBARRIER", "RSEQ", "SYSVIPC"),
    *("NAMESPACES", "SECCOMP", "SECCOMP_FILTER", "SHMEM", "COMPACTION", "VM_EVENT_COUNTERS"),
    *("PROC_FS", "PROC_PAGE_MONITOR", "SYSFS", "TMPFS", "TMPFS_XATTR", "DEVTMPFS"),
    *("DEBUG_FS", "DEBUG_FS_ALLOW_ALL", "FTRACE", "ENABLE_DEFAULT_TRACERS"),
    *("TTY", "UNIX98_PTYS", "SERIAL_AMBA_PL011", "SERIAL_AMBA_PL011_CONSOLE"),
    # adbd listens on IPv6, or not at all
    *("NET", "UNIX", "INET", "IPV6", "PACKET", "NETDEVICES", "NET_CORE", "VIRTIO_MENU", "VIRTIO_MMIO", "VIRTIO_NET"),
    *("BLOCK", "BLK_DEV", "VIRTIO_BLK"),
)
_CONTIGUOUS = (
    *("CMA", "CMA_DEBUGFS", "DMA_CMA", "CMA_SIZE_SEL_MBYTES"),
    *("SYNC_FILE", "SW_SYNC", "UDMABUF", "DMABUF_HEAPS"),
)
_VALUES = {
    "NR_CPUS": "8",
    "CMA_SIZE_MBYTES": "0",  # the pool comes from the device tree
}

_POOL = """\
		linux,cma {
			compatible = "shared-dma-pool";
			size = <0x0 0x2000000>;
			alignment = <0x0 0x400000>;
			reusable;
			linux,cma-default;
		};
"""
_REGION = """\
		video@50000000 {
			compatible = "shared-dma-pool";
			reg = <0x0 0x50000000 0x0 0x1000000>;
			reusable;
		};
"""
_OVERLAY = """\
/dts-v1/;
/plugin/;
&{/} {
	#address-cells = <2>;
	#size-cells = <2>;
	reserved-memory {
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;
%s	};
};
"""
#: A default CMA area of 32 MiB, anywhere.
POOL = _OVERLAY % _POOL
#: And one of 16 MiB at a fixed address that is not the default.
POOL_AND_REGION = _OVERLAY % (_POOL + _REGION)


def board(
    name: str,
    summary: str,
    kernel: KernelSource,
    *,
    cpu: str = "cortex-a53",
    modules: tuple[str, ...] = (),
    ueventd: str = "",
    overlay: str = "",
) -> Profile:
    """A "virt" machine with Debian 13's programs, two CPUs and 512 MiB.

    :param cpu: QEMU's name of the CPU.
    """
    return Profile(
        name=name,
        summary=summary,
        arch="arm64",
        triplet="aarch64-linux-gnu",
        suite=SUITE,
        packages=PROGRAMS,
        kernel=kernel,
        modules=modules,
        qemu="qemu-system-aarch64",
        qemu_package="qemu-system-arm",
        qemu_args=(
            *("-M", "virt", "-accel", "tcg,thread=multi", "-cpu", cpu),
            *("-device", "virtio-net-device,netdev=net0"),
        ),
        cmdline=f"console=ttyAMA0 quiet panic=-1 {NO_CRYPTO_TESTS}",
        memory=512,
        cpus=2,
        properties=properties(name, "arm64-v8a", "virt"),
        ueventd=ueventd,
        overlay=overlay,
    )


def kernel_options(*names: str, **values: str) -> tuple[tuple[str, str], ...]:
    """The options of a kernel that runs adbd and these beyond it.

    :param names: options without ``CONFIG_``, to be built in.
    :param values: other values, by name.
    """
    return tuple({**dict.fromkeys((*_RUNS_ADBD, *_CONTIGUOUS, *names), "y"), **_VALUES, **values}.items())
