"""A board's upstream gap, from its record and from its config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.checks.judge import judge
from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config
from bringup.facts.board import Facts
from bringup.facts.upstream_gap import gap_of_board, gap_of_config, gap_of_modules
from bringup.kernel.history.gap import UpstreamGap
from tests.support.said import assert_text
from tests.support.scripted_record import HELLO, MISSING, ScriptedBoard, broken, files, node


def test_a_healthy_mainline_board_has_none(tmp_path: Path) -> None:
    gap = gap_of_board(Facts(ScriptedBoard().record(tmp_path)))
    assert (gap.kernel, gap.dependencies, gap.not_known) == ("6.12", (), ())


def test_what_the_board_shows_is_reported(tmp_path: Path) -> None:
    board = ScriptedBoard()
    board.heaps["system-uncached"] = {}
    board.config = (board.config or "") + "CONFIG_DMABUF_HEAPS_PAGE_POOL=y\n"
    board.files["/proc/modules"] = "page_pool 16384 1 system_heap, Live 0x0\n"
    board.files["/sys/kernel/dma_heap/total_pools_kb"] = "0\n"
    gap = judge(Facts(board.record(tmp_path))).upstream_gap
    assert gap is not None
    assert [(one.kind.value, one.name) for one in gap.dependencies] == [
        ("heap", "system-uncached"),
        ("option", "CONFIG_DMABUF_HEAPS_PAGE_POOL"),
        ("module", "page_pool"),
        ("interface", "/sys/kernel/dma_heap/total_pools_kb"),
    ]


def test_what_was_not_observed_is_reported(tmp_path: Path) -> None:
    board = ScriptedBoard(config=None)
    del board.files["/proc/modules"]
    gap = gap_of_board(Facts(board.record(tmp_path)))
    assert [line.split(":")[0] for line in gap.not_known] == [
        "which options the kernel has",
        "which modules are loaded",
    ]


def areas(board: ScriptedBoard, *names: str, default: str = "") -> ScriptedBoard:
    for name in names:
        board.files[f"/sys/kernel/mm/cma/{name}/total_pages"] = "4096\n"
        board.heaps[name] = {}
    if default:
        board.files[f"/sys/firmware/devicetree/base/reserved-memory/{default}/linux,cma-default"] = ""
    return board


def test_the_default_area_is_mainlines_and_others_are_not_yet(tmp_path: Path) -> None:
    told = {
        "one": areas(ScriptedBoard(heaps={}), "camera"),
        "two": areas(ScriptedBoard(heaps={}), "camera", "display"),
        "default": areas(ScriptedBoard(heaps={}), "camera", "display", default="display"),
    }
    gaps = {name: gap_of_board(Facts(board.record(tmp_path / name))) for name, board in told.items()}
    found = {name: {one.name: one.standing.value for one in gap.dependencies} for name, gap in gaps.items()}
    assert found == {
        "one": {},
        "two": {"camera": "backport", "display": "backport"},
        "default": {"camera": "backport"},
    }


def test_which_module_calls_what_is_not_known_of_an_android_kernel(tmp_path: Path) -> None:
    board = ScriptedBoard(config=(ScriptedBoard().config or "") + "CONFIG_ANDROID_VENDOR_HOOKS=y\n")
    board.files["/proc/modules"] = "camera 16384 0 - Live 0x0\n"
    facts = Facts(board.record(tmp_path))
    assert any("bringup status --modules DIR" in line for line in gap_of_board(facts).not_known)
    told = gap_of_board(facts, {"dma_heap_find": ("camera",)})
    assert [(one.name, one.seen) for one in told.dependencies] == [("dma_heap_find", "called by camera")]
    assert told.not_known == ()


def test_from_a_config_alone() -> None:
    gap = gap_of_config(find_config("pixel6pro"))
    assert {"system-uncached", "vframe-secure"} <= {one.name for one in gap.dependencies}
    assert gap.kernel is None
    assert gap_of_config(find_config("virtual-arm64-6.12")).dependencies == ()


def test_a_pool_of_the_device_tree_is_a_gap_before_every_area_had_a_heap() -> None:
    config = find_config("beagle-x15")
    assert not gap_of_config(config, "7.2").dependencies


def config(heaps: list[dict[str, Any]] | None = None, **kernel: Any) -> BoardConfig:
    return BoardConfig.model_validate({"name": "x", "title": "X", "heaps": heaps or [], "kernel": kernel or None})


def pool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "cma", "region": {"declared_in": "device-tree", "size": 1 << 20} | more}


VENDORS = config(
    [{"name": "system-uncached", "kind": "system-uncached"}, {"name": "odd", "kind": "vendor", "required": False}, pool("camera", reusable=True)],
    versions=["5.10", "5.15"], modules=["page_pool"], ion=True, options={"DMABUF_HEAPS_PAGE_POOL": "y", "ION": "m", "DMABUF_SYSFS_STATS": "n"},
)  # fmt: skip
SEEN = broken(
    heaps={"system": {}, "odd": {}},
    config="CONFIG_ION=y\n# CONFIG_DMABUF_HEAPS_PAGE_POOL is not set\n",
    nodes=[node("/dev/ion")],
    files=files(__proc__modules="zram 1 0 - Live 0x0\npage_pool 1 0 - Live 0x0\n"),
)
USERS = {"dma_heap_find": ("camera", "codec")}


def said(gap: UpstreamGap) -> str:
    found = "".join(f"{one.kind} {one.name}: {one.standing}, {one.seen}\n" for one in gap.dependencies)
    return f"beside mainline {gap.kernel}\n{found}" + "".join(f"not known: {line}\n" for line in gap.not_known)


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("a config alone", lambda _: gap_of_config(VENDORS)),
        ("a config and its modules", lambda _: gap_of_config(VENDORS, "6.12", USERS)),
        ("a config with no kernel", lambda _: gap_of_config(config(list(map(pool, ("camera", "display")))))),
        ("modules alone", lambda _: gap_of_modules(USERS, "5.15")),
        ("modules beside all of mainline", lambda _: gap_of_modules(USERS)),
        ("a board with its config", lambda folder: gap_of_board(Facts(SEEN.record(folder), VENDORS))),
        ("a board without one", lambda folder: gap_of_board(Facts(SEEN.record(folder)), USERS)),
        ("nothing could be seen", lambda folder: gap_of_board(Facts(broken(hello=HELLO | {"release": "odd"}, heap_folder="denied", config=None, files={"/proc/modules": MISSING}).record(folder)))),
    ],
)  # fmt: skip
def test_what_is_said_of_a_gap(tmp_path: Path, what: str, asked: Any) -> None:
    assert_text("facts/upstream_gap", what, said(asked(tmp_path)))


@pytest.mark.parametrize(
    ("region", "kernel", "found"),
    [
        ({}, "6.12", ["camera"]),
        ({"default": True}, "6.12", []),
        ({"declared_in": "cmdline"}, "6.12", []),
        ({}, "6.19", []),
        ({"default": True}, "5.4", ["camera"]),  # no heaps yet
    ],
)
def test_which_pool_of_a_config_mainline_makes_a_heap_of(region: dict[str, Any], kernel: str, found: list[str]) -> None:
    gap = gap_of_config(config([pool("camera", reusable=True, **region)]), kernel)
    assert [one.name for one in gap.dependencies] == found


@pytest.mark.parametrize(("state", "is_there"), [("ok", True), ("denied", True), ("missing", False), ("failed", False)])
def test_an_interface_that_may_not_be_read_is_there(tmp_path: Path, state: str, is_there: bool) -> None:
    path = "/sys/kernel/dma_heap/total_pools_kb"
    board = broken(files=files(**{path.replace("/", "__"): MISSING | {"state": state, "errno": 5}}))
    assert [one.name for one in gap_of_board(Facts(board.record(tmp_path))).dependencies] == [path] * is_there
