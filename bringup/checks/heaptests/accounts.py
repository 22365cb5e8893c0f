"""Where the kernel lists a buffer: its name, fdinfo, debugfs and sysfs."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, HeapTestNotes

_EXPORTER = (
    "The exporter has to be the heap's own name for system, reserved, linux,cma and default_cma_region from "
    "6.1 on; elsewhere any name is accepted."
)
_SINCE = "5.3, so every kernel with heaps"

TESTS = (
    HeapTestNotes(
        id="name.set",
        does="Names the buffer with both ioctl numbers (0x40046201 and 0x40086201: programs of 32 and 64 "
        "bits), with 7 and with 31 bytes, and reads the name in /proc/self/fdinfo.",
        why="The name shows who owns a buffer when memory is missing; libdmabufheap of newer Android names every "
        "buffer after its heap, and dmabuf_dump shows it.",
        source=f"{BUFFER}: dma_buf_set_name, dma_buf_show_fdinfo; include/uapi/linux/dma-buf.h: DMA_BUF_SET_NAME_A, _B",
        since=_SINCE,
        skips=("/proc/self/fdinfo may not be read",),
        notes=(
            (
                "5.10 returns EBUSY for a buffer that is attached to a device (dma_buf_set_name of 5.10.223; 6.12 "
                "and 7.3 do not). The test attaches no device, so it passes there; a program that names its "
                "buffers late fails"
            ),
        ),
        look="ENOTTY: the kernel is older than 5.3. EBUSY: see the defect. If fdinfo does not show the name: "
        "patches to dma-buf.c.",
    ),
    HeapTestNotes(
        id="name.long",
        does="Names the buffer with 32 bytes, and with more.",
        why="If the kernel cut a name silently, two owners would look like one. libdmabufheap cuts names to 31 bytes.",
        source=f"{BUFFER}: dma_buf_set_name (strndup_user with DMA_BUF_NAME_LEN, 32 with the NUL)",
        since=_SINCE,
        look="This comes from drivers/dma-buf/dma-buf.c, not from the heap. The kernel may allow longer names.",
    ),
    HeapTestNotes(
        id="account.fdinfo",
        does=f"Reads size and exp_name in /proc/self/fdinfo/FD of a buffer of one page. {_EXPORTER}",
        why="dmabuf_dump and Android's memory reports add up each process's buffers from here. With a wrong size "
        "or exporter, a leak is searched in the wrong driver.",
        source=f"{BUFFER}: dma_buf_show_fdinfo; Documentation/filesystems/proc.rst; AOSP system/memory/libmeminfo",
        since=_SINCE,
        skips=("/proc/self/fdinfo may not be read",),
        look="5.10 and heaps of a TEE export under the name of a kernel module: the test accepts that.",
    ),
    HeapTestNotes(
        id="account.bufinfo",
        does="Looks for the buffer's inode in /sys/kernel/debug/dma_buf/bufinfo, then for up to 2 s after "
        f"close until it is gone. {_EXPORTER}",
        why="On a kernel without the other lists, only this one has all buffers and the devices that hold them. "
        "A buffer that stays after its last descriptor was closed is a leak in the kernel.",
        source=f"{BUFFER}: dma_buf_debug_show",
        since="5.6 and later, with CONFIG_DEBUG_FS",
        skips=(
            (
                "debugfs is not mounted or not built (user builds of Android leave it out), or may not be "
                "read: run as root"
            ),
        ),
        look="The line “Attached Devices” below the buffer: a driver took a reference and did not release it.",
    ),
    HeapTestNotes(
        id="account.sysfs",
        does="Reads size and exporter_name of the buffer's inode below /sys/kernel/dmabuf/buffers, then "
        f"looks for up to 2 s after close until it is gone. {_EXPORTER}",
        why="dmabuf_dump and dumpsys read it on Android kernels up to 6.12; what is missing here is missing from "
        "every bug report.",
        source="Documentation/ABI/testing/sysfs-kernel-dmabuf-buffers of Linux 6.12; AOSP system/memory/libmeminfo",
        since="5.15 to 6.19 with CONFIG_DMABUF_SYSFS_STATS (Android kernels: 5.4 to 6.12)",
        skips=(
            (
                "/sys/kernel/dmabuf/buffers is not there: CONFIG_DMABUF_SYSFS_STATS is off, or the kernel is "
                "newer and has the BPF iterator instead (bringup explain kconfig.no-buffer-statistics); or it "
                "may not be read"
            ),
        ),
        look="If the buffer stays: debugfs dma_buf/bufinfo lists the devices that are attached to it.",
    ),
)
