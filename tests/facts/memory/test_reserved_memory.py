"""What the device tree reserves, what of it is a CMA area, and how full the areas are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.facts.board import Facts
from bringup.facts.memory.cma_areas import cma_granule, largest_order, largest_order_line, region_of, regions
from bringup.facts.memory.cma_usage import area_names, area_uses, longest_free_run, use_of
from bringup.facts.memory.region_log import is_empty, line_of_area, names_in, pools_not_made
from bringup.facts.memory.reserved_memory import observed_nodes, reserved_memory, reserved_nodes, root_cells
from tests.support.scripted_facts import facts, kconfig
from tests.support.scripted_record import CONFIG, DENIED, HELLO, RESERVED, ScriptedBoard, broken, files

NODE = f"{RESERVED}/video@50000000"


def cells(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4) for number in numbers)


def tree(folder: Path, properties: dict[str, Any], **board: Any) -> Facts:
    """The scripted board with one node more."""
    named = {f"{NODE}/{name}": value for name, value in properties.items()}
    return facts(broken(files=files() | named, **board), folder)


def test_a_node_is_read_by_the_cells_of_the_root(tmp_path: Path) -> None:
    known = tree(
        tmp_path,
        {
            "compatible": "vendor,pool\0shared-dma-pool\0", "reusable": "", "no-map": "",
            "reg": cells(0, 0x50000000, 0, 0x1000000, 1, 0, 0, 0x2000), "size": cells(0, 0x3000),
            "alignment": cells(0, 0x4000), "alloc-ranges": cells(0, 0x40000000, 1, 0),
        },
    )  # fmt: skip
    memory = reserved_memory(known)
    assert memory is not None
    assert (memory.cells, root_cells(known)) == ((2, 2), (2, 2))
    node = memory.nodes["video@50000000"]
    assert node.compatible == ("vendor,pool", "shared-dma-pool")
    assert node.regions == ((0x50000000, 0x1000000), (0x100000000, 0x2000))
    assert (node.size, node.alignment, node.ranges) == (0x3000, 0x4000, ((0x40000000, 0x100000000),))
    assert (node.flags, node.is_enabled, node.unread) == (("reusable", "no-map"), True, ())
    assert (node.is_pool, node.is_cma, node.is_for_buffers, node.is_default) == (True, False, True, False)
    assert str(node) == "reserved-memory/video@50000000: 0x1000000 bytes at 0x50000000, reusable, no-map"
    default = memory.nodes["linux,cma"]
    assert (default.is_cma, default.is_default, default.extent) == (True, True, (None, 0x4000000))


@pytest.mark.parametrize(
    ("properties", "unread"),
    [
        ({"reg": cells(0, 1, 2)}, ("reg",)),
        ({"reg": b""}, ("reg",)),
        ({"size": cells(1, 2, 3), "reg": cells(1)}, ("reg", "size")),
        ({"reg": DENIED}, ("reg",)),
        ({"size": cells(0, 4096)}, ()),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, properties: dict[str, Any], unread: tuple[str, ...]) -> None:
    memory = reserved_memory(tree(tmp_path, properties))
    assert memory is not None
    assert memory.nodes["video@50000000"].unread == unread


@pytest.mark.parametrize(
    ("status", "is_enabled"),
    [("okay\0", True), ("ok\0", True), ("", True), ("disabled\0", False), ("reserved\0", False)],
)
def test_a_node_that_is_switched_off_reserves_nothing(tmp_path: Path, status: str, is_enabled: bool) -> None:
    known = tree(tmp_path, {"size": cells(0, 4096), "status": status})
    assert ("video@50000000" in [node.name for node in observed_nodes(known)]) == is_enabled


@pytest.mark.parametrize("state", ["denied", "failed"])
def test_a_tree_that_was_not_read_whole_is_unknown(tmp_path: Path, state: str) -> None:
    assert reserved_memory(facts(broken(reserved=state), tmp_path)) is None
    assert reserved_nodes(facts(broken(reserved=state), tmp_path / "b")) is None


def test_a_node_without_a_size_is_empty(tmp_path: Path) -> None:
    known = tree(tmp_path, {"reg": cells(0, 0x50000000, 0, 0)})
    assert is_empty(known, "video@50000000")
    assert not is_empty(known, "linux,cma")
    for unit in ("MiB", "KiB", "bytes"):
        assert is_empty(known, "unknown", f"initialized node unknown, size 0 {unit}")
    assert not is_empty(known, "unknown", "size 10 MiB")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("OF: reserved mem: failed to allocate memory for node 'a': size 64 MiB", ("a",)),
        ("OF: reserved mem: node b compatible matching fail", ("b",)),
        ("c (0x0--0x1) overlaps with d (0x1--0x2)", ("c", "d")),
        ("OF: reserved mem: 0x0..0x1 (4 KiB) nomap reusable e", ("e",)),
        ("quiet", ()),
    ],
)
def test_the_nodes_that_a_line_is_about(line: str, names: tuple[str, ...]) -> None:
    assert names_in((line, line)) == names


def test_the_log_shows_which_areas_were_made(tmp_path: Path) -> None:
    pool = "Reserved memory: created {} memory pool at 0x0, size 16 MiB\n"
    made = "OF: reserved mem: initialized node {}, compatible id shared-dma-pool\n"
    log = pool.format("CMA") + made.format("video") + pool.format("DMA") + made.format("coherent") + made.format("late")
    known = facts(broken(files=files(dmesg=log), heaps={"system": {}}), tmp_path)
    assert line_of_area(known, "video") == made.format("video").strip()
    assert line_of_area(known, "coherent") is None
    assert line_of_area(known, "late") is None
    assert pools_not_made(known) == ("linux,cma",)
    assert pools_not_made(facts(ScriptedBoard(), tmp_path / "b")) == ()


DEBUGFS, SYSFS = "/sys/kernel/debug/cma/", "/sys/kernel/mm/cma/"


def test_how_full_an_area_is(tmp_path: Path) -> None:
    read = {
        f"{DEBUGFS}cma-a/count": "100\n", f"{DEBUGFS}cma-a/used": "60\n", f"{DEBUGFS}cma-a/maxchunk": "8\n",
        f"{DEBUGFS}cma-a/base_pfn": "16\n", f"{DEBUGFS}cma-a/ranges/0/base_pfn": "16\n",
        f"{DEBUGFS}b/count": "10\n", f"{DEBUGFS}b/used": "much\n", f"{DEBUGFS}b/maxchunk": "9\n",
        f"{SYSFS}a/total_pages": "1\n", f"{SYSFS}a/available_pages": "1\n",
        f"{SYSFS}c/total_pages": "30\n", f"{SYSFS}c/available_pages": "20\n",
    }  # fmt: skip
    known = facts(broken(files=files() | read), tmp_path)
    uses = area_uses(known)
    assert set(uses) == {"a", "c"}
    a, c = uses["a"], uses["c"]
    assert (a.total, a.free, a.longest, a.source) == (409600, 163840, 32768, f"{DEBUGFS}cma-a")
    assert (c.total, c.free, c.longest, c.source) == (122880, 81920, None, f"{SYSFS}c")
    assert longest_free_run(known) == 32768
    assert use_of(known, "none", "c", "a") == c
    assert use_of(known, "none") is None
    assert area_names(known) == {"a": f"{SYSFS}a", "b": f"{DEBUGFS}b", "c": f"{SYSFS}c"}
    region = regions(known)["a"]
    assert (region.begin, region.end, region.source) == (16 * 4096, 116 * 4096, f"{DEBUGFS}cma-a/base_pfn")
    assert region_of(known, "", "none", "a") == region
    assert region_of(known, "none") is None
    assert longest_free_run(facts(ScriptedBoard(), tmp_path / "b")) is None


def test_without_debugfs_a_region_lies_where_the_log_says(tmp_path: Path) -> None:
    log = "Reserved memory: created CMA memory pool at 0x7c000000, size 64 MiB\nOF: reserved mem: initialized node camera, compatible id shared-dma-pool\n"
    region = region_of(facts(broken(files=files(dmesg=log)), tmp_path), "camera@7c000000", "camera")
    assert region is not None
    assert (region.name, region.begin, region.end, region.source) == ("camera", 0x7C00_0000, 0x8000_0000, "dmesg")


@pytest.mark.parametrize(
    ("release", "options", "largest", "line"),
    [
        ("6.12.107", {}, None, None),
        ("6.12.107", {"ARCH_FORCE_MAX_ORDER": "13"}, 13, "CONFIG_ARCH_FORCE_MAX_ORDER=13"),
        ("6.1.90", {"ARCH_FORCE_MAX_ORDER": "14"}, 13, "CONFIG_ARCH_FORCE_MAX_ORDER=14"),
        ("6.3.1", {"ARCH_FORCE_MAX_ORDER": "14"}, 13, "CONFIG_ARCH_FORCE_MAX_ORDER=14"),
        ("6.4.1", {"ARCH_FORCE_MAX_ORDER": "13"}, 13, "CONFIG_ARCH_FORCE_MAX_ORDER=13"),
        ("5.10.1", {"FORCE_MAX_ZONEORDER": "12"}, 11, "CONFIG_FORCE_MAX_ZONEORDER=12"),
        ("6.12.107", {"ARCH_FORCE_MAX_ORDER": "32"}, None, "CONFIG_ARCH_FORCE_MAX_ORDER=32"),
    ],
)
def test_the_largest_order_is_counted_as_the_kernel_does(
    tmp_path: Path, release: str, options: dict[str, str], largest: int | None, line: str | None
) -> None:
    known = facts(broken(hello=HELLO | {"release": release}, config=kconfig(**options)), tmp_path)
    assert (largest_order(known), largest_order_line(known)) == (largest, line)


def test_without_a_page_size_no_alignment_is_known(tmp_path: Path) -> None:
    assert cma_granule(facts(broken(hello=None), tmp_path)) is None
    assert cma_granule(facts(broken(config=CONFIG), tmp_path / "b")) == 4 << 20
    assert cma_granule(facts(broken(config=None), tmp_path / "c")) == 4 << 20
