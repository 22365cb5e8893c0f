"""Where the pages of buffers lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bringup.config.schema import BoardConfig, Memory
from bringup.results.verdict import Outcome
from tests.support.scripted_record import BOARD_CONFIG, ScriptedBoard
from tests.support.suite import (
    Broken,
    ask,
    suite_tests,
    traced_board,
)
from tests.support.traced import TRACING, cma_buffer, page_buffer

LIMITED = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=4 << 30)})
RANGES = [{"base": 0x4000_0000, "size": 0x100_0000}, {"base": 0x5000_0000, "size": 0x100_0000}]


def placed(**where: Any) -> BoardConfig:
    """A config that says where the pool lies, and a limit that counts only where it does not."""
    region = {"declared_in": "device-tree", "node_name": "linux,cma", "size": 64 << 20, "reusable": True} | where
    heaps = [{"name": "linux,cma", "kind": "cma", "region": region}]
    return BoardConfig.model_validate({"name": "x", "title": "X", "heaps": heaps, "memory": {"dma_limit": 4096}})


def released(pages: int) -> ScriptedBoard:
    """A board that traced eight pages and counted so many as given back, too."""
    board = traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8)), counted=8, area=0x7C000)
    path = "/sys/kernel/mm/cma/linux,cma/release_pages_success"
    before, after = {**board.files, path: "3\n"}, {**board.files_after, path: f"{3 + pages}\n"}
    return replace(board, files=before, files_after=after)


BROKEN = (
    Broken("pieces", "pages.contiguous", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8), (0x7D000, 8))), "heap.not-contiguous"),
    Broken("not aligned", "pages.contiguous", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7C008, 16), align=4)), "heap.not-contiguous"),
    Broken("outside", "pages.region", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7FFFF, 2)), area=0x7C000), "heap.outside-region"),
    Broken("events lost", "pages.runs", "error", traced_board(TRACING, page_buffer("system", (9, 0)), page_buffer("system", (1, 0)) | {"state": "failed", "errno": 5})),
    Broken("counters", "pages.counters", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8)), counted=7, area=0x7C000), "cma.counters"),
    Broken("counters agree", "pages.counters", "pass", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8)), counted=8, area=0x7C000)),
    Broken("no counters", "pages.counters", "skip", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8)), area=0x7C000)),
    Broken("fewer released", "pages.counters", "fail", released(7), "cma.counters"),
    Broken("as many released", "pages.counters", "pass", released(8)),
    Broken("no CMA buffer", "pages.counters", "skip", traced_board(TRACING, page_buffer("system", (1, 0)))),
    Broken("many pieces", "pages.contiguous", "fail", traced_board(TRACING, cma_buffer("linux,cma", *((0x7C000 + 16 * n, 8) for n in range(5)))), "heap.not-contiguous"),
    Broken("in one piece", "pages.contiguous", "pass", traced_board(TRACING, cma_buffer("linux,cma", (0x7C010, 16), align=4), cma_buffer("linux,cma", (0x7C101, 1)))),
    Broken("neighbours", "pages.contiguous", "pass", traced_board(TRACING, cma_buffer("linux,cma", (0x7C008, 8), (0x7C000, 8)))),
    Broken("no contiguous heap", "pages.contiguous", "skip", traced_board(TRACING, page_buffer("system", (1, 0)))),
    Broken("no buffer", "pages.contiguous", "skip", traced_board(TRACING)),
    Broken("no tracefs", "pages.contiguous", "skip", traced_board(TRACING | {"state": "missing", "errno": 2})),
    Broken("inside", "pages.region", "pass", traced_board(TRACING, cma_buffer("linux,cma", (0x7FFFE, 2)), cma_buffer("linux,cma", (0x7C000, 4)), area=0x7C000)),
    Broken("before it", "pages.region", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7BFFF, 2)), area=0x7C000), "heap.outside-region"),
    Broken("runs", "pages.runs", "pass", traced_board(TRACING, page_buffer("system", (2, 0), (3, 0), (8, 3), (64, 4), (128, 4)), page_buffer("system", (9, 0), (11, 0)), page_buffer("system", (9, 0)))),
    Broken("no other heap", "pages.runs", "skip", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8)))),
    Broken("not the first alone", "pages.runs", "error", traced_board(TRACING, page_buffer("system", (1, 0)) | {"state": "failed", "errno": 12}, page_buffer("system", (9, 0)))),
    Broken("below the limit", "pages.promised", "pass", traced_board(TRACING, cma_buffer("linux,cma", (0xFFFFE, 2))), None, LIMITED),
    Broken("where it is fixed", "pages.promised", "pass", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 16384))), None, placed(base=0x7C00_0000)),
    Broken("beside where it is fixed", "pages.promised", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7C001, 16384))), "heap.above-limit", placed(base=0x7C00_0000)),
    Broken("in the second range", "pages.promised", "pass", traced_board(TRACING, cma_buffer("linux,cma", (0x50000, 8))), None, placed(alloc_ranges=RANGES)),
    Broken("between the ranges", "pages.promised", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x41000, 8))), "heap.above-limit", placed(alloc_ranges=RANGES)),
    Broken("no board config", "pages.promised", "skip", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8))), None, None),
    Broken("a config that says nothing of it", "pages.promised", "skip", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8)))),
    Broken("beyond the limit", "pages.promised", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x100000, 2))), "heap.above-limit", LIMITED),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "pages", BROKEN, skips={"pages.contiguous", "pages.region", "pages.promised", "pages.runs", "pages.counters"}
)


@pytest.mark.parametrize(
    ("pfn", "outcome"), [(0xFFFFE, Outcome.PASS), (0xFFFFF, Outcome.FAIL), (0x100000, Outcome.FAIL)]
)
def test_a_buffer_has_to_lie_where_the_config_promises_it(tmp_path: Path, pfn: int, outcome: Outcome) -> None:
    board = traced_board(TRACING, cma_buffer("linux,cma", (pfn, 2)), page_buffer("system", (0x200000, 0)))
    limited = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=4 << 30)})
    (verdict,) = ask("pages.promised", tmp_path / "1", board, config=limited)
    assert (verdict.heap, verdict.outcome) == ("linux,cma", outcome), "of a system heap nothing is promised"
    assert ask("pages.promised", tmp_path / "2", board)[0].outcome is Outcome.SKIP
