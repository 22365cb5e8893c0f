"""A board config with streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bringup.config.schema import BoardConfig
from tests.support.scripted_record import BOARD_CONFIG, ScriptedBoard
from tests.support.suite import Broken, ask, suite_tests, traced_board
from tests.support.traced import exhaustion


def config(buffers: int, **stream: Any) -> BoardConfig:
    """The scripted board's config with a stream of so many buffers of 1 MiB."""
    preview = {"name": "preview", "heap": "linux,cma", "buffers": buffers, "size": 1 << 20} | stream
    return BoardConfig.model_validate(BOARD_CONFIG.model_dump(exclude_unset=True) | {"streams": [preview]})


def used_up(**measured: Any) -> ScriptedBoard:
    return traced_board(exhaustion(**measured), area=0x10000)


OVER = "heap.over-budget"
BROKEN = (
    Broken("too many buffers", "heap.budget", "fail", used_up(), OVER, config(65)),
    Broken("too large a buffer", "heap.budget", "fail", used_up(largest=1 << 20), OVER, config(4, size=8 << 20)),
    Broken("no margin", "heap.budget", "warn", used_up(), OVER, config(60)),
    Broken("not used up", "heap.budget", "error", ScriptedBoard(), config=config(4)),
)

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "budget", BROKEN, skips={"heap.budget"}
)


def test_enough_passes_and_says_how_much(tmp_path: Path) -> None:
    (verdict,) = ask("heap.budget", tmp_path, used_up(), config(40))
    assert verdict.outcome == "pass"
    assert verdict.heap == "linux,cma"
    assert "all (preview): 40 buffers, 40 MiB" in verdict.evidence


def test_too_little_has_the_lines_that_give_enough(tmp_path: Path) -> None:
    (verdict,) = ask("heap.budget", tmp_path, used_up(), config(80))
    assert verdict.remedy == ("give linux,cma a region of 88 MiB",)
    (change,) = verdict.changes
    assert change.file == "device-tree/heaps.dtsi"
    assert "size = <0x0 0x5800000>;" in "\n".join(change.lines)


def test_the_worst_scenario_decides(tmp_path: Path) -> None:
    streams = [
        {"name": name, "heap": "linux,cma", "buffers": count, "size": 1 << 20} for name, count in (("a", 30), ("b", 40))
    ]
    scenarios = [{"name": "one", "streams": ["a"]}, {"name": "both", "streams": ["a", "b"]}]
    more = {"streams": streams, "scenarios": scenarios}
    (verdict,) = ask(
        "heap.budget",
        tmp_path,
        used_up(),
        BoardConfig.model_validate(BOARD_CONFIG.model_dump(exclude_unset=True) | more),
    )
    assert verdict.outcome == "fail"
    assert verdict.cause is not None
    assert "both" in verdict.cause.text
