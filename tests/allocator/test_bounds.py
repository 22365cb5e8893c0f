"""What a board may send in answer to a plan: no more than was asked for, by the program that was asked. The board lies."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bringup.allocator.bounds import Bounds
from bringup.allocator.plan import Bench, Files, Glob, Heaps, Plan, Read, Run, Test
from bringup.allocator.reader import Reader
from bringup.allocator.run import Program, run
from bringup.board import Board
from bringup.deadline import Deadline
from bringup.errors import AllocatorError
from tests.support.lying_board import BYE, HELLO, LyingBoard, encoded, file, ran

HEAPS = {"t": "heaps", "pattern": "*", "state": "ok", "errno": 0, "names": ["system"]}
PLAN = Plan().add(
    Read("/a", 100), Files("/b/*", 2, 10), Glob("/c/*", 2), Run(10, 50, ("true",)), Heaps("*"), Test("*"), Bench(1)
)


def result(heap: str = "system", test: str = "open") -> dict[str, Any]:
    return {
        "t": "result",
        "heap": heap,
        "test": test,
        "outcome": "pass",
        "asserts": "",
        "seen": "",
        "errno": 0,
        "ns": 1,
    }


NODE = {"t": "node", "path": "/c/x", "state": "ok", "errno": 0}
ION = {"t": "ion", "state": "ok", "errno": 0, "names": [], "types": [], "ids": []}


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ([file(b"x" * 101)], "more bytes than the plan asks for"),
        ([file(b"x" * 100), file(b"x" * 100), file(b"x" * 100)], "more bytes than the plan asks for"),
        ([file()] * 6, "more 'file' lines than the plan asks for"),
        ([NODE] * 5, "more 'node' lines"),
        ([ran(b"x" * 101)], "more bytes than the plan asks for"),
        ([ran()] * 2, "more 'ran' lines"),
        ([ION], "more 'ion' lines"),
        ([HEAPS] * 2, "more 'heaps' lines"),
        ([HEAPS, result(), result()], "a result that the plan does not ask for: 'open'"),
        ([HEAPS, result(test="x\x1b")], r"does not ask for: 'x\\\\x1b'"),
        ([HELLO], "a second first line"),
    ],
)
def test_more_than_the_plan_asks_for_is_refused(lines: list[dict[str, Any]], seen: str) -> None:
    with pytest.raises(AllocatorError, match=seen):
        Reader(Bounds(PLAN)).feed(encoded(HELLO, *lines))


def test_what_the_plan_asks_for_is_taken() -> None:
    lines = [file(b"x" * 100), *[file(b"x" * 10)] * 2, *[NODE] * 2, ran(b"x" * 50, b"y" * 50), HEAPS, result()]
    reader = Reader(Bounds(PLAN))
    reader.feed(encoded(HELLO, *lines, {"t": "bye", "lines": len(lines) + 1, "complete": True}))
    assert reader.complete


def test_a_stream_without_an_end_is_cut() -> None:
    """Long names in lines that are allowed, each of them small."""
    plan = Plan().add(Glob("/*", 65536))
    line, reader = encoded(NODE | {"path": "/" + "x" * 60_000}), Reader(Bounds(plan))
    reader.feed(encoded(HELLO))
    with pytest.raises(AllocatorError, match="longer than the plan's answer can be"):
        list(map(reader.feed, [line] * 10_000))


def answered(answer: bytes, status: int = 0) -> int:
    board = cast("Board", LyingBoard(answer, status))
    return len(list(run(board, Program("/p", pushed=True, machine="x86_64"), PLAN, Deadline.after(60))))


@pytest.mark.parametrize(
    ("hello", "seen"),
    [
        ({"source": "0" * 64}, "its source is '0000"),
        ({"abi": "sparc"}, "its ABI is 'sparc', not 'x86_64'"),
        ({"sysname": "NetBSD"}, "its system is 'NetBSD'"),
        ({"page_size": 3}, "3 is not a page size"),
        ({"page_size": 0}, "0 is not a page size"),
    ],
)
def test_another_program_is_not_believed(hello: dict[str, Any], seen: str) -> None:
    with pytest.raises(AllocatorError, match=seen):
        answered(encoded(HELLO | hello, BYE))


def test_a_program_that_ends_badly_is_not_believed() -> None:
    assert answered(encoded(HELLO, BYE)) == 2
    with pytest.raises(AllocatorError, match=r"did not end well after its last line \(exit status 9\)"):
        answered(encoded(HELLO, BYE), status=9)
    assert answered(encoded({"t": "refused", "line": 1, "reason": "x"}), status=2) == 1
