"""Boards from the trackers of those who use heaps: cameras, codecs, containers, and the kernels below them.

Only facts are carried over (a line of a log, an option, a node); each row names the report that they are from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.config.schema import BoardConfig
from tests.support.field_boards import MIB, Row, assert_found, cma, field_board, pool, reserved
from tests.support.scripted_record import (
    HELLO,
    LINUX_WITHOUT_UDEV,
    RESERVED,
    ScriptedBoard,
    broken,
    linux_board,
    result,
)

OFF = {"DMABUF_HEAPS": "n", "DMABUF_HEAPS_SYSTEM": "", "DMABUF_HEAPS_CMA": ""}
NO_OPTION = OFF | {"DMABUF_HEAPS": ""}
DEFAULT = "linux,cma-default"
ONLY_ROOT = {"mode": 0o600, "uid": 0, "gid": 0}
ENFORCING = {"/sys/fs/selinux/enforce": "1"}
ROCKCHIP = ("cma", "cma-uncached", "system", "system-dma32", "system-uncached", "system-uncached-dma32")
PI_POOL = {"linux,cma": cma(None, 320 * MIB, DEFAULT, ranges=[(0, 0x4000_0000)])}
WARN = "WARNING: CPU: 3 PID: 2599 at mm/page_alloc.c:4935 __alloc_pages_nodemask+0x2ec/0x330"
FOR_DMA = ["Call trace:", " __alloc_pages_nodemask+0x2ec/0x330", " __dma_direct_alloc_pages+0x180/0x230", " dma_direct_alloc+0x168/0x318"]  # fmt: skip
MADE = "Reserved memory: created CMA memory pool at 0x0000000012c00000, size 448 MiB"
RULE = 'SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"\n'
STALL = [
    "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "rcu: \t0-...!: (0 ticks this GP) idle=5fc/0/0x0 softirq=11204/11204 fqs=0  (false positive?)",
    "rcu: rcu_sched kthread starved for 5252 jiffies! g12425 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=0",
]  # fmt: skip
VIRTUAL = {"/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n"}
HOST_BUFFER = "nvme nvme{}: allocated {} MiB host memory buffer."
FULL = [
    "cma: cma_alloc: reserved: alloc failed, req-size: 16 pages, ret: -12",
    "cma: number of available pages: => 0 free of 8192 total pages",
]
UNMATCHED = "OF: reserved mem: node linux,cma compatible matching fail"
POOL_SIZE = f"{RESERVED}/linux,cma/size"
EDGETPU = 'audit: type=1400 audit(1.4:7): avc:  denied  { read open } for  pid=9 comm="dba" name="system" dev="tmpfs" ino=9 scontext=u:r:edgetpu_dba_server:s0 tcontext=u:object_r:dmabuf_system_heap_device:s0 tclass=chr_file permissive=0'
AREAS = {"linux,cma": cma(None, 64 * MIB, DEFAULT), "audio@b0000000": cma(0xB000_0000, 16 * MIB), "adsp@b2000000": cma(0xB200_0000, 16 * MIB)}  # fmt: skip
AREA = "/sys/kernel/mm/cma/{}/alloc_pages_success"
EVERY_AREA = ("system", "default_cma_region", "linux,cma", "adsp@b2000000")


def of_a_user(board: ScriptedBoard) -> ScriptedBoard:
    board.hello = (board.hello or HELLO) | {"uid": 1000}
    board.results = [result(name, "open", "fail", errno=13, seen="open: EACCES") for name in board.heaps]
    return board


def high_memory(board: ScriptedBoard, low_kib: int) -> ScriptedBoard:
    board.files["/proc/meminfo"] = f"{board.files['/proc/meminfo']!s}HighTotal: 7458816 kB\nLowTotal: {low_kib} kB\n"
    return board


def on_linux(rules: str, **heaps: dict[str, Any]) -> ScriptedBoard:
    board = linux_board(rules)
    board.heaps = heaps
    board.results = [result(name, "open") for name in heaps]
    return board


ROWS = (
    # -- the kernel has no heaps, or not those of its configuration
    Row("raspberrypi/rpicam-apps#218", field_board("5.15.12", [], PI_POOL, (), kernel=OFF, cells=(2, 1)), ("fail", "kconfig.heaps-off")),
    Row("projectceladon/device-androidia-mixins#1517", field_board("5.15.71-android13-8-gabcdef", [], {}, (), kernel=OFF, cma_kib=(0, 0)),
        ("fail", "kconfig.heaps-off"), ("CONFIG_DMABUF_HEAPS=y",)),
    Row("Xtr126/wlroots-android-bridge#8", field_board("4.19.157-perf", [], {}, (), kernel=NO_OPTION | {"ION": "y"}), ("fail", "kernel.too-old")),
    Row("anholt/linux#94", field_board("4.11.0-rc2", ["cma: Reserved 64 MiB at 0x2b000000", "cma: cma_alloc: alloc failed, req-size: 2040 pages, ret: -12"], {}, (), kernel=NO_OPTION, cma_kib=(65536, 2000)),
        ("fail", "kernel.too-old")),
    Row("raspberrypi/linux#1404", field_board("4.4.7-v7+", ["cma: Failed to reserve 256 MiB"], {}, (), kernel=NO_OPTION, cma_kib=(0, 0)),
        ("fail", "kernel.too-old"), alone=False),
    Row("raspberrypi/linux#1404: not the size of the configuration", field_board("5.15.7-v7+", ["cma: Failed to reserve 256 MiB"], cma_kib=(0, 0)),
        ("fail", "cma.region-does-not-fit"), ("there is no room for a reserved-memory region",)),
    Row("shantigilbert/Sx05RE#106: Amlogic's stamps", field_board(
            "3.14.29", ["cma: Reserved 16 MiB at 77000000, total cma pages:4096"], {"linux,meson-fb": reserved(0x7D10_0000, 32 * MIB)}, (), kernel=NO_OPTION),
        ("fail", "kernel.too-old")),
    Row("libcamera-org/libcamera#16", field_board("5.15.0-1073-raspi", [], PI_POOL, kernel={"DMABUF_HEAPS_CMA": "n"}, cells=(2, 1)),
        ("warn", "kconfig.cma-heap-off"), ("CONFIG_DMABUF_HEAPS_CMA=y",)),
    Row("armbian/build#744", field_board("5.15.0", kernel={"CMA": "n", "DMA_CMA": "", "CMA_SIZE_MBYTES": "", "DMABUF_HEAPS_CMA": ""}, cma_kib=None),
        ("warn", "kconfig.cma-off"), ("CONFIG_DMA_CMA=y",)),
    Row("openwrt/openwrt#13887", field_board("5.10.176", [], {}, (), listed=None),
        ("fail", "kconfig.not-built"), ("CONFIG_DMABUF_HEAPS=y, and the kernel that runs", "drivers/dma-buf/Makefile")),
    Row("openwrt/openwrt#13887: with the framework", field_board("5.10.176", [], {}, (), listed=("reserved",)),
        ("fail", "kconfig.not-built"), ("/sys/class/dma_heap does not list system",)),
    Row("waydroid/waydroid#1813", field_board("6.8.0", [], {}, (), listed=("system", "reserved")),
        ("fail", "node.not-made"), ("the kernel has the heap system", "container"), ("kconfig.heaps-off", "kconfig.not-built")),
    # -- vendors' heaps
    Row("JeffyCN/mirrors#18, rockchip-linux/mpp#489, rockchip-linux/mpp#556", field_board("6.1.57", [], {}, ("system", "cma")),
        ("fail", "heap.no-uncached"), ("heaps there: cma, system", "DMA_BUF_IOCTL_SYNC"), config="rockchip", alone=False),
    Row("Freescale/meta-freescale#898", field_board("5.10.52", [], {"linux,cma": cma(None, 64 * MIB, DEFAULT)}, ("system", "linux,cma")),
        ("fail", "heap.no-uncached"), ("linux,cma-uncached is in no mainline kernel", "/dev/dma_heap/linux,cma is there"), ("heap.renamed",), config="imx"),
    Row("raspberrypi/picamera2#1374", field_board("6.12.75+rpt-rpi-v8", [], PI_POOL, ("system", "linux,cma"), cells=(2, 1)), None),
    Row("Joshua-Riek/ubuntu-rockchip#1002", field_board(
            "6.1.0-1021-rockchip", ["mpp_rkvenc2 fdbd0000.rkvenc-core: no memory region mapped", "rk_vcodec: mpp_process_request:1369: can not import fd 113"],
            {"cma": cma(0x1000_0000, 128 * MIB, DEFAULT)}, ("system", "cma")), None),
    # -- who may open a node
    Row("rockchip-linux/mpp#626", of_a_user(field_board("5.10.160", [], {"cma": cma(0x1000_0000, 128 * MIB, DEFAULT)}, dict.fromkeys(ROCKCHIP, ONLY_ROOT))),
        ("fail", "node.mode"), ("6 nodes in /dev/dma_heap are 0600: uid 1000 may not open them", 'KERNEL=="cma"', 'KERNEL=="system-uncached-dma32"')),
    Row("raspberrypi/rpicam-apps#809: the rule did not act", on_linux(RULE, system=ONLY_ROOT),
        ("fail", "node.mode"), ("udevadm trigger --subsystem-match=dma_heap", "udevadm test /sys/class/dma_heap/system"), alone=False),
    Row("an Android board config, and a Linux with mdev", broken(
            has_udev=False, logcat=None, heaps={"system": {"mode": 0o660, "uid": 0, "gid": 44}, "linux,cma": {"mode": 0o660, "uid": 0, "gid": 44}},
            latencies=LINUX_WITHOUT_UDEV,
            files={path: text for path, text in ScriptedBoard().files.items() if "ueventd" not in path} | {"/etc/group": "root:x:0:\nvideo:x:44:\n"}),
        ("warn", "kconfig.cma-areas"), never=("node.mode", "node.owner", "drift.ueventd"), config="android"),
    Row("graysky2/kodi-standalone-service#34: the rule names linux*, and the heap has a new name", on_linux(
            'SUBSYSTEM=="dma_heap", KERNEL=="linux*", GROUP="kvm", MODE="0660"\n', system=ONLY_ROOT, default_cma_region=ONLY_ROOT),
        ("warn", "udev.no-rule"), ("2 nodes in /dev/dma_heap", 'KERNEL=="default_cma_region"')),
    # -- SELinux
    Row("RenderHeads/UnityPlugin-AVProMovieCapture#419", field_board(
            "5.10.1", ['audit: type=1400 audit(0.0:22290): avc: denied { getattr } for name="/" dev="dmabuf" ino=1 scontext=u:r:untrusted_app:s0:c59,c281,c512,c768 tcontext=u:object_r:unlabeled:s0 tclass=filesystem permissive=0'],
            heaps=("system", "reserved"), more_files=ENFORCING),
        ("warn", "selinux.statfs"), ("harmless",)),
    Row("tesla-android/issue-tracker#114", field_board(
            "5.15.1", ['type=1400 audit(1667285772.611:53): avc: denied { read write } for comm="RenderThread" path=2F6D656D66643A dev="tmpfs" ino=2244 scontext=u:r:system_app:s0 tcontext=u:object_r:hal_graphics_allocator_default_tmpfs:s0 tclass=file permissive=1'],
            heaps=("system", "reserved"), more_files=ENFORCING), None),
    Row("fedora-selinux/selinux-policy#2580: udmabuf is not a heap", field_board(
            "6.12.9", ['audit: type=1400 audit(1737179112.717:412): avc:  denied  { read write } for  pid=9348 comm="totem-video-thu" path="/dev/udmabuf" dev="devtmpfs" ino=152 scontext=unconfined_u:unconfined_r:thumb_t:s0 tcontext=system_u:object_r:dma_device_t:s0 tclass=chr_file permissive=0'],
            heaps=("system", "reserved"), more_files=ENFORCING), None),
    # -- regions and areas
    Row("linux4sam/linux-at91#50", field_board("5.15.32", ["cma: Failed to reserve 64 MiB"], kernel={"FORCE_MAX_ZONEORDER": "15", "CMA_SIZE_MBYTES": "64"}, cma_kib=(0, 0)),
        ("fail", "cma.region-max-order"), ("CONFIG_FORCE_MAX_ZONEORDER=15: CMA's areas are multiples of 64 MiB", "drop CONFIG_FORCE_MAX_ZONEORDER=15")),
    Row("openbmc/openbmc#3871: RAM that a kernel without HIGHMEM ignores", field_board(
            "5.15.50", ["Reserved memory: created CMA memory pool at 0x97000000, size 16 MiB", "OF: reserved mem: initialized node framebuffer, compatible id shared-dma-pool",
             "cma: Reserved 16 MiB at 0x94000000", "Ignoring RAM at 0x98000000-0x9c000000", "Consider using a HIGHMEM enabled kernel."],
            {"framebuffer": cma(None, 16 * MIB)}, ("system", "reserved"), cells=(1, 1)), None),
    Row("snu-csl/nvmevirt#60", field_board("6.8.0+", heaps=("system", "reserved"), __proc__cmdline="ro memmap=79G$82G isolcpus=7,8 quiet\n"), None),
    Row("raspberrypi/linux#5297, dev-0x7C6/meta-retro#13", high_memory(field_board("5.15.84-v7l+", [MADE, "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool"], PI_POOL, ("system", "linux,cma"), cells=(2, 1), cma_kib=(458752, 450000)), 625128),
        ("warn", "cma.low-memory"), ("CMA takes 448 of 610 MiB low memory: 162 MiB are left", "64-bit kernel")),
    Row("raspberrypi/linux#5297: with cma-256", high_memory(field_board("5.15.84-v7l+", [MADE], PI_POOL, ("system", "linux,cma"), cells=(2, 1), cma_kib=(262144, 250000)), 625128), None),
    Row("agherzan/meta-raspberrypi#1095", field_board(
            "5.15.61-v8", ["Reserved memory: bypass linux,cma node, using cmdline CMA params instead", "OF: reserved mem: node linux,cma compatible matching fail", "cma: Reserved 64 MiB at 0x0000000037000000"],
            PI_POOL, ("system", "reserved"), cells=(2, 1), __proc__cmdline="coherent_pool=1M cma=64M\n"),
        ("fail", "heap.renamed"), ("cma=64M replaces", "drop cma=64M"), config="rpi4", alone=False),
    Row("qualcomm-linux/kernel#839: the area without its heap", field_board("6.12.40", [], AREAS, ("system", "linux,cma", "adsp@b2000000"), more_files={AREA.format(name): "0\n" for name in AREAS}),
        ("fail", "cma.heap-not-added"), ("has the CMA area audio@b0000000, and made no heap of it",), config="audio"),
    Row("7.2, two areas of one name", field_board(
            "7.2.1", ["dma_heap: Already registered heap named audio@b0000000", "cma_heap: Failed to add CMA heap audio@b0000000"], AREAS, EVERY_AREA, more_files={AREA.format(name): "0\n" for name in AREAS}),
        ("fail", "cma.heap-not-added"), ("Already registered heap named audio@b0000000", "a name that no other heap has"), config="audio"),
    Row("7.2, an area that was not made", field_board("7.2.1", [], AREAS, EVERY_AREA, more_files={AREA.format("linux,cma"): "0\n"}),
        ("fail", "cma.region-rejected"), ("areas that it made: linux,cma", "CONFIG_CMA_AREAS"), config="audio"),
    Row("hexdump0815/u-boot-misc#13: the pool is named", field_board(
            "5.4.125", ["Reserved memory: created CMA memory pool at 0x77800000, size 128 MiB", "OF: reserved mem: initialized node linux,ion-dev, compatible id shared-dma-pool",
             "Reserved memory: regions without no-map are not yet supported", "OF: reserved mem: node linux,picdec compatible matching fail"],
            {"linux,ion-dev": cma(None, 128 * MIB), "linux,picdec": pool(None, 48 * MIB)}, ("system", "reserved"), cells=(1, 1)),
        ("fail", "cma.region-not-reusable"), ("not a heap: linux,picdec", "reusable;")),
    Row("nE0sIghT/android_kernel_xiaomi_msm8953#1", field_board(
            "4.9.188-perf+", ["OF: reserved mem: invalid size property in 'mem_dump_region' node."], {"mem_dump_region": reserved(None, None, compatible="shared-dma-pool")}, (), kernel=NO_OPTION | {"ION": "y"}),
        ("fail", "kernel.too-old"), alone=False),
    Row("warpme/minimyth2#73: a pool for HDMI", field_board(
            "7.1.0-beryllium", ["Reserved memory: created DMA memory pool at 0x00000000da600000, size 160 MiB", "OF: reserved mem: initialized node hdmi-receiver-cma, compatible id shared-dma-pool",
             "OF: reserved mem: 0x00000000da600000..0x00000000e45fffff (163840 KiB) nomap non-reusable hdmi-receiver-cma", "cma: Reserved 256 MiB at 0x00000000ca600000"],
            {"hdmi-receiver-cma": pool(None, 160 * MIB, "no-map"), "shmem@10f000": reserved(0x10_F000, 0x100, "no-map")}, ("system", "default_cma_region"), cma_kib=(262144, 252256)), None),
    # -- allocations that failed
    Row("raspberrypi/linux#4600", field_board(
            "5.10.63-v8+", ["cma: cma_alloc: alloc failed, req-size: 19200 pages, ret: -12", WARN, "CPU: 3 PID: 2599 Comm: Xorg Tainted: G         C        5.10.63-v8+ #1", *FOR_DMA, "---[ end trace 5b3e ]---"],
            PI_POOL, ("system", "linux,cma"), cells=(2, 1), cma_kib=(327680, 200000)),
        ("warn", "cma.fragmented"), ("75 MiB",), ("kernel.complaint", "kernel.complaint-in-heaps")),
    Row("raspberrypi/linux#3699", field_board("5.10.0-v8+", [WARN, *FOR_DMA, " vb2_dc_alloc+0x70/0x130 [videobuf2_dma_contig]", "---[ end trace 5b3e ]---"], PI_POOL, ("system", "linux,cma"), cells=(2, 1)),
        ("warn", "kernel.buffer-too-large"), ("more contiguous memory than there was", "enlarge the CMA area", "vb2_dc_alloc")),
    Row("raspberrypi/rpicam-apps#670: the buffer was there, not the list of its pages", field_board(
            "6.1.0-v8+", ["rpicam-still: page allocation failure: order:6, mode:0xdc0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)", "CPU: 2 PID: 900 Comm: rpicam-still Not tainted 6.1.0 #1",
             "Call trace:", " __kmalloc+0x138/0x1e8", " dma_common_contiguous_remap+0x50/0xd8", " dma_direct_alloc+0x168/0x318", " vb2_dc_alloc+0xa8/0x180 [videobuf2_dma_contig]"],
            PI_POOL, ("system", "linux,cma"), cells=(2, 1)),
        ("warn", "kernel.complaint"), ("page allocation failure",), ("kernel.buffer-too-large",)),
    Row("ikwzm/udmabuf#98", field_board(
            "5.10.20", ["Reserved memory: created CMA memory pool at 0x0000000800000000, size 2048 MiB", "cma: cma_alloc: alloc failed, req-size: 524288 pages, ret: -16"],
            {"image_buf@0": cma(0x8_0000_0000, 2048 * MIB)}, ("system", "reserved"), cma_kib=(2113536, 2100000)),
        ("warn", "cma.busy"), ("could not move pages to make room for 2 GiB",)),
    Row("mripard/sunxi-mali#91, armbian/linux-rockchip#10", field_board(
            "5.10.57", ["cma: Reserved 16 MiB at 0x4f000000", "cma: cma_alloc: alloc failed, req-size: 2025 pages, ret: -12"], heaps=("system", "reserved"), cma_kib=(16384, 3000)),
        ("warn", "cma.exhausted"), ("8100 KiB", "enlarge the pool")),
    Row("anholt/linux#76, luxonis/rae-ros#48: CMA tries the next pages", field_board("5.10.3", ["alloc_contig_range: [2ef00, 2f00a) PFNs busy"] * 9, heaps=("system", "reserved")), None),
    Row("edk2-porting/edk2-rk3588#142: three drives with a host memory buffer", field_board(
            "6.6.54", [*(HOST_BUFFER.format(drive, 40) for drive in (3, 2, 0)), *FULL, *FULL], {}, ("system", "reserved"), cma_kib=(32768, 0)),
        ("warn", "cma.exhausted"), ("NVMe drives have host memory buffers of 120 MiB, which may lie in it", "nvme.max_host_mem_size_mb=0", HOST_BUFFER.format(0, 40)), ("cma.fragmented",)),
    Row("home-assistant/operating-system#3214, raspberrypi/linux#6510", field_board(
            "6.6.51+rpt-rpi-2712", [HOST_BUFFER.format(0, 64), "cma: cma_alloc: linux,cma: alloc failed, req-size: 256 pages, ret: -12"],
            {"linux,cma": cma(None, 64 * MIB, DEFAULT, ranges=[(0, 0x4000_0000)])}, ("system", "linux,cma"), cma_kib=(65536, 0)),
        ("warn", "cma.exhausted"), ("host memory buffers of 64 MiB", "the device tree's linux,cma sets the size of this area: 64 MiB")),
    Row("agherzan/meta-raspberrypi#1095: cma= makes the pool smaller", field_board(
            "5.15.34-v8", ["Reserved memory: bypass linux,cma node, using cmdline CMA params instead", UNMATCHED, "cma: Reserved 64 MiB at 0x0000000037400000",
                           "cma: cma_alloc: reserved: alloc failed, req-size: 4560 pages, ret: -12"],
            {"linux,cma": cma(None, 256 * MIB, DEFAULT)}, ("system", "reserved"), __proc__cmdline="cma=64M\n", cma_kib=(65536, 9000)),
        ("warn", "cma.exhausted"), ("cma=64M sets the size of this area: raise it, or drop it: the device tree's linux,cma has 256 MiB",)),
    Row("SolidRun/linux-stable#5: 16 MiB for all drivers", field_board(
            "5.10.5", ["cma: Reserved 16 MiB at 0x00000000ff000000", "cma: cma_alloc: alloc failed, req-size: 3 pages, ret: -12"], heaps=("system", "reserved"), cma_kib=(16384, 8)),
        ("warn", "cma.exhausted"), ("CONFIG_CMA_SIZE_MBYTES=16 sets the size of this area",)),
    # -- regions
    Row("sdm660-mainline/linux#47", field_board(
            "6.12.1", ["OF: reserved mem: OVERLAP DETECTED!", "venus@9f800000 (0x000000009f800000--0x00000000a0000000) overlaps with ramoops@9fe00000 (0x000000009fe00000--0x000000009ff00000)"],
            {"venus@9f800000": reserved(0x9F80_0000, 8 * MIB, "no-map"), "ramoops@9fe00000": reserved(0x9FE0_0000, MIB, compatible="ramoops")}, ("system", "reserved")),
        ("warn", "cma.region-overlap"), ("venus@9f800000, ramoops@9fe00000; no pool for buffers",)),
    Row("revyos/thead-kernel#98: a window that is no larger than its region", field_board(
            "5.10.113", ["OF: reserved mem: failed to allocate memory for node 'linux,cma'"], {"linux,cma": cma(None, 320 * MIB, DEFAULT, ranges=[(0x6400_0000, 320 * MIB)])},
            cma_kib=(0, 0), __proc__iomem="00000000-ffffffff : System RAM\n  6f000000-6f7fffff : reserved\n"),
        ("fail", "cma.region-does-not-fit"), ("memory that was reserved at boot at 0x6f000000 (8 MiB) lies in 0x64000000 to 0x78000000",)),
    Row("riscv/meta-riscv#636: a pool that is smaller than a MiB", field_board(
            "6.18.3", ["Reserved memory: created DMA memory pool at 0x0000000100700000, size 0 MiB", "OF: reserved mem: initialized node vdev0buffer@100700000, compatible id shared-dma-pool"],
            {"linux,cma": cma(0x1_4000_0000, 512 * MIB, DEFAULT), "vdev0buffer@100700000": pool(0x1_0070_0000, 0xF_C000, "no-map")},
            ("system", "default_cma_region", "linux,cma"), kernel={"DMABUF_HEAPS_CMA_LEGACY": "y"}), None),
    Row("Linux 11a6a5bb72ce, Kontron SA67: a size of one cell where there have to be two", field_board(
            "6.18.5", ["OF: reserved mem: invalid size property in 'linux,cma' node."], {"linux,cma": cma(None, 0, DEFAULT)}, cma_kib=(0, 0), more_files={POOL_SIZE: "\x10\0\0\0"}),
        ("fail", "cma.region-cells"), ("linux,cma", "as many cells")),
    # -- a rule that is missing
    Row("GrapheneOS/device_google_gs-common edgetpu/sepolicy", field_board("6.1.75-android14-11", [EDGETPU], {}, ("system", "reserved"), more_files=ENFORCING),
        ("fail", "selinux.denied"), ("allow edgetpu_dba_server dmabuf_system_heap_device:chr_file r_file_perms;",)),
    Row("qualcomm/fastrpc#298: the form of 6.19", field_board(
            "6.19.0-next", ["WARNING: drivers/misc/fastrpc.c:760 at fastrpc_mmap+0x98/0xa0, CPU#2: fastrpc_test/835", "CPU: 2 UID: 1001 PID: 835 Comm: fastrpc_test Tainted: G        W           6.19.0-next #42 PREEMPT",
                            "pc : fastrpc_mmap+0x98/0xa0", "Call trace:", " fastrpc_mmap+0x98/0xa0 (P)", " dma_buf_mmap_internal+0x4c/0x90", " __mmap_region+0x5c/0x900", "---[ end trace 0000000000000000 ]---"],
            {}, ("system", "default_cma_region"), kernel={"DMABUF_SYSFS_STATS": "", "DMABUF_HEAPS_CMA_LEGACY": ""}),
        ("fail", "kernel.complaint-in-heaps"), ("WARNING in fastrpc_mmap at drivers/misc/fastrpc.c:760", "dma_buf_mmap_internal")),
    # -- buffers on 32-bit ARM without LPAE
    Row("a report on OMAP3, with 5.4", field_board(
            "5.7.0", ["WARNING: CPU: 0 PID: 1818 at mm/page_alloc.c:4859 __alloc_pages_nodemask+0x9c/0xb1c", "CPU: 0 PID: 1818 Comm: v4l2 Tainted: G        W         5.7.0 #18", "Backtrace: ",
                      "[<c0231ff4>] (__alloc_pages_nodemask) from [<c01108f0>] (__dma_alloc_buffer.constprop.14+0x3c/0x90)", " r10:00000cc0 r9:c0185c3c r8:00000000 r7:010ec000",
                      "[<c01108b4>] (__dma_alloc_buffer.constprop.14) from [<c0110a6c>] (remap_allocator_alloc+0x34/0x7c)", "[<c0110a38>] (remap_allocator_alloc) from [<c010f4f4>] (__dma_alloc+0x124/0x21c)"],
            heaps=("system", "reserved")),
        ("warn", "kernel.buffer-too-large"), ("v4l2 asked for more contiguous memory",)),
    # -- stalls
    Row("oxidecomputer/propolis#376, cilium/tetragon#328", field_board("6.1.38", STALL, heaps=("system", "reserved"), more_files=VIRTUAL),
        ("warn", "kernel.cpu-starved"), ("the host of this virtual machine was too busy, or its kernel is stuck", "0 ticks this GP", "kthread starved for 5252 jiffies")),
    Row("the same on a board that is not virtual", field_board("6.1.38", STALL, heaps=("system", "reserved")), ("warn", "kernel.complaint"), ("kthread starved for 5252 jiffies",)),
)  # fmt: skip


def _config(name: str, *heaps: dict[str, Any]) -> BoardConfig:
    return BoardConfig.model_validate({"name": name, "title": "A board from a tracker", "heaps": list(heaps)})


SYSTEM = {"name": "system", "kind": "system"}
POOL = {"declared_in": "device-tree", "size": 64 * MIB, "reusable": True, "default": True}
AS_ON_ANDROID = {"mode": "0444", "owner": "system", "group": "system"}
CONFIGS = {
    config.name: config
    for config in (
        _config("rockchip", SYSTEM, {"name": "cma", "kind": "cma"}, {"name": "system-uncached", "kind": "system-uncached"}),
        _config("imx", SYSTEM, {"name": "linux,cma", "kind": "cma"}, {"name": "linux,cma-uncached", "kind": "cma", "region": POOL | {"node_name": "linux,cma"}}),
        _config("android", SYSTEM | {"node": AS_ON_ANDROID}, {"name": "linux,cma", "kind": "cma", "node": AS_ON_ANDROID}),
        _config("audio", {"name": "audio@b0000000", "kind": "cma", "region": {"declared_in": "device-tree", "base": 0xB000_0000, "size": 16 * MIB, "reusable": True}}),
    )
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.report)
def test_what_is_said_of_a_board(row: Row, tmp_path: Path) -> None:
    assert_found(row, tmp_path, CONFIGS.get(row.config))
