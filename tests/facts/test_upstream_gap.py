"""A board's upstream gap, from its record and from its config."""

from __future__ import annotations

from pathlib import Path

from bringup.checks.judge import judge
from bringup.config.shipped import find_config
from bringup.facts.board import Facts
from bringup.facts.upstream_gap import gap_of_board, gap_of_config
from tests.support.scripted_record import ScriptedBoard


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
