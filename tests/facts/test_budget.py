"""Whether a board has enough memory for streams: what was measured against what is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.causes.enough_memory import enough_memory
from bringup.config.schema import BoardConfig
from bringup.config.stream_text import parse_scenario, parse_stream
from bringup.facts.board import Facts
from bringup.facts.budget import BudgetQuestion, budget_of
from bringup.outcome import Outcome
from bringup.results.budget import Budget, BudgetFacts, HeapBudget
from tests.support.scripted_facts import kconfig
from tests.support.scripted_record import BOARD_CONFIG, ScriptedBoard, broken
from tests.support.suite import traced_board
from tests.support.traced import exhaustion

MIB = 1 << 20


def question(*streams: str, facts: Facts | None = None, scenarios: tuple[str, ...] = (), **more: Any) -> BudgetQuestion:
    found = tuple(parse_stream(text, number) for number, text in enumerate(streams, start=1))
    names = [stream.name for stream in found]
    return BudgetQuestion(found, tuple(parse_scenario(text, names) for text in scenarios), facts=facts, **more)


def facts_of(folder: Path, board: ScriptedBoard, config: BoardConfig | None = BOARD_CONFIG) -> Facts:
    return Facts(board.record(folder / "record"), config, "as the test says")


def on_the_area(folder: Path, *streams: str, **measured: Any) -> HeapBudget:
    """The need on an area of 64 MiB that gave this much."""
    board = traced_board(exhaustion(**measured), area=0x10000)
    budget = budget_of(question(*streams, facts=facts_of(folder, board), config=BOARD_CONFIG))
    (own,) = budget.scenarios[0].heaps
    return own


@pytest.mark.parametrize(
    ("stream", "measured", "outcome", "reason"),
    [
        ("1M:40@linux,cma", {}, "pass", "64 MiB could be held, 44 MiB with the margin"),
        ("1M:60@linux,cma", {}, "warn", "4 MiB are left over"),
        ("1M:65@linux,cma", {}, "fail", "65 MiB are needed, 64 MiB could be held"),
        ("1M:40@linux,cma", {"held": 39 * MIB}, "fail", "40 MiB are needed, 39 MiB could be held"),
        ("40M:1@linux,cma", {"largest": 30 * MIB}, "fail", "a buffer of 40 MiB is needed"),
        ("40M:1@linux,cma", {"largest_after": 30 * MIB}, "fail", "the largest that could be had was 30 MiB"),
        ("30M:1@linux,cma", {"largest": 30 * MIB - 1}, "error", "known to within 1 MiB"),
        ("1M:65@linux,cma", {"stopped": "budget"}, "error", "no more was tried (budget)"),
        ("1M:60@linux,cma", {"stopped": "time"}, "error", "no more was tried (time)"),
        ("1M:40@linux,cma", {"stopped": "budget"}, "pass", "64 MiB could be held"),
        ("1M:1@linux,cma", {"largest": 0, "largest_after": 0}, "error", "nothing shows how large"),
        ("1M:1@linux,cma", {"stopped": "not tried"}, "error", "it was not used up"),
        ("1M:1@linux,cma", {"stopped": "died"}, "error", "it was not used up"),
    ],
)
def test_what_is_needed_beside_what_was_given(
    tmp_path: Path, stream: str, measured: dict[str, Any], outcome: str, reason: str
) -> None:
    own = on_the_area(tmp_path, stream, **measured)
    assert own.outcome == outcome
    assert reason in own.reason


def test_pages_that_cannot_be_moved_make_the_region_larger(tmp_path: Path) -> None:
    own = on_the_area(tmp_path, "1M:40@linux,cma", free=60 * MIB, held=45 * MIB)
    assert own.capacity is not None
    assert (own.capacity.size, own.capacity.pinned) == (64 * MIB, 15 * MIB)
    # 44 MiB with the margin and 4 MiB of others are 49/64 of the region: 62.7 MiB, in steps of 4 MiB.
    assert own.region == 64 * MIB


@pytest.mark.parametrize(
    ("option", "alignment"), [("", 1 << 20), ("2", 4 << 12), ("12", 4096 << 12), ("1", 1 << 20), ("13", 1 << 20)]
)
def test_buffers_are_aligned_as_the_kernel_is_configured(tmp_path: Path, option: str, alignment: int) -> None:
    board = broken(config=kconfig(CMA_ALIGNMENT=option))
    budget = budget_of(question("32M:1@linux,cma", facts=facts_of(tmp_path, board), config=BOARD_CONFIG))
    assert budget.scenarios[0].heaps[0].alignment == alignment


def test_a_heap_that_was_not_used_up_is_unknown(tmp_path: Path) -> None:
    budget = budget_of(question("1M@linux,cma", facts=facts_of(tmp_path, ScriptedBoard()), config=BOARD_CONFIG))
    assert budget.outcome is Outcome.ERROR


def test_another_name_of_the_same_heap_is_found(tmp_path: Path) -> None:
    board = traced_board(exhaustion("default_cma_region"), area=0x10000)
    budget = budget_of(question("1M:40@linux,cma", facts=facts_of(tmp_path, board), config=BOARD_CONFIG))
    assert budget.outcome is Outcome.PASS


def test_without_a_board_there_is_only_the_need() -> None:
    budget = budget_of(question("preview=1920x1080:NV12:4@linux,cma", "1M:4", scenarios=("preview", "preview+stream2")))
    assert budget.outcome is None
    assert [scenario.outcome for scenario in budget.scenarios] == [None, None]
    assert [[own.heap for own in scenario.heaps] for scenario in budget.scenarios] == [
        ["linux,cma"],
        ["linux,cma", "system"],
    ]
    (preview,) = budget.scenarios[0].heaps
    assert (preview.area, preview.with_margin, preview.region) == (12 * MIB, 13_841_204, 14 * MIB)


def test_a_stream_twice_in_a_scenario_counts_twice() -> None:
    budget = budget_of(question("a=1M:3@linux,cma", scenarios=("a+a",)))
    assert budget.scenarios[0].heaps[0].buffers == 6


def lines(budget: BudgetFacts, asked: BudgetQuestion) -> dict[str, str]:
    return {
        fix.title: "\n".join(line for change in fix.changes for line in change.lines)
        for fix in enough_memory(asked, budget)
    }


def test_lines_without_a_board_are_of_both_kinds() -> None:
    asked = question("1M:40@linux,cma")
    found = lines(budget_of(asked), asked)
    assert "cma=44M" in found["cma= on the kernel's command line"]
    tree = found["a reserved-memory node in the device tree"]
    assert "size = <0x0 0x2c00000>;" in tree
    assert "alignment = <0x0 0x200000>;" in tree
    assert "reusable;" in tree
    assert "linux,cma-default;" in tree


def test_a_heap_of_the_board_config_gets_its_node_at_its_place() -> None:
    heap = {
        "name": "video@50000000",
        "kind": "cma",
        "region": {"declared_in": "device-tree", "base": 0x50000000, "size": 16 * MIB, "reusable": True},
    }
    config = BoardConfig.model_validate({"name": "x", "title": "X", "heaps": [heap]})
    asked = question("1M:40@video@50000000", config=config)
    found = lines(budget_of(asked), asked)
    (tree,) = found.values()
    assert "reg = <0x0 0x50000000 0x0 0x2c00000>;" in tree
    assert "alignment" not in tree


CMDLINE, TREE = "cma= on the kernel's command line", "a reserved-memory node in the device tree"


@pytest.mark.parametrize(
    ("name", "region", "titles"),
    [
        ("linux,cma", None, [TREE, CMDLINE]),
        ("linux,cma", {"declared_in": "device-tree", "reusable": True}, [TREE]),
        ("camera", {"declared_in": "device-tree", "reusable": True, "default": True}, [TREE, CMDLINE]),
        ("camera", {"declared_in": "cmdline"}, [CMDLINE, TREE]),
        ("camera", None, [TREE]),
    ],
    ids=["by its name", "a pool of its own", "the default area", "made by cma=", "nothing is known"],
)
def test_the_command_line_makes_the_default_area_alone(
    name: str, region: dict[str, Any] | None, titles: list[str]
) -> None:
    heap = {"name": name, "kind": "cma"} | ({} if region is None else {"region": region | {"size": 16 * MIB}})
    data = {"name": "x", "title": "X", "heaps": [heap], "kernel": {"cmdline": ["quiet"]}}
    asked = question(f"1M:40@{name}", config=BoardConfig.model_validate(data))
    fixes = {fix.title: fix for fix in enough_memory(asked, budget_of(asked))}
    assert list(fixes) == titles
    if CMDLINE in fixes:
        (change,) = fixes[CMDLINE].changes
        assert change.lines == ("BOARD_KERNEL_CMDLINE += cma=44M",), "what the board config has there is there already"


def test_no_lines_where_it_is_enough(tmp_path: Path) -> None:
    board = traced_board(exhaustion(), area=0x10000)
    asked = question("1M:40@linux,cma", facts=facts_of(tmp_path, board), config=BOARD_CONFIG)
    assert enough_memory(asked, budget_of(asked)) == ()


def test_lines_on_a_board_where_it_is_not(tmp_path: Path) -> None:
    board = traced_board(exhaustion(), area=0x10000)
    asked = question("1M:80@linux,cma", facts=facts_of(tmp_path, board), config=BOARD_CONFIG)
    first = enough_memory(asked, budget_of(asked))[0]
    assert first.title == "a reserved-memory node in the device tree"
    assert first.size == 88 * MIB


def test_the_document_takes_what_is_found() -> None:
    asked = question("1M:4@linux,cma", "640x480:NV12M:2")
    budget = budget_of(asked)
    assert Budget(budget=budget, fixes=enough_memory(asked, budget)).budget.of_heap("linux,cma")
