"""Regions that the kernel rejected, and the nodes that it would take."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bringup.causes.known import known_causes
from bringup.causes.region_rejected import region_rejected, rejections
from bringup.facts.memory.cma_areas import cma_granule
from bringup.results.verdict import Diagnosis
from tests.support.said import Said
from tests.support.scripted_facts import VIDEO, facts, kconfig, lines_of
from tests.support.scripted_record import HELLO, broken, files

MISALIGNED = "Reserved memory: incorrect alignment of CMA region\n"
NO_MATCH = "OF: reserved mem: node {} compatible matching fail\n"


def region(base: int, size: int, *flags: str) -> dict[str, Any]:
    reg = base.to_bytes(8) + size.to_bytes(8)
    named = {f"{VIDEO}/compatible": "shared-dma-pool\0", f"{VIDEO}/reg": reg}
    return {**named, **{f"{VIDEO}/{flag}": "" for flag in flags}}


def refused(folder: Path, said: str, tree: dict[str, Any], **board: Any) -> Diagnosis:
    known = facts(broken(files=files(dmesg=said) | tree, **board), folder)
    return region_rejected(known, rejections(known))


@pytest.mark.parametrize(
    ("log", "tree", "board", "cause", "thread"),
    [
        (MISALIGNED, region(0x40000000, 0x4C0000, "reusable"), {}, "cma.region-misaligned", "ikwzm/udmabuf/issues/126"),
        (MISALIGNED, region(0x6FC00000, 0x100000, "reusable"), {}, "cma.region-misaligned", "ikwzm/udmabuf/issues/29"),
        (MISALIGNED, region(0x2AE00000, 0x4000000, "reusable"), {"hello": HELLO | {"page_size": 65536}}, "cma.region-page-size", "raspberrypi/linux/issues/6053"),
        ("OF: reserved mem: failed to allocate memory for node 'linux,cma'\n", {}, {}, "cma.region-does-not-fit", "android-rpi/device_arpi_rpi4/issues/82"),
        (NO_MATCH.format("video@50100000"), region(0xD8000000, 0x800000, "reusable", "no-map"), {}, "cma.region-no-map", "ikwzm/udmabuf/issues/47"),
        ("cma: Failed to reserve 64 MiB\n", {}, {"config": kconfig(ARCH_FORCE_MAX_ORDER="14")}, "cma.region-max-order", "linux4sam/linux-at91/issues/50"),
        (NO_MATCH.format("video@50100000"), region(0x50000000, 0x800000, "reusable"), {}, "cma.region-rejected", "ikwzm/udmabuf/issues/60"),
    ],
    ids=["misaligned size", "misaligned base", "64 KiB pages", "no room", "no-map", "MAX_ORDER", "rejected"],
)  # fmt: skip
def test_the_mistakes_that_people_make(
    tmp_path: Path, said: Said, log: str, tree: dict[str, Any], board: dict[str, Any], cause: str, thread: str
) -> None:
    why = refused(tmp_path, log, tree, **board)
    said(why)
    assert why.cause is not None
    assert why.cause.id == cause
    assert log.strip() in why.evidence
    known = known_causes().get(cause)
    assert known is not None
    assert any(link.url.endswith(thread) for link in known.seen_before)


@pytest.mark.parametrize(
    ("name", "flag", "total", "cause"),
    [
        ("video@50100000", "reusable", "", "kconfig.cma-off"),
        ("video@50100000", "reusable", "CmaTotal: 65536 kB\n", "cma.region-rejected"),
        ("video@50100000", "no-map", "", "cma.region-rejected"),
        ("other@40000000", "reusable", "", "cma.region-rejected"),
    ],
    ids=["right, and no CMA", "right, and CMA", "not reusable", "another node"],
)
def test_without_a_configuration_a_right_node_shows_that_there_is_no_cma(
    tmp_path: Path, name: str, flag: str, total: str, cause: str
) -> None:
    tree = region(0x50000000, 0x800000, flag) | {"/proc/meminfo": f"MemTotal: 2014208 kB\n{total}"}
    why = refused(tmp_path, NO_MATCH.format(name), tree, config=None)
    assert why.cause is not None
    assert why.cause.id == cause


def test_what_the_kernel_says_twice_is_one_cause(tmp_path: Path) -> None:
    why = refused(tmp_path, MISALIGNED + NO_MATCH.format("video@50100000"), region(0x50100000, 0x1000000, "reusable"))
    assert why.cause is not None
    assert why.cause.id == "cma.region-misaligned"
    assert why.alternatives == ()


def test_two_refusals_stand_beside_each_other(tmp_path: Path, said: Said) -> None:
    log = MISALIGNED + "OF: reserved mem: OVERLAP DETECTED!\na (0x0--0x1) overlaps with b (0x1--0x2)\n"
    why = refused(tmp_path, log, region(0x50100000, 0x1000000, "reusable"))
    said(why)
    assert why.cause is not None
    assert why.cause.id == "cma.region-misaligned"
    assert [one.cause.id for one in why.alternatives] == ["cma.region-overlap"]


@pytest.mark.parametrize(
    ("names", "said_of_them"),
    [
        (("video@50100000", "gone@0"), "gone@0 is not in the live device tree"),
        (("gone@0", "lost@1"), "gone@0, lost@1 are not in the live device tree"),
    ],
)
def test_of_a_node_that_only_the_log_names_nothing_is_known(
    tmp_path: Path, names: tuple[str, str], said_of_them: str
) -> None:
    overlap = "OF: reserved mem: OVERLAP DETECTED!\n{} (0x0--0x2) overlaps with {} (0x1--0x3)\n".format(*names)
    firmware = {f"{VIDEO}/no-map": "", f"{VIDEO}/reg": bytes(16), f"{VIDEO}/compatible": "fw\0"}
    why = refused(tmp_path, overlap, firmware)
    assert why.cause is not None
    assert why.cause.id == "cma.region-overlap"
    assert said_of_them in why.cause.text
    assert "no pool" not in why.cause.text


@pytest.mark.parametrize("page", [4096, 16384, 65536])
@pytest.mark.parametrize(("base", "size"), [(0x50100000, 0x1000000), (0x4C0000, 0x4C0000), (0x40000000, 1)])
def test_the_fixed_region_holds_the_old_one_and_is_aligned(tmp_path: Path, page: int, base: int, size: int) -> None:
    board = {"hello": HELLO | {"page_size": page}}
    why = refused(tmp_path, MISALIGNED, region(base, size, "reusable"), **board)
    step = cma_granule(facts(broken(**board), tmp_path / "b"))
    assert step is not None
    (line,) = [one for one in lines_of(why, "device-tree/heaps.dtsi") if "reg =" in one]
    cells = [int(cell, 0) for cell in line.partition("<")[2].partition(">")[0].split()]
    begin, length = cells[0] << 32 | cells[1], cells[2] << 32 | cells[3]
    assert begin % step == length % step == 0
    assert begin <= base
    assert base + size <= begin + length


@pytest.mark.skipif(not shutil.which("dtc"), reason="dtc is not installed (Debian: device-tree-compiler)")
def test_the_fixed_node_compiles(tmp_path: Path) -> None:
    why = refused(tmp_path, MISALIGNED, region(0x50100000, 0x1000000, "reusable"))
    root = "/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>; };\n"
    (tmp_path / "a.dts").write_text(root + "\n".join(lines_of(why, "device-tree/heaps.dtsi")))
    subprocess.run(["dtc", "-O", "dtb", "-o", "a.dtb", "a.dts"], cwd=tmp_path, check=True)
