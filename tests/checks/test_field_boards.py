"""Boards from public reports: what is said of each first, and what is never said of it.

Only facts are carried over (a line of a log, an option, a node); each row names the report that they are from.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.field_boards import MIB, Row, assert_found, cma, field_board, pool, reserved
from tests.support.scripted_record import result

PI = {"cells": (2, 1), "compatible": ("raspberrypi,4-model-b", "brcm,bcm2711")}
K3 = {
    "linux,cma": cma(0x1_4000_0000, 512 * MIB, "linux,cma-default"),
    "mmode_resv0@1,0": reserved(0x1_0000_0000, 0x40000, "no-map"),
}
UNMATCHED = "OF: reserved mem: node linux,cma compatible matching fail"
WINDOW = {"linux,cma": cma(None, 512 * MIB, "linux,cma-default", ranges=[(0, 0x3000_0000)])}
RTOS = {"rtos@20000000": pool(None, 10 * MIB, "no-map", ranges=[(0, 0x2000_0000)])}
NO_ROOM = "OF: reserved mem: failed to allocate memory for node 'linux,cma': size 512 MiB"
RAM = "00000000-3b3fffff : System RAM\n40000000-fbffffff : System RAM\n"
RK3588 = {"cma": cma(0x1000_0000, 128 * MIB, "linux,cma-default")}
ROCKCHIP = ("system", "system-uncached", "system-dma32", "cma", "cma-uncached")
ENOMEM = "cma: cma_alloc: cma: alloc failed, req-size: 512 pages, ret: -12"
RUNS = "cma: number of available pages: 1@543+1@575+114@2190+69@8379+69@14523+69@20667+5957@26811=> 6402 free of 32768 total pages"
AVC = 'audit: type=1400 audit(1.4:7): avc:  denied  {{ {rights} }} for  pid=9 comm="{comm}" name="{name}" dev="{dev}" ino=9 scontext={source} tcontext={target} tclass={cls} permissive=0'
ENFORCING = {"/sys/fs/selinux/enforce": "1"}
LINK = {"type": "link", "mode": 0o777, "uid": 0, "gid": 0}
TWO_CMA = "cma=64M cma=256M"
ROWS = (
    # -- the board and its configuration are believed before the release
    Row("android12-5.4 gki_defconfig", field_board("5.4.210-android12-0-00001-gabcdef", heaps=("system", "reserved")), None),
    Row("airockchip/librga#125", field_board("4.19.232", heaps=(), kernel={"DMABUF_HEAPS": "n", "DMABUF_HEAPS_SYSTEM": "", "DMABUF_HEAPS_CMA": "", "ION": "y"}),
        ("fail", "kconfig.heaps-off"), ("CONFIG_DMABUF_HEAPS=y",), ("kernel.too-old",), alone=True),
    Row("a 4.19 kernel whose tree has no heaps", field_board("4.19.95", heaps=(), kernel={"DMABUF_HEAPS": "", "DMABUF_HEAPS_SYSTEM": "", "DMABUF_HEAPS_CMA": "", "ION": "y"}),
        ("fail", "kernel.too-old"), alone=False),
    # -- what the log says already
    Row("a module of another build", field_board(
            "7.2.1", ["system_heap: disagrees about version of symbol module_layout"], heaps=("reserved",), kernel={"DMABUF_HEAPS_SYSTEM": "m"}),
        ("fail", "module.not-loaded"), ("refused to load it", "system_heap: disagrees about version of symbol module_layout", "build the module from the sources")),
    # -- what the kernel rejected, and whether anybody needs it
    Row("radxa/meta-rockchip#4, Joshua-Riek/ubuntu-rockchip#907", field_board(
            "5.10.66",
            ["OF: fdt: Reserved memory: failed to reserve memory for node 'drm-logo@00000000': base 0x0000000000000000, size 0 MiB",
             "OF: fdt: Reserved memory: failed to reserve memory for node 'drm-cubic-lut@00000000': base 0x0000000000000000, size 0 MiB",
             "Reserved memory: created CMA memory pool at 0x0000000010000000, size 256 MiB",
             "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool"],
            {"linux,cma": cma(0x1000_0000, 256 * MIB, "linux,cma-default"), "drm-logo@00000000": reserved(0, 0, compatible="rockchip,drm-logo"),
             "drm-cubic-lut@00000000": reserved(0, 0, compatible="rockchip,drm-cubic-lut")},
            ("system", "linux,cma")),
        None, never=("cma.region-does-not-fit",)),
    Row("kernelci/kernelci-project#105", field_board(
            "5.17.0-rc2",
            ["OF: reserved mem: OVERLAP DETECTED!",
             "memory@86000000 (0x0000000086000000--0x000000008ec00000) overlaps with memory@8b700000 (0x000000008b700000--0x000000008b710000)"],
            {"memory@86000000": reserved(0x8600_0000, 0x8C0_0000, "no-map"), "memory@8b700000": reserved(0x8B70_0000, 0x1_0000, "no-map"),
             "linux,cma": cma(None, 64 * MIB, "linux,cma-default")},
            ("system", "linux,cma")),
        ("warn", "cma.region-overlap"), ("memory@86000000, memory@8b700000", "no pool for buffers")),
    Row("an overlap with a pool", field_board(
            "6.6.10", ["OF: reserved mem: OVERLAP DETECTED!", "fw@50000000 (0x50000000--0x50200000) overlaps with video@50000000 (0x50000000--0x51000000)"],
            {"fw@50000000": reserved(0x5000_0000, 2 * MIB, "no-map"), "video@50000000": cma(0x5000_0000, 16 * MIB)}, ("system", "reserved")),
        ("fail", "cma.region-overlap")),
    Row("RVCK-Project/rvck#171", field_board("6.6.0", [UNMATCHED], K3, kernel={"DMA_CMA": "n", "DMABUF_HEAPS_CMA": ""}, cma_kib=(0, 0)),
        ("fail", "kconfig.cma-off"), ("CONFIG_DMA_CMA=y", UNMATCHED), ("cma.region-rejected", "kconfig.cma-heap-off")),
    Row("a node that the kernel does not match, though it has DMA_CMA", field_board("6.6.0", [UNMATCHED], K3, ("system", "reserved")),
        ("fail", "cma.region-rejected")),
    Row("1980490718/u-boot-2016#4: the wording up to 5.7", field_board("5.4.20", ["OF: reserved mem: not enough space all defined regions."] * 2, {"linux,cma": cma(None, 64 * MIB, "linux,cma-default")}),
        ("fail", "cma.region-count"), ("linux,cma was not made",)),
    Row("more regions than the kernel has room for, and no pool among them", field_board(
            "5.10.43", ["OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool", "OF: reserved mem: not enough space for all defined regions."],
            {"linux,cma": cma(None, 64 * MIB, "linux,cma-default")}, ("system", "linux,cma")),
        ("warn", "cma.region-count")),
    # -- what lies in the way
    Row("TImada/raspi4_freertos#9", field_board(
            "6.6.74-v8+",
            ["Reserved memory: created DMA memory pool at 0x000000001f600000, size 10 MiB",
             "OF: reserved mem: initialized node rtos@20000000, compatible id shared-dma-pool",
             "OF: reserved mem: 0x000000001f600000..0x000000001fffffff (10240 KiB) nomap non-reusable rtos@20000000", NO_ROOM],
            {**RTOS, **WINDOW}, cells=(2, 1), __proc__iomem=RAM, cma_kib=(0, 0)),
        ("fail", "cma.region-does-not-fit"), ("rtos@20000000 at 0x1f600000 (10 MiB)", "give rtos@20000000 a fixed address (reg) outside of 0x0 to 0x30000000")),
    Row("an initial ramdisk in the way", field_board(
            "6.6.74", [NO_ROOM, "Initial ramdisk at: 0x18000000 (33554432 bytes)"], WINDOW, cells=(2, 1), __proc__iomem=RAM, cma_kib=(0, 0)),
        ("fail", "cma.region-does-not-fit"), ("the initial ramdisk at 0x18000000 (32 MiB)", "boot loader")),
    Row("a region that is not in RAM", field_board(
            "6.6.74", ["OF: reserved mem: failed to reserve memory for node 'video@c0000000': base 0x00000000c0000000, size 64 MiB"],
            {"video@c0000000": cma(0xC000_0000, 64 * MIB)}, ("system", "reserved"), __proc__iomem="40000000-7fffffff : System RAM\n"),
        ("fail", "cma.region-does-not-fit"), ("is memory of this board",)),
    # -- the default CMA heap has many names
    Row("Joshua-Riek/ubuntu-rockchip#907: a healthy board of Rockchip", field_board("6.1.75-vendor-rk35xx", [], RK3588, ROCKCHIP, cma_kib=(131072, 120000)), None),
    Row("armbian/linux-rockchip#241", field_board("6.1.75-vendor-rk35xx", [ENOMEM], RK3588, ROCKCHIP, cma_kib=(131072, 500)),
        ("fail", "cma.exhausted"), ("enlarge the pool", ENOMEM), ("heap.no-memory",),
        results=(result("cma", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM"),)),
    Row("Rockchip's HDMI-IN guide for Android", field_board("6.1.75", ["cma: __cma_alloc: cma: alloc failed, req-size: 6075 pages, ret: -12", RUNS], RK3588, ROCKCHIP, cma_kib=(131072, 25608)),
        ("warn", "cma.fragmented"), ("enlarge the pool",)),
    Row("Freescale/libimxvpuapi#54: a Coral board", field_board("5.4.47", [], {}, ("system", "reserved", "reserved-uncached")), None),
    Row("an i.MX heap for uncached memory that got none", field_board("5.4.47", ["cma: cma_alloc: alloc failed, req-size: 512 pages, ret: -12"], {}, ("system", "reserved", "reserved-uncached"), cma_kib=(131072, 500)),
        ("fail", "cma.exhausted"), results=(result("reserved-uncached", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM"),)),
    # -- a config says the least that there has to be
    Row("raspberrypi/linux#5376, home-assistant/operating-system#4652", field_board(
            "6.1.43-v8+", ["Reserved memory: created CMA memory pool at 0x0000000010000000, size 512 MiB", "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool"],
            WINDOW, {"system": {}, "linux,cma": {"mode": 0o666, "gid": 1003}}, cells=(2, 1), cma_kib=(524288, 500000), __proc__iomem="00000000-3b3fffff : System RAM\n"),
        ("warn", "drift.device-tree"), ("gives at least what rpi4 says", "the board has 0x20000000"), config="rpi4"),
    Row("a pool that is smaller than its config says", field_board(
            "6.1.43-v8+", [], {"linux,cma": cma(None, 32 * MIB, "linux,cma-default", ranges=[(0, 0x3000_0000)])},
            {"system": {}, "linux,cma": {"mode": 0o666, "gid": 1003}}, cells=(2, 1), cma_kib=(524288, 500000), __proc__iomem=RAM),
        ("fail", "drift.device-tree"), ("the board has 0x2000000",), config="rpi4"),
    # -- links, and who asks
    Row("postmarketOS: system is a link", field_board(
            "6.17.4", heaps={"default_cma_region": {"mode": 0o666}, "linux,cma": {"mode": 0o666}, "system": {**LINK, "target": "default_cma_region"}},
            kernel={"DMABUF_HEAPS_SYSTEM": "n"}),
        ("warn", "heap.link"), ("a link to default_cma_region, a CMA heap", "CONFIG_DMABUF_HEAPS_SYSTEM=y")),
    Row("a second name for the same heap (udev's SYMLINK)", field_board(
            "6.17.4", heaps={"system": {}, "default_cma_region": {"mode": 0o666}, "linux,cma": {**LINK, "target": "default_cma_region"}, "vidbuf_cached": {**LINK, "target": "/dev/dma_heap/system"}},
            kernel={"DMABUF_HEAPS_CMA_LEGACY": "y"}),
        None),
    Row("fedora-selinux/selinux-policy#763", field_board(
            "5.12.7", [AVC.format(rights="search", comm="setroubleshootd", name="dma_heap", dev="devtmpfs", source="system_u:system_r:setroubleshootd_t:s0", target="system_u:object_r:dma_device_t:s0", cls="dir")],
            heaps=("system", "reserved"), more_files=ENFORCING),
        ("warn", "selinux.looked"), ("setroubleshootd_t",), ("selinux.denied",)),
    Row("GrapheneOS/device_google_gs-common audio/sepolicy", field_board(
            "6.1.75", [AVC.format(rights="read open", comm="audio", name="aaudio", dev="tmpfs", source="u:r:hal_audio_default:s0", target="u:object_r:dmabuf_heap_device:s0", cls="chr_file")],
            heaps=("system", "reserved", "aaudio"), more_files=ENFORCING),
        ("fail", "selinux.denied"), ("allow hal_audio_default dmabuf_heap_device:chr_file r_file_perms;",)),
    # -- the command line
    Row("raspberrypi/linux#5279", field_board("5.10.103", ["cma: Failed to reserve 256 MiB"], WINDOW, cells=(2, 1), cma_kib=(0, 0), __proc__cmdline=f"{TWO_CMA} console=tty1\n"),
        ("fail", "cma.region-does-not-fit"), ("cma=256M asks for", "cma=64M before it has no effect")),
    Row("two cma=, the last one counts", field_board(
            "6.1.50", ["Reserved memory: bypass linux,cma node, using cmdline CMA params instead", UNMATCHED], WINDOW, ("system", "reserved"),
            cells=(2, 1), cma_kib=(32768, 32768), __proc__cmdline="cma=256M quiet cma=32M\n"),
        ("fail", "heap.renamed"), ("cma=32M replaces", "drop cma=256M and cma=32M"), config="rpi4", alone=False),
    Row("nischi/MMM-Face-Reco-DNN#147, analogdevicesinc/libiio#1329", field_board(
            "6.1.63-v8+", ["Reserved memory: bypass linux,cma node, using cmdline CMA params instead", UNMATCHED, "cma: Reserved 400 MiB at 0x0000000015c00000"],
            WINDOW, ("system", "reserved"), cells=(2, 1), cma_kib=(409600, 409600), __proc__cmdline="cma=400M\n"),
        ("fail", "heap.renamed"), ("drop cma=400M",), config="rpi4", alone=False),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.report)
def test_the_first_finding_of_a_board_from_the_field(row: Row, tmp_path: Path) -> None:
    assert_found(row, tmp_path)
