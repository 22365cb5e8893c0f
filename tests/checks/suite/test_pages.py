"""Where the pages of buffers lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.schema import Memory
from bringup.results.verdict import Outcome
from tests.support.scripted_record import BOARD_CONFIG
from tests.support.suite import (
    Broken,
    ask,
    suite_tests,
    traced_board,
)
from tests.support.traced import TRACING, cma_buffer, page_buffer

LIMITED = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=4 << 30)})

BROKEN = (
    Broken("pieces", "pages.contiguous", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8), (0x7D000, 8))), "heap.not-contiguous"),
    Broken("not aligned", "pages.contiguous", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7C008, 16), align=4)), "heap.not-contiguous"),
    Broken("outside", "pages.region", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7FFFF, 2)), area=0x7C000), "heap.outside-region"),
    Broken("events lost", "pages.runs", "error", traced_board(TRACING, page_buffer("system", (9, 0)), page_buffer("system", (1, 0)) | {"state": "failed", "errno": 5})),
    Broken("counters", "pages.counters", "fail", traced_board(TRACING, cma_buffer("linux,cma", (0x7C000, 8)), counted=7, area=0x7C000), "cma.counters"),
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
