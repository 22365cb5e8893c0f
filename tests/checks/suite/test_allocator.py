"""The test allocator's results, and how fast the heaps are."""

from __future__ import annotations

from tests.support.scripted_record import HELLO, broken, files, result
from tests.support.suite import (
    CMA_USED_UP,
    Broken,
    suite_tests,
)

SLOW = {
    "t": "latency",
    "heap": "system",
    "size": 1 << 20,
    "alloc_ns": [900, 1000, 1100],
    "free_ns": [9, 9, 9],
    "memset_ns": [100, 100, 100],
}
QUICK = SLOW | {"alloc_ns": [110, 120, 130]}

BROKEN = (
    Broken("test fails", "allocator", "fail", broken(results=[result("system", "zeroed", "fail", seen="byte 5 is 0xaa"), result("linux,cma", "open")])),
    Broken("test errs", "allocator", "error", broken(results=[result("system", "open", "error", seen="killed"), result("linux,cma", "open")])),
    Broken("not tested", "allocator", "error", broken(results=[result("system", "open")])),
    Broken("not asked for", "allocator", "skip", broken(results=[result("system", "open")], asked="system")),
    Broken("open refused", "allocator", "fail", broken(results=[result("system", "open", "fail", errno=13)], heaps={"system": {"mode": 0o600, "uid": 0}}, hello=HELLO | {"uid": 2000}), "node.mode"),
    Broken("CMA is full", "allocator", "fail", broken(results=[result("system", "open"), result("linux,cma", "alloc.1m", "fail", errno=12)], files=files(__proc__meminfo=CMA_USED_UP)), "cma.exhausted"),
    Broken("slow", "heap.latency", "warn", broken(latencies=[SLOW]), "heap.slow"),
    Broken("quick", "heap.latency", "pass", broken(latencies=[QUICK])),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "allocator", BROKEN, skips={"heap.latency"}
)
