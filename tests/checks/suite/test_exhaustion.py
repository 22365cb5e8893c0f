"""A heap that was used up."""

from __future__ import annotations

from tests.support.scripted_record import broken
from tests.support.suite import (
    Broken,
    suite_tests,
    traced_board,
)
from tests.support.traced import exhaustion

BROKEN = (
    Broken("wrong errno", "exhaustion.clean", "fail", traced_board(exhaustion(stopped="error", errno=5)), "heap.wrong-errno"),
    Broken("keeps memory", "exhaustion.clean", "fail", traced_board(exhaustion(free_after=1 << 20)), "heap.leak"),
    Broken("died", "exhaustion.clean", "error", traced_board(exhaustion(stopped="died"))),
    Broken("says nothing", "exhaustion.clean", "error", broken(asked_exhaustion=True)),
    Broken("nothing is free", "exhaustion.clean", "error", traced_board(exhaustion(stopped="not tried", seen="less than a page may be held"))),
    Broken("half an area", "exhaustion.cma", "warn", traced_board(exhaustion(held=32 << 20)), "cma.unusable"),
    Broken("stays in pieces", "exhaustion.cma", "warn", traced_board(exhaustion(largest_after=1 << 20)), "cma.fragmented"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "exhaustion", BROKEN, skips={"exhaustion.clean", "exhaustion.cma"}
)
