"""What the kernel lists of its heaps: those without a node, options without a heap, areas without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.causes.heap_registered import names_of, why_area_has_no_heap, why_no_node, why_not_built
from bringup.config.schema import Heap, HeapKind
from tests.support.said import Said
from tests.support.scripted_facts import facts
from tests.support.scripted_record import DENIED, ScriptedBoard, broken, files, node

CLASS = "/sys/class/dma_heap"
MOUNTS = "sysfs /sys sysfs rw 0 0\nproc /proc proc rw 0 0\n"
NO_SYSFS = "proc /proc proc rw 0 0\n"
SIZED = "__sys__kernel__mm__cma__"


def listed(*names: str, state: str = "ok", truncated: bool = False, heaps: Any = None, **changed: Any) -> ScriptedBoard:
    glob = {
        "t": "glob",
        "pattern": f"{CLASS}/*",
        "state": state,
        "errno": 0,
        "count": len(names),
        "truncated": truncated,
    }
    nodes = [glob, *(node(f"{CLASS}/{name}", type="link") for name in names)]
    given = {"heaps": heaps} if heaps is not None else {}
    return broken(
        nodes=nodes,
        files=files(__proc__mounts=MOUNTS) | files(**changed) if changed else files(__proc__mounts=MOUNTS),
        **given,
    )


@pytest.mark.parametrize(
    ("names", "asked", "name"),
    [
        (("system", "video"), ("video",), "video"),
        (("system",), ("reserved", "linux,cma"), None),
        (("linux,cma",), ("linux,cma",), None),
        (("reserved",), ("linux,cma", "reserved"), None),
        (("a", "b"), ("x", "b", "a"), "b"),
        ((), ("system",), None),
    ],
    ids=["no node", "not listed", "node", "node of another name", "the first asked", "none listed"],
)
def test_a_heap_that_the_kernel_has_and_nothing_made_a_node_for(
    tmp_path: Path, said: Said, names: tuple[str, ...], asked: tuple[str, ...], name: str | None
) -> None:
    why = why_no_node(facts(listed(*names, heaps={"linux,cma": {}}), tmp_path), asked)
    if name is None:
        assert why is None
        return
    assert why is not None
    said(why)
    assert why.evidence == (f"{CLASS}/{name} is there",)


@pytest.mark.parametrize(
    ("board", "names", "is_named"),
    [
        (listed("system"), ("video",), True),
        (listed("system", "video"), ("old", "video"), False),
        (listed(), ("video",), True),
        (listed(state="missing"), ("video",), True),
        (listed(state="missing"), (), True),
        (listed("system"), (), False),
        (listed("system", truncated=True), ("video",), False),
        (listed(state="denied"), ("video",), False),
        (broken(), ("video",), False),
    ],
    ids=[
        "not listed",
        "listed",
        "nothing listed",
        "no class",
        "no framework",
        "framework",
        "cut off",
        "denied",
        "not asked",
    ],
)
def test_an_option_that_is_on_of_a_kernel_without_what_it_builds(
    tmp_path: Path, said: Said, board: ScriptedBoard, names: tuple[str, ...], is_named: bool
) -> None:
    why = why_not_built(facts(board, tmp_path), "CONFIG_DMABUF_HEAPS_VIDEO=y", names)
    assert (why is not None) is is_named
    if why is not None:
        said(why)
        assert why.cause is not None
        assert why.cause.id == "kconfig.not-built"


@pytest.mark.parametrize(
    ("mounts", "is_known"), [(MOUNTS, True), (NO_SYSFS, False), ("sysfs /mnt sysfs rw 0 0\n", False)]
)
def test_where_sys_is_not_mounted_a_missing_class_shows_nothing(tmp_path: Path, mounts: str, is_known: bool) -> None:
    shown = {name: text for name, text in files(__proc__mounts=mounts).items() if not name.startswith("/sys/")}
    glob = {"t": "glob", "pattern": f"{CLASS}/*", "state": "missing", "errno": 2, "count": 0, "truncated": False}
    why = why_not_built(facts(broken(nodes=[glob], files=shown), tmp_path), "CONFIG_DMABUF_HEAPS=y")
    assert (why is not None) is is_known


AREA = {f"{SIZED}video__total_pages": "4096\n"}
OTHER = {f"{SIZED}other__total_pages": "4096\n", f"{SIZED}another__total_pages": "64\n"}
NOT_ADDED = "cma_heap: Failed to add CMA heap video\ncma_heap: Failed to add CMA heap audio\n"
TWICE = "dma_heap: Already registered heap named video\n"
MADE = "Reserved memory: created CMA memory pool at 0x000000007c000000, size 16 MiB\nOF: reserved mem: initialized node video, compatible id shared-dma-pool\n"
NODES = {
    f"__sys__firmware__devicetree__base__reserved-memory__video__{name}": text
    for name, text in (("compatible", "shared-dma-pool\0"), ("size", "\0\0\0\0\1\0\0\0"), ("reusable", ""))
}
MINE = Heap.model_validate({"name": "video", "kind": "cma"})
BY_NODE = Heap.model_validate(
    {
        "name": "camera",
        "kind": "cma",
        "region": {"declared_in": "device-tree", "node_name": "video", "size": 1 << 24, "reusable": True},
    }
)


@pytest.mark.parametrize(
    ("changed", "heap", "is_whole", "cause"),
    [
        (AREA | {"dmesg": NOT_ADDED}, MINE, True, "cma.heap-not-added"),
        (AREA | {"dmesg": TWICE + NOT_ADDED}, MINE, True, "cma.heap-not-added"),
        (AREA | {"dmesg": DENIED}, BY_NODE, False, "cma.heap-not-added"),
        (OTHER | NODES, MINE, True, "cma.region-rejected"),
        (OTHER | NODES, BY_NODE, False, "cma.region-rejected"),
        (OTHER | {"dmesg": DENIED}, MINE, False, "cma.region-rejected"),
        ({"dmesg": MADE}, MINE, True, "cma.heap-not-added"),
        (NODES, MINE, True, "cma.region-rejected"),
        (NODES, MINE, False, None),
        ({}, MINE, True, None),
    ],
    ids=["area", "name twice", "area of the node", "other areas", "other areas, log cut", "other areas, no log", "by the log", "not in the log", "log cut", "nothing known"],
)  # fmt: skip
def test_an_area_without_a_heap_and_a_region_without_an_area(
    tmp_path: Path, said: Said, changed: dict[str, Any], heap: Heap, is_whole: bool, cause: str | None
) -> None:
    why = why_area_has_no_heap(facts(broken(files=files(**changed)), tmp_path), heap, is_whole)
    assert (why and why.cause and why.cause.id) == cause
    if why is not None:
        said(why)


@pytest.mark.parametrize(
    ("kind", "heap", "names"),
    [
        (HeapKind.SYSTEM, None, ("system",)),
        (HeapKind.CMA, None, ("linux,cma", "reserved")),
        (HeapKind.VENDOR, None, ()),
        (HeapKind.CMA, MINE, ("video",)),
    ],
)
def test_the_names_that_a_heap_can_have(
    tmp_path: Path, kind: HeapKind, heap: Heap | None, names: tuple[str, ...]
) -> None:
    found = tuple(names_of(facts(broken(), tmp_path), kind, heap))
    assert found[: len(names)] == names
    assert bool(found) is bool(names)
