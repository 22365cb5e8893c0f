"""The test allocator's results, and how fast the heaps are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bringup.allocator.manifest import heap_tests
from tests.support.scripted_record import HELLO, ScriptedReturn, broken, files, result
from tests.support.suite import (
    CMA_USED_UP,
    Broken,
    ask,
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
SMALL = "MemTotal:        2014208 kB\nCmaTotal:           8192 kB\nCmaFree:            6144 kB\n"


def short(heap: str, test: str, needs: int, held: int, free: int, figure: str = "CmaFree") -> dict[str, Any]:
    """A test that was skipped for want of memory."""
    seen = (
        f"needs {needs} bytes; at most {held} may be held ({figure} is {free} bytes, half of it or the plan's budget)"
    )
    return result(heap, test, "skip", seen=seen)


QUICK = SLOW | {"alloc_ns": [110, 120, 130]}

BROKEN = (
    Broken("test fails", "allocator", "fail", broken(results=[result("system", "zeroed", "fail", seen="byte 5 is 0xaa"), result("linux,cma", "open")])),
    Broken("test errs", "allocator", "error", broken(results=[result("system", "open", "error", seen="killed"), result("linux,cma", "open")])),
    Broken("not tested", "allocator", "error", broken(results=[result("system", "open")])),
    Broken("not asked for", "allocator", "skip", broken(results=[result("system", "open")], asked="system")),
    Broken("open refused", "allocator", "fail", broken(results=[result("system", "open", "fail", errno=13)], heaps={"system": {"mode": 0o600, "uid": 0}}, hello=HELLO | {"uid": 2000}), "node.mode"),
    Broken("CMA is full", "allocator", "fail", broken(results=[result("system", "open"), result("linux,cma", "alloc.1m", "fail", errno=12)], files=files(__proc__meminfo=CMA_USED_UP)), "cma.exhausted"),
    Broken("a result is missing", "allocator", "error", broken(asked_tests=("open", "zero.fresh"))),
    Broken("all but one result is there", "allocator", "error", broken(asked_tests=("open", "zero.fresh"), results=[result("system", "open"), result("system", "zero.fresh"), result("linux,cma", "open")])),
    Broken("each result is there", "allocator", "pass", broken(asked_tests=("open", "ion.query"))),
    Broken("the time was up", "allocator", "error", broken(asked_tests=("open", "zero.fresh"), stopped_at="test zero.fresh system")),
    Broken("lost under its tests", "allocator", "error", broken(returned=ScriptedReturn(boot_id=""), end={"t": "end", "complete": False, "why": "cable"})),
    Broken("open fails", "allocator", "fail", broken(results=[result("system", "open", "fail", errno=2, seen="ENOENT"), result("linux,cma", "open")])),
    Broken("not open is refused", "allocator", "fail", broken(results=[result("system", "alloc.1m", "fail", errno=13, seen="EACCES"), result("linux,cma", "open")], heaps={"system": {"mode": 0o600, "uid": 0}}, hello=HELLO | {"uid": 2000})),
    Broken("no heap of that name", "allocator", "error", broken(asked="nosuch*", results=[])),
    Broken("CMA is held by others", "allocator", "error", broken(results=[result("system", "open"), short("linux,cma", "alloc.page", 4096, 0, 0)])),
    Broken("CMA is held by others, and the log says so", "allocator", "error", broken(results=[result("system", "open"), short("linux,cma", "alloc.page", 4096, 0, 0)],
           files=files(dmesg="cma: cma_alloc: linux,cma: alloc failed, req-size: 256 pages, ret: -12\ncma: number of available pages: => 0 free of 4096 total pages\n")), "cma.exhausted"),
    Broken("memory is held by others", "allocator", "error", broken(results=[short("system", "alloc.4m", 4 << 20, 3 << 20, 6 << 20, "MemFree"), result("linux,cma", "open")])),
    Broken("a heap is small", "allocator", "skip", broken(results=[result("system", "open"), short("linux,cma", "alloc.4m", 4 << 20, 3 << 20, 6 << 20)], files=files(__proc__meminfo=SMALL))),
    Broken("the plan holds less", "allocator", "skip", broken(results=[result("system", "open"), short("linux,cma", "alloc.4m", 4 << 20, 1 << 20, 64 << 20)])),
    Broken("slow", "heap.latency", "warn", broken(latencies=[SLOW]), "heap.slow"),
    Broken("quick", "heap.latency", "pass", broken(latencies=[QUICK])),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "allocator", BROKEN, skips={"heap.latency"}
)


def test_each_missing_result_is_a_verdict_of_its_own(tmp_path: Path) -> None:
    """So that a comparison sees which became unknown."""
    every = tuple(heap_tests())
    board = broken(asked_tests=every, results=[result("system", "open"), result("linux,cma", "open")])
    verdicts = ask("allocator", tmp_path, board)
    errors = [(verdict.heap, verdict.id) for verdict in verdicts if verdict.outcome.value == "error"]
    of_nodes = [name for name, test in heap_tests().items() if not test.only or "node" in test.only]
    expected = [(heap, f"allocator.{name}") for heap in ("linux,cma", "system") for name in of_nodes if name != "open"]
    assert errors == expected


def test_what_the_time_ended_before_is_unknown_each_by_itself(tmp_path: Path) -> None:
    board = broken(asked_tests=("open", "zero.fresh"), stopped_at="test zero.fresh linux,cma", asked_exhaustion=True)
    verdicts = {(verdict.id, verdict.heap): verdict for verdict in ask("allocator", tmp_path / "a", board)}
    why = "the time that was given ended before 'test zero.fresh linux,cma': what comes after it was left out"
    for heap in ("linux,cma", "system"):
        assert verdicts["allocator.open", heap].outcome.value == "pass", "it was done before"
        assert verdicts["allocator.zero.fresh", heap].outcome.value == "error"
        assert verdicts["allocator.zero.fresh", heap].reason == why
    (observed,) = ask("board.observed", tmp_path / "b", board)
    assert (observed.outcome.value, observed.reason) == ("error", why)
    assert observed.evidence == ("left out: 2 heap tests, zero.fresh on linux,cma first",)
    assert observed.remedy == ("observe the board again, to the end: bringup run -s scripted --seconds 300",)
    assert {verdict.reason for verdict in ask("exhaustion.clean", tmp_path / "c", board)} == {why}
    for check in ("pages.contiguous", "heap.latency"):
        assert [(verdict.outcome.value, verdict.reason) for verdict in ask(check, tmp_path / check, board)] == [
            ("skip", why)
        ]
