"""Where the kernel counts a buffer: its name, fdinfo, debugfs and sysfs."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import BUFFER, HeapTestNotes

_EXPORTER = (
    "The exporter has to be the heap's own name for system, reserved, linux,cma and default_cma_region from "
    "6.1 on; elsewhere any name will do."
)
_SINCE = "5.3, so every kernel with heaps"

TESTS = (
    HeapTestNotes(
        id="name.set",
        does="Names the buffer by both numbers of the call (0x40046201 and 0x40086201: programs of 32 and 64 "
        "bits), with 7 and with 31 bytes, and reads the name in /proc/self/fdinfo.",
        why="The name shows whose a buffer is when memory is gone; libdmabufheap of newer Android names every "
        "buffer after its heap, and dmabuf_dump shows it.",
        source=f"{BUFFER}: dma_buf_set_name, dma_buf_show_fdinfo; include/uapi/linux/dma-buf.h: DMA_BUF_SET_NAME_A, _B",
        since=_SINCE,
        skips=("/proc/self/fdinfo may not be read",),
        notes=(
            (
                "5.10 gives EBUSY for a buffer that a device has attached (dma_buf_set_name of 5.10.223; 6.12 "
                "and 7.3 do not). The test attaches none, so it passes there; a program that names its buffers "
                "late does not"
            ),
        ),
        look="ENOTTY: the kernel is older than 5.3. EBUSY: see the defect. That fdinfo does not show it: "
        "patches to dma-buf.c.",
    ),
    HeapTestNotes(
        id="name.long",
        does="Names the buffer with 32 bytes, and with more.",
        why="A name that is cut silently makes two owners look like one. libdmabufheap cuts to 31 by itself.",
        source=f"{BUFFER}: dma_buf_set_name (strndup_user with DMA_BUF_NAME_LEN, 32 with the NUL)",
        since=_SINCE,
        look="The heap does not stand behind it: drivers/dma-buf/dma-buf.c answers. A kernel with a longer name there.",
    ),
    HeapTestNotes(
        id="account.fdinfo",
        does=f"Reads size and exp_name in /proc/self/fdinfo/FD of a page's buffer. {_EXPORTER}",
        why="dmabuf_dump and Android's memory reports add up buffers by process from here. A wrong size or "
        "exporter sends whoever looks for a leak to the wrong driver.",
        source=f"{BUFFER}: dma_buf_show_fdinfo; Documentation/filesystems/proc.rst; AOSP system/memory/libmeminfo",
        since=_SINCE,
        skips=("/proc/self/fdinfo may not be read",),
        look="5.10 and heaps of a TEE export under the name of a kernel module: that is not held against them.",
    ),
    HeapTestNotes(
        id="account.bufinfo",
        does="Looks for the buffer's inode in /sys/kernel/debug/dma_buf/bufinfo, and again for 0.5 s after "
        f"close. {_EXPORTER}",
        why="It is the only list of all buffers, with the devices that hold them, on a kernel without the "
        "others. A buffer that stays after its last descriptor was closed is a leak in the kernel.",
        source=f"{BUFFER}: dma_buf_debug_show",
        since="5.6 and later, with CONFIG_DEBUG_FS",
        skips=(
            (
                "debugfs is not mounted or not built (user builds of Android leave it out), or may not be "
                "read: run as root"
            ),
        ),
        look="The line “Attached Devices” below the buffer: a driver that took a reference and did not give it back.",
    ),
    HeapTestNotes(
        id="account.sysfs",
        does="Reads size and exporter_name of the buffer's inode below /sys/kernel/dmabuf/buffers, and looks "
        f"again for 0.5 s after close. {_EXPORTER}",
        why="dmabuf_dump and dumpsys read it on Android kernels up to 6.12; what is missing here is missing in "
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
        look="That the buffer stays: debugfs dma_buf/bufinfo lists who is attached to it.",
    ),
)
