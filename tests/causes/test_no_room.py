"""Regions that the kernel could not place: what lies in the way, by the addresses that the board shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.causes.region_rejected import region_rejected, rejections
from tests.support.field_boards import MIB, cma, field_board, reserved
from tests.support.said import Said
from tests.support.scripted_facts import facts

NO_ROOM = "OF: reserved mem: failed to allocate memory for node 'video'"
AT = "OF: reserved mem: failed to reserve memory for node '{}': base 0x0000000040000000, size 64 MiB"
RAM = {"/proc/iomem": "40000000-4fffffff : System RAM\n80000000-8fffffff : System RAM\n"}
#: 64 MiB within the first 128 MiB of RAM.
VIDEO = {"video": cma(None, 64 * MIB, ranges=[(0x4000_0000, 128 * MIB)])}
INITRD = "Initial ramdisk at: 0x42000000 (33554432 bytes)"


def firmware(base: int, size: int) -> dict[str, Any]:
    return reserved(base, size * MIB, "no-map")


FOUR = {
    f"{name}@{base:x}": firmware(base, 16)
    for name, base in zip("abcd", range(0x4100_0000, 0x4800_0000, 32 * MIB), strict=True)
}


@pytest.mark.parametrize(
    ("log", "nodes", "files", "culprit", "fix"),
    [
        # -- one thing without which there is room
        ([NO_ROOM], VIDEO | {"fw@42000000": firmware(0x4200_0000, 64)}, RAM, "fw@42000000 at 0x42000000 (64 MiB) lies in", "move fw@42000000"),
        ([NO_ROOM, INITRD.replace("33554432", "67108864")], VIDEO, RAM, "the initial ramdisk at 0x42000000 (64 MiB)", "the boot loader"),
        ([NO_ROOM, "RAMDISK: [mem 0x42000000-0x45ffffff]"], VIDEO, RAM, "the initial ramdisk at 0x42000000 (64 MiB)", "the boot loader"),
        ([NO_ROOM, "Reserved memory: created CMA memory pool at 0x0000000042000000, size 64 MiB", "OF: reserved mem: initialized node camera, compatible id shared-dma-pool"],
            VIDEO | {"camera": cma(None, 64 * MIB)}, RAM, "camera at 0x42000000 (64 MiB)", "give camera a fixed address (reg) outside of"),
        ([NO_ROOM], VIDEO, {"/proc/iomem": f"{RAM['/proc/iomem'][:27]}\n  42000000-45ffffff : reserved\n"}, "memory that was reserved at boot at 0x42000000", "the boot loader"),
        # -- either would do: a named region before boot memory, then the smaller one
        ([NO_ROOM, INITRD], VIDEO | {"fw@44000000": firmware(0x4400_0000, 48)}, RAM, "fw@44000000", "move fw@44000000"),
        ([NO_ROOM], VIDEO | {"fw@42000000": firmware(0x4200_0000, 32), "b@44000000": firmware(0x4400_0000, 16)}, RAM, "b@44000000", "move b@44000000"),
        # -- an address of its own
        ([AT.format("video@40000000")], {"video@40000000": cma(0x4000_0000, 64 * MIB), "fw@42000000": firmware(0x4200_0000, 1)}, RAM, "fw@42000000 at 0x42000000 (1 MiB) lies in 0x40000000 to 0x44000000", "move fw@42000000"),
        ([AT.format("video@40000000")], {"video@40000000": cma(0x4000_0000, 512 * MIB)}, RAM, "not all of 0x40000000 to 0x60000000 is memory of this board", "give video@40000000 an address that is RAM"),
        # -- several things together
        ([NO_ROOM], VIDEO | FOUR, RAM, "a@41000000, b@43000000, c@45000000, d@47000000 lie in 0x40000000 to 0x48000000", "make the region smaller"),
        ([NO_ROOM], {"video": cma(None, 64 * MIB, ranges=[(0x4E00_0000, 128 * MIB)])}, RAM, "of 0x4e000000 to 0x56000000 Linux got only 32 MiB", "give firmware less memory"),
        # -- nothing that the board shows is in the way
        ([NO_ROOM], VIDEO, RAM, "video", ""),
        ([NO_ROOM], VIDEO | {"fw@44000000": firmware(0x4400_0000, 32)}, RAM, "video", ""),
        ([NO_ROOM], VIDEO, {}, "video", ""),
        ([NO_ROOM], {"video": cma(None, 64 * MIB)}, RAM, "video", ""),
        # -- firmware's own region
        ([AT.format("fw@40000000")], {"fw@40000000": firmware(0x4000_0000, 64)}, RAM, "the kernel did not set aside fw@40000000", "nothing, if /proc/iomem has"),
        ([AT.format("gone@40000000")], {"fw@40000000": firmware(0x4000_0000, 64)}, RAM, "gone@40000000 is not in the live device tree, so whether it was a pool is not known", "nothing, if /proc/iomem has"),
        # -- the area of cma= or of the configuration
        (["cma: Failed to reserve 256 MiB"], {}, {"/proc/cmdline": "cma=256M\n"}, "the CMA area that cma=256M asks for", "make cma=256M smaller"),
        (["cma: Failed to reserve 256 MiB"], {}, {"/proc/cmdline": "cma=1G cma=8M cma=256M\n"}, "cma=256M", "cma=1G cma=8M before it has no effect"),
        (["cma: Failed to reserve 16 MiB"], {}, {}, "the CMA area that CONFIG_CMA_SIZE_MBYTES=16 asks for", "make CONFIG_CMA_SIZE_MBYTES=16 smaller"),
        (["cma: Failed to reserve 64 MiB"], {}, {}, "a reserved-memory region", ""),
        (["cma: Region at 0x0000000050100000 must be aligned to 0x0000000000400000 bytes", "cma: Failed to reserve 64 MiB"], {}, {"/proc/cmdline": "cma=64M@0x50100000\n"},
         "made no CMA area of cma=64M@0x50100000: 0x50100000 is not a multiple of 0x400000", "a multiple of 0x400000, or none: cma=SIZE"),
        (["cma: Region at 0x2f000000 defined on low/high memory boundary (0x30000000)", "cma: Failed to reserve 32 MiB"], {}, {"/proc/cmdline": "cma=32M@0x2f000000\n"},
         "at 0x2f000000 it lies across the begin of high memory, 0x30000000", "let it lie below 0x30000000"),
        (["cma: Size (0x0000000004000000) of region at 0x0000000050000000 exceeds limit (0x0000000052000000)", "cma: Failed to reserve 64 MiB"], {}, {"/proc/cmdline": "cma=64M@0x50000000\n"},
         "0x4000000 bytes at 0x50000000 end beyond the limit, 0x52000000", "let it end below 0x52000000"),
    ],
    ids=[
        "a region", "a ramdisk", "a ramdisk on x86", "a pool without an address", "boot memory", "a named region first", "the smaller one",
        "its own address", "not RAM", "four regions", "firmware keeps the rest", "room enough", "room enough beside another", "no map",
        "anywhere", "firmware's own", "not in the tree", "cma=", "several cma=", "the configuration", "another size", "an odd address", "high memory", "the limit",
    ],
)  # fmt: skip
def test_what_lies_in_the_way(
    tmp_path: Path, said: Said, log: list[str], nodes: dict[str, Any], files: dict[str, str], culprit: str, fix: str
) -> None:
    known = facts(field_board("6.12.30", log, nodes, more_files=files), tmp_path)
    why = region_rejected(known, rejections(known))
    said(why)
    assert why.cause is not None
    assert why.cause.id == "cma.region-does-not-fit"
    assert culprit in why.cause.text
    assert fix in why.remedy[0]
