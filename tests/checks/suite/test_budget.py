"""A board config with streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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


NEED = "all (preview): {0} buffers, {0} MiB"
ALIGNED = "aligned to 1 MiB at most they take {} MiB"
NOT_MOVED = "4 MiB were free and could not be had: pages there could not be moved"
FRAGMENTED = "with every second small buffer held, the largest was 1 MiB: allocate the large buffers first"
NO_REGION = "give the heap's region the size that 'bringup heap budget' shows, or the streams fewer or smaller buffers"


@pytest.mark.parametrize(
    ("board", "streams", "outcome", "evidence"),
    [
        (used_up(), config(40), "pass", (NEED.format(40), ALIGNED.format(40), "largest buffer: 1 MiB", "64 MiB could be held, 44 MiB with the margin")),
        (used_up(), config(60), "warn", (NEED.format(60), ALIGNED.format(60), "largest buffer: 1 MiB", "4 MiB are left over, less than the margin")),
        (used_up(), config(65), "fail", (NEED.format(65), ALIGNED.format(65), "largest buffer: 1 MiB", "65 MiB are needed, 64 MiB could be held")),
        (ScriptedBoard(), config(4), "error", (NEED.format(4), ALIGNED.format(4), "largest buffer: 1 MiB", "nothing shows how much it can give: it was not used up")),
        # Pages of any place: nothing is aligned, and no buffer is too large.
        (used_up(heap="system", cma=False), config(40, heap="system"), "pass", (NEED.format(40), "64 MiB could be held, 44 MiB with the margin")),
    ],
)  # fmt: skip
def test_what_is_shown(
    tmp_path: Path, board: ScriptedBoard, streams: BoardConfig, outcome: str, evidence: tuple[str, ...]
) -> None:
    (verdict,) = ask("heap.budget", tmp_path, board, streams)
    assert (verdict.outcome, verdict.heap) == (outcome, streams.streams[0].heap)
    assert verdict.evidence == evidence
    assert verdict.reason == (evidence[-1] if outcome == "error" else None)
    assert (verdict.cause is not None) == (outcome in ("warn", "fail"))
    if verdict.cause is not None:
        assert verdict.cause.text == f"linux,cma gives too little for all: {evidence[-1]}"


@pytest.mark.parametrize(
    ("board", "streams", "shown", "hint"),
    [
        (used_up(held=60 << 20), config(40), True, NOT_MOVED),
        (used_up(), config(40), False, NOT_MOVED),
        (used_up(), config(10, size=3 << 20), True, FRAGMENTED),
        (used_up(), config(40), False, FRAGMENTED),
        (used_up(largest_fragmented=0), config(10, size=3 << 20), False, FRAGMENTED),
        (used_up(heap="system"), config(10, heap="system", size=3 << 20), False, FRAGMENTED),
    ],
)
def test_why_what_was_free_may_not_be_had(
    tmp_path: Path, board: ScriptedBoard, streams: BoardConfig, shown: bool, hint: str
) -> None:
    (verdict,) = ask("heap.budget", tmp_path, board, streams)
    assert (hint in verdict.evidence) == shown


@pytest.mark.parametrize(
    ("streams", "why"),
    [
        (None, "no board config says which streams there are"),
        (BOARD_CONFIG, "scripted does not say which streams there are"),
    ],
)
def test_without_streams_it_is_skipped(tmp_path: Path, streams: BoardConfig | None, why: str) -> None:
    (verdict,) = ask("heap.budget", tmp_path, used_up(), streams)
    assert (verdict.outcome, verdict.reason) == ("skip", why)


@pytest.mark.parametrize(
    ("heap", "buffers", "outcome", "fix", "files"),
    [
        ("linux,cma", 60, "warn", "give linux,cma a region of 68 MiB", ["device-tree/heaps.dtsi"]),
        ("system", 60, "warn", NO_REGION, []),
        ("system", 65, "fail", NO_REGION, []),
    ],
)
def test_how_it_is_fixed(tmp_path: Path, heap: str, buffers: int, outcome: str, fix: str, files: list[str]) -> None:
    board = used_up(heap=heap, cma=heap != "system")
    (verdict,) = ask("heap.budget", tmp_path, board, config(buffers, heap=heap))
    assert (verdict.outcome, verdict.remedy) == (outcome, (fix,))
    assert [change.file for change in verdict.changes] == files


def test_too_little_has_the_lines_that_give_enough(tmp_path: Path) -> None:
    (verdict,) = ask("heap.budget", tmp_path, used_up(), config(80))
    assert verdict.remedy == ("give linux,cma a region of 88 MiB",)
    (change,) = verdict.changes
    assert change.file == "device-tree/heaps.dtsi"
    assert "size = <0x0 0x5800000>;" in "\n".join(change.lines)


@pytest.mark.parametrize(
    ("counts", "outcome", "worst"),
    [
        ({"a": 30, "b": 70}, "fail", "both"),
        ({"a": 30, "b": 32}, "warn", "both"),
        ({"a": 30, "b": 10}, "pass", "both"),  # of equals the one that needs the most
        ({"a": 70, "b": 0}, "fail", "one"),  # the first of equals
    ],
)
def test_the_worst_scenario_decides(tmp_path: Path, counts: dict[str, int], outcome: str, worst: str) -> None:
    streams = [
        {"name": name, "heap": "linux,cma", "buffers": count, "size": 1 << 20}
        for name, count in counts.items()
        if count
    ]
    scenarios = [{"name": "one", "streams": ["a"]}, {"name": "both", "streams": [stream["name"] for stream in streams]}]
    more = {"streams": streams, "scenarios": scenarios}
    streamed = BoardConfig.model_validate(BOARD_CONFIG.model_dump(exclude_unset=True) | more)
    (verdict,) = ask("heap.budget", tmp_path, used_up(), streamed)
    assert verdict.outcome == outcome
    assert verdict.evidence[0].startswith(f"{worst} (")
    assert verdict.cause is None or worst in verdict.cause.text
