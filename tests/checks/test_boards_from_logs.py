"""Boards from public boot logs and device trees, beyond those that were reported as failures of heaps.

Most of them work: vendors' kernels log complaints about regions that nobody needs. Each row names where its facts are from.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.schema import BoardConfig
from tests.support.field_boards import MIB, Row, assert_found, cma, field_board, pool, reserved
from tests.support.scripted_record import HELLO, ScriptedBoard, result

NO_HEAPS = {"DMABUF_HEAPS": "", "DMABUF_HEAPS_SYSTEM": "", "DMABUF_HEAPS_CMA": ""}
DEFAULT = "linux,cma-default"


def failed(node: str, base: int, mib: int) -> str:
    return f"OF: fdt: Reserved memory: failed to reserve memory for node '{node}': base 0x{base:016x}, size {mib} MiB"


def with_64k_pages(board: ScriptedBoard) -> ScriptedBoard:
    board.hello = (board.hello or HELLO) | {"page_size": 65536}
    return board


def refused(heap: str) -> dict[str, object]:
    return result(heap, "open", "fail", errno=13, seen="open: EACCES")


def of_a_user(board: ScriptedBoard) -> ScriptedBoard:
    board.hello = (board.hello or HELLO) | {"uid": 1000}
    board.results = [refused(name) for name in board.heaps]
    return board


AMLOGIC = {
    "hwrom@0": reserved(0, 16 * MIB, "no-map"), "secmon@5000000": reserved(0x500_0000, 3 * MIB, "no-map"),
    "secmon@5300000": reserved(0x530_0000, 32 * MIB, "no-map"), "linux,cma": cma(None, 256 * MIB, DEFAULT, alignment=0x40_0000),
}  # fmt: skip
Q6 = "q6_code_data@4B000000 (0x4b000000--0x4b060000) overlaps with q6_mem_regions@4B000000 (0x4b000000--0x50400000)"
IPQ5018 = {
    "q6_code_data@4B000000": reserved(0x4B00_0000, 0x6_0000, "no-map"), "q6_mem_regions@4B000000": reserved(0x4B00_0000, 0x540_0000, "no-map"),
}  # fmt: skip
PER_REGION = {
    "linux,cma": cma(None, 64 * MIB, DEFAULT), "audio@b0000000": cma(0xB000_0000, 16 * MIB), "adsp@b2000000": cma(0xB200_0000, 16 * MIB),
}  # fmt: skip
RK = {"cma": cma(0x1000_0000, 256 * MIB, DEFAULT)}
ROWS = (
    # -- boards that work, whatever their logs say
    Row("LuckfoxTECH/luckfox-pico#208", field_board(
            "5.10.160", [failed("drm-logo@00000000", 0, 0), "Reserved memory: created CMA memory pool at 0x0f600000, size 10 MiB", "cma: Reserved 1024 KiB at 0x0f500000"],
            {"drm-logo@00000000": reserved(0, 0, compatible="rockchip,drm-logo"), "linux,cma": cma(None, 10 * MIB, DEFAULT)},
            ("system", "linux,cma"), cells=(1, 1), cma_kib=(11264, 9000)), None),
    Row("Joshua-Riek/ubuntu-rockchip#759", field_board("6.1.0-1012-rockchip", [], RK, {"cma": {"mode": 0o660}, "system": {"mode": 0o660}}), None),
    Row("armbian/linux-rockchip#528", field_board("6.1.115", [], {"cma": cma(None, 8 * MIB, DEFAULT)}, ("system", "cma"), cma_kib=(8192, 1000)), None),
    Row("OpenIPC/linux#36", field_board(
            "5.10.0", [], {"mmz_cma": cma(None, 768 * MIB, DEFAULT, ranges=[(0x8000_0000, 0x4000_0000)])}, ("system", "mmz_cma"), cells=(1, 1)), None),
    Row("raspberrypi/linux#3571: heaps as a backport in 5.4", field_board(
            "5.4.38-v8+", ["Reserved memory: bypass linux,cma node, using cmdline CMA params instead", "OF: reserved mem: node linux,cma compatible matching fail", "cma: Reserved 384 MiB at 0x0000000016c00000"],
            {"linux,cma": cma(None, 64 * MIB, DEFAULT)}, ("system", "reserved"), __proc__cmdline="cma=384M\n"), None),
    Row("riscv/meta-riscv#668", field_board(
            "6.18.3", ["OF: reserved mem: 0x0000000140000000..0x000000015fffffff (524288 KiB) map reusable linux,cma", "OF: reserved mem: 0x00000000c0876000..0x00000000c0878fff (12 KiB) nomap non-reusable vdev0vring0@c0876000"],
            {"linux,cma": cma(0x1_4000_0000, 512 * MIB, DEFAULT), "vdev0vring0@c0876000": reserved(0xC087_6000, 0x3000, "no-map")},
            ("system", "default_cma_region", "linux,cma"), kernel={"DMABUF_HEAPS_CMA_LEGACY": "y"}), None),
    Row("mihakralj/vyos-ls1046a-build#37", field_board(
            "6.6.137", ["OF: reserved mem: initialized node bman-fbpr, compatible id shared-dma-pool"], {"bman-fbpr": pool(None, 16 * MIB, "no-map")}, ("system", "reserved")), None),
    Row("armbian/build#10587: size and alloc-ranges beside reg", field_board(
            "6.1.75", [], {"linux,cma": cma(0x4300_0000, 80 * MIB, DEFAULT, ranges=[(0x4300_0000, 80 * MIB)])}, ("system", "linux,cma"), cma_kib=(81920, 80000)),
        None, config="cubie"),
    # -- complaints about firmware's memory
    Row("ophub/amlogic-s9xxx-armbian#172, khadas/fenix#197", field_board(
            "5.16.14", [failed("hwrom@0", 0, 16), failed("secmon@5000000", 0x500_0000, 3), failed("secmon@5300000", 0x530_0000, 32)], AMLOGIC, ("system", "linux,cma")),
        ("warn", "cma.region-does-not-fit"), ("did not set aside hwrom@0, secmon@5000000, secmon@5300000", "/proc/iomem")),
    Row("sonyxperiadev/kernel#1727", field_board(
            "5.10.40", ["OF: reserved mem: OVERLAP DETECTED!", "ramoops (0x0000000057f00000--0x0000000058000000) overlaps with pstore_reserve_mem_region@57f00000 (0x0000000057f00000--0x0000000058000000)"],
            {"ramoops": reserved(0x57F0_0000, MIB, compatible="ramoops"), "pstore_reserve_mem_region@57f00000": reserved(0x57F0_0000, MIB, "no-map")}, ("system", "reserved")),
        ("warn", "cma.region-overlap"), ("ramoops, pstore_reserve_mem_region@57f00000",)),
    Row("7.3 names the region that it leaves out", field_board(
            "7.3.4", ["OF: reserved mem: not enough space for all defined regions, skip 'secmon@5000000'"], AMLOGIC, ("system", "default_cma_region", "linux,cma")),
        ("warn", "cma.region-count"), ("secmon@5000000; no pool",)),
    # -- kernels that are too old, and ones that lack CMA
    Row("1980490718/u-boot-2016#4", field_board(
            "4.4.60", ["Reserved memory: not enough space all defined regions.", "Reserved memory: OVERLAP DETECTED!", Q6], IPQ5018, (), cells=(1, 1), kernel=NO_HEAPS | {"CMA": "n", "DMA_CMA": ""}, cma_kib=None),
        ("fail", "kernel.too-old")),
    Row("rockchip-linux/mpp#915", field_board("4.19.232", [], {"linux,cma": cma(None, 8 * MIB, DEFAULT)}, (), kernel=NO_HEAPS | {"ION": "y"}), ("fail", "kernel.too-old")),
    Row("antmicro/sdi-mipi-bridge-hw#6", field_board("4.9.140", [failed("fb0_carveout", 0, 0)] * 2, {"fb0_carveout": reserved(0, 0)}, (), kernel=NO_HEAPS),
        ("fail", "kernel.too-old"), never=("cma.region-does-not-fit",)),
    Row("keystone-enclave/keystone#410", field_board("6.1.32", kernel={"DMA_CMA": "", "CMA_SIZE_MBYTES": "", "DMABUF_HEAPS_CMA": ""}, cma_kib=(0, 0)),
        ("warn", "kconfig.cma-off"), ("CONFIG_DMA_CMA=y",), ("kconfig.cma-heap-off", "cma.size-zero")),
    Row("NVIDIA/NV-Kernels#403: no default area, on purpose", field_board("6.17.9", kernel={"CMA_SIZE_MBYTES": "0"}, cma_kib=(0, 0)),
        ("warn", "cma.size-zero"), never=("kconfig.cma-size-zero", "kconfig.cma-heap-renamed")),
    # -- regions that the kernel could not take
    Row("raspberrypi/linux#6053", with_64k_pages(field_board(
            "6.1.73", ["Reserved memory: incorrect alignment of CMA region", "OF: reserved mem: node linux,cma compatible matching fail", "cma: Failed to reserve 512 MiB"],
            {"linux,cma": cma(None, 64 * MIB, DEFAULT, ranges=[(0, 0x4000_0000)])}, cells=(2, 1), cma_kib=(0, 0))),
        ("fail", "cma.region-page-size"), ("multiples of 0x20000000",)),
    Row("ikwzm/udmabuf#104", field_board("5.15.36", ["OF: fdt: Reserved memory: unsupported node format, ignoring", "cma: Reserved 1252 MiB at 0x000000002f800000"], {}, ("system", "reserved"), cells=(2, 1)),
        ("fail", "cma.reserved-ignored"), ("the root's #address-cells and #size-cells",)),
    Row("ikwzm/udmabuf#111", field_board(
            "5.4.0", ["OF: reserved mem: node image_buf@0 compatible matching fail"], {"image_buf@0": cma(0x3200_0000, 0x3300_0000)}, ("system", "reserved"), __proc__iomem="00000000-3fffffff : System RAM\n"),
        ("fail", "cma.region-does-not-fit"), ("not all of 0x32000000 to 0x65000000 is memory of this board",)),
    Row("android-rpi/device_arpi_rpi4#82: gpu_mem=512", field_board(
            "5.10.63", ["OF: reserved mem: failed to allocate memory for node 'linux,cma'"], {"linux,cma": cma(None, 512 * MIB, DEFAULT, ranges=[(0, 0x3000_0000)])},
            cells=(2, 1), cma_kib=(0, 0), __proc__iomem="00000000-1fffffff : System RAM\n40000000-fbffffff : System RAM\n"),
        ("fail", "cma.region-does-not-fit"), ("of 0x0 to 0x30000000 Linux got only 512 MiB, firmware keeps the rest", "gpu_mem")),
    Row("bperez77/xilinx_axidma#95", field_board("5.15.19", ["cma: Failed to reserve 2048 MiB"], kernel={"CMA_SIZE_MBYTES": "2048"}, cma_kib=(0, 0)),
        ("fail", "cma.region-does-not-fit"), ("CONFIG_CMA_SIZE_MBYTES=2048",)),
    # -- one heap per area, on a kernel that is older than that
    Row("qualcomm-linux/kernel#839: not backported", field_board("6.12.40", [], PER_REGION, ("system", "linux,cma")), ("fail", "cma.default-only"), config="audio"),
    Row("qualcomm-linux/kernel#839: backported", field_board("6.12.40", [], PER_REGION, ("system", "linux,cma", "adsp@b2000000")),
        ("fail", "cma.region-rejected"), ("made no CMA area of audio@b0000000",), never=("cma.default-only",), config="audio"),
    # -- allocations that failed
    Row("deepin-community/kernel#710", field_board("6.6.84", ["cma: cma_alloc: reserved: alloc failed, req-size: 64 pages, ret: -12"] * 3, {}, ("system", "reserved"), cma_kib=(65536, 0)),
        ("warn", "cma.exhausted"), ("3 CMA allocations failed", "256 KiB of reserved")),
    Row("slaclab/aes-stream-drivers#87", field_board("5.15.36", ["cma: cma_alloc: alloc failed, req-size: 512 pages, ret: -12"] * 6, {}, ("system", "reserved"), cma_kib=(1048576, 300000)),
        ("warn", "cma.fragmented"), ("enlarge the pool",)),
    Row("sailfish-on-dontbeevil/droid-config-pinephone#55", field_board("5.9.3", ["cma: cma_alloc: alloc failed, req-size: 1846 pages, ret: -12"], {}, ("system", "reserved"), cma_kib=(16384, 5000)),
        ("warn", "cma.exhausted")),
    # -- nodes that only root may open
    Row("qualcomm-linux/meta-qcom#1552, devDucks/astroarch#104, armbian/build#10085", of_a_user(field_board("6.18.8", [], {}, {"system": {"mode": 0o600, "uid": 0, "gid": 0}})),
        ("fail", "node.mode"), ('SUBSYSTEM=="dma_heap"', "udevadm"), alone=True),
)  # fmt: skip
CUBIE = BoardConfig.model_validate(
    {
        "name": "cubie", "title": "Radxa Cubie A5E",
        "heaps": [
            {"name": "system", "kind": "system"},
            {"name": "linux,cma", "kind": "cma", "region": {"declared_in": "device-tree", "node_name": "linux,cma", "base": 0x4300_0000, "size": 80 * MIB, "reusable": True, "default": True}},
        ],
    }
)  # fmt: skip
AUDIO = BoardConfig.model_validate({
    "name": "audio", "title": "A board with an audio pool",
    "heaps": [{"name": "audio@b0000000", "kind": "cma", "region": {"declared_in": "device-tree", "base": 0xB000_0000, "size": 16 * MIB, "reusable": True}}],
})  # fmt: skip


CONFIGS = {"audio": AUDIO, "cubie": CUBIE}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.report)
def test_what_is_said_of_a_board(row: Row, tmp_path: Path) -> None:
    assert_found(row, tmp_path, CONFIGS.get(row.config))
