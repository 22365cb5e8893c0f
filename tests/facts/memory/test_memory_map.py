"""Where memory lies: by iomem, the device tree, the kernel's log and sysfs, each alone and together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bringup.facts.board import Facts
from bringup.facts.memory.memory_map import memory_facts
from bringup.record.journal import Journal
from bringup.record.load import load_record
from bringup.results.memory import MemoryFacts, RegionKind
from tests.support.documents import read_back
from tests.support.scripted_record import ScriptedBoard

TREE = "/sys/firmware/devicetree/base/reserved-memory"
IOMEM = """09000000-09000fff : pl011@9000000
40000000-5fffffff : System RAM
  40200000-4068ffff : Kernel code
  40690000-406fffff : reserved
  40700000-4083ffff : Kernel data
  48000000-48f7ffff : reserved
  50000000-50ffffff : reserved
880000000-8ffffffff : System RAM
"""
MIB = 1 << 20


def observed(tmp_path: Path, files: Mapping[str, str | bytes]) -> MemoryFacts:
    memory = known(tmp_path, files)
    assert memory is not None
    return memory


def known(tmp_path: Path, files: Mapping[str, str | bytes]) -> MemoryFacts | None:
    """What a board with these files tells; nothing else of it speaks of memory."""
    board = ScriptedBoard(files={"dmesg": ""})
    folder = tmp_path / "record"
    board.end = {"t": "end", "complete": False, "why": "scripted"}
    board.record(folder)
    with (folder / "record.jsonl").open("a") as out:
        for path, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            journal = Journal.__new__(Journal)
            journal.folder = folder
            line = {"t": "file", "path": path, "state": "ok", "errno": 0, "size": len(data), "truncated": False}
            out.write(json.dumps(line | (journal.store(path + ".new", data) if data else {})) + "\n")
    return memory_facts(Facts(load_record(folder)))


def cells(*numbers: int) -> bytes:
    return b"".join(one.to_bytes(4, "big") for one in numbers)


def test_nothing_known(tmp_path: Path) -> None:
    assert known(tmp_path, {}) is None


def test_banks_and_the_kernel_by_iomem(tmp_path: Path) -> None:
    memory = observed(tmp_path, {"/proc/iomem": IOMEM})
    assert memory.ram == ((0x40000000, 0x60000000), (0x880000000, 0x900000000))
    assert [(one.name, one.kind.value, one.begin, one.end) for one in memory.regions] == [
        ("kernel", "kernel", 0x40200000, 0x40840000),
        ("reserved", "boot", 0x48000000, 0x48F80000),
        ("reserved", "boot", 0x50000000, 0x51000000),
    ]


def test_without_root_iomem_shows_nothing_and_the_log_does(tmp_path: Path) -> None:
    zeros = "00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n"
    log = "Early memory node ranges\n  node   0: [mem 0x0000000040000000-0x000000005fffffff]\n"
    memory = observed(tmp_path, {"/proc/iomem": zeros, "dmesg": log})
    assert memory == MemoryFacts(((0x40000000, 0x60000000),))


def test_nodes_with_an_address(tmp_path: Path) -> None:
    memory = observed(
        tmp_path,
        {
            f"{TREE}/#address-cells": cells(2),
            f"{TREE}/#size-cells": cells(2),
            f"{TREE}/video@50000000/reg": cells(0, 0x50000000, 0, 16 * MIB),
            f"{TREE}/video@50000000/compatible": b"shared-dma-pool\0",
            f"{TREE}/video@50000000/reusable": b"",
            f"{TREE}/secure@8c0000000/reg": cells(8, 0xC0000000, 0, MIB, 8, 0xD0000000, 0, MIB),
            f"{TREE}/secure@8c0000000/no-map": b"",
            f"{TREE}/dsp@51000000/reg": cells(0, 0x51000000, 0, MIB),
            f"{TREE}/dsp@51000000/compatible": b"shared-dma-pool\0",
            f"{TREE}/off@52000000/reg": cells(0, 0x52000000, 0, MIB),
            f"{TREE}/off@52000000/status": b"disabled\0",
        },
    )
    assert [(one.name, one.kind, one.begin, one.end - one.begin) for one in memory.regions] == [
        ("video@50000000", RegionKind.CMA, 0x50000000, 16 * MIB),
        ("dsp@51000000", RegionKind.POOL, 0x51000000, MIB),
        ("secure@8c0000000", RegionKind.NO_MAP, 0x8C0000000, MIB),
        ("secure@8c0000000 (2)", RegionKind.NO_MAP, 0x8D0000000, MIB),
    ]


NEW_LOG = "OF: reserved mem: 0x000000005e000000..0x000000005fffffff (32768 KiB) map reusable linux,cma\n"
OLD_LOG = (
    "Reserved memory: created CMA memory pool at 0x000000005e000000, size 32 MiB\n"
    "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool\n"
)


@pytest.mark.parametrize("log", [NEW_LOG, OLD_LOG, OLD_LOG + NEW_LOG])
def test_a_node_that_lets_the_kernel_choose_is_placed_by_the_log(log: str, tmp_path: Path) -> None:
    node = {
        f"{TREE}/#address-cells": cells(1),
        f"{TREE}/#size-cells": cells(1),
        f"{TREE}/linux,cma/size": cells(32 * MIB),
        f"{TREE}/linux,cma/compatible": b"shared-dma-pool\0",
    }
    placed = observed(tmp_path / "a", {**node, "dmesg": log})
    assert [(one.name, one.kind, one.begin, one.end) for one in placed.regions] == [
        ("linux,cma", RegionKind.CMA, 0x5E000000, 0x60000000)
    ]
    assert placed.unplaced == ()
    (unplaced,) = observed(tmp_path / "b", node).unplaced
    assert (unplaced.name, unplaced.size) == ("linux,cma", 32 * MIB)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("map non-reusable dsp@1", RegionKind.POOL),
        ("nomap non-reusable tz@1", RegionKind.NO_MAP),
    ],
)
def test_what_the_log_says_of_a_region(line: str, kind: RegionKind, tmp_path: Path) -> None:
    memory = observed(
        tmp_path, {"dmesg": f"OF: reserved mem: 0x0000000001000000..0x0000000001ffffff (16384 KiB) {line}\n"}
    )
    assert [one.kind for one in memory.regions] == [kind]


def test_the_default_area_without_a_node_is_called_as_in_sysfs(tmp_path: Path) -> None:
    log = "cma: Reserved 64 MiB at 0x000000007c000000 on node -1\n"
    area = "/sys/kernel/mm/cma/default_cma_region"
    counts = {f"{area}/total_pages": "16384\n", f"{area}/available_pages": "16380\n"}
    (region,) = observed(tmp_path, {"dmesg": log, **counts}).regions
    assert (region.name, region.begin, region.end - region.begin) == ("default_cma_region", 0x7C000000, 64 * MIB)
    assert region.used == 4 * 4096


@pytest.mark.parametrize("damage", [b"", b"\1", cells(1), cells(*range(100)), b"\xff" * 16])
def test_odd_properties_break_nothing(damage: bytes, tmp_path: Path) -> None:
    names = ("#address-cells", "#size-cells", "x/reg", "x/size", "x/compatible", "x/status", "x/alignment")
    for number, name in enumerate(names):
        known(tmp_path / str(number), {f"{TREE}/{name}": damage, f"{TREE}/x/name": b"x\0", "/proc/iomem": "0-: x\n"})


def test_it_survives_a_report(tmp_path: Path) -> None:
    memory = observed(tmp_path, {"/proc/iomem": IOMEM, "dmesg": NEW_LOG, f"{TREE}/x/size": cells(MIB)})
    assert read_back(memory) == memory


def test_sizes_in_kib_and_areas_of_several_ranges(tmp_path: Path) -> None:
    log = (
        "[    0.0] Reserved memory: created DMA memory pool at 0x0000000050000000, size 512 KiB\n"
        "[    0.0] OF: reserved mem: initialized node vdev0buffer, compatible id shared-dma-pool\n"
        "[    0.0] cma: Reserved 64 MiB in 2 ranges\n[    0.0] cma: Reserved 64 MiB in 1 range\n"
        "[    0.0] cma: Reserved 16 MiB at 0x000000003f000000 on node -1\n"
    )
    memory = observed(tmp_path, {"dmesg": log})
    assert [(region.begin, region.end - region.begin) for region in memory.regions] == [
        (0x3F000000, 16 * MIB),
        (0x50000000, MIB // 2),
    ]
