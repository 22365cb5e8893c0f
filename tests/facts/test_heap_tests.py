"""When a skipped heap test is an error: on a heap that has the room, and not free. And which tests a heap is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.allocator.answer import Result
from bringup.facts import heap_tests
from bringup.facts.board import Facts
from tests.support.scripted_record import broken, files, result

MIB = 1 << 20
#: The kernel's own list of its one area, of 64 MiB.
AREA = {"/sys/kernel/debug/cma/linux,cma/base_pfn": "294912\n", "/sys/kernel/debug/cma/linux,cma/count": "16384\n"}


def facts_of(folder: Path, meminfo: str, heap: str, seen: str, test: str = "alloc.4m") -> tuple[Facts, Result]:
    board = broken(results=[result(heap, test, "skip", seen=seen)], files=files(__proc__meminfo=meminfo) | AREA)
    record = board.record(folder)
    (skipped,) = record.results
    return Facts(record, None, ""), skipped


def short(held: int, free: int, figure: str = "MemFree", needs: int = 4 * MIB) -> str:
    return (
        f"needs {needs} bytes; at most {held} may be held ({figure} is {free} bytes, half of it or the plan's budget)"
    )


@pytest.mark.parametrize(
    ("meminfo", "heap", "seen", "outcome"),
    [
        # The system heap: the board's memory, four times over.
        ("MemTotal: 16384 kB\n", "system", short(MIB, 2 * MIB), "error"),
        ("MemTotal: 16383 kB\n", "system", short(MIB, 2 * MIB), "skip"),
        ("", "system", short(MIB, 2 * MIB), "error"),
        # What the plan allows is less than half of what is free.
        ("MemTotal: 16384 kB\n", "system", short(MIB - 1, 2 * MIB), "skip"),
        ("MemTotal: 16384 kB\n", "system", short(MIB, 2 * MIB + 1), "error"),
        # A heap of an area that is known, whatever CmaTotal says.
        ("MemTotal: 1 kB\nCmaTotal: 1 kB\n", "linux,cma", short(MIB, 2 * MIB, "CmaFree"), "error"),
        ("MemTotal: 1 kB\nCmaTotal: 1 kB\n", "ion/linux,cma/2", short(MIB, 2 * MIB, "CmaFree"), "error"),
        # A heap of an area that is not known: at most all CMA there is.
        ("MemTotal: 1 kB\nCmaTotal: 16384 kB\n", "camera", short(MIB, 2 * MIB, "CmaFree"), "error"),
        ("MemTotal: 99999 kB\nCmaTotal: 16383 kB\n", "camera", short(MIB, 2 * MIB, "CmaFree"), "skip"),
        # Not what the test allocator says of memory.
        ("MemTotal: 16384 kB\n", "system", "the heap is protected", "skip"),
        ("MemTotal: 16384 kB\n", "system", short(MIB, 2 * MIB).replace("needs", "wants"), "skip"),
        ("MemTotal: 16384 kB\n", "system", short(MIB, 2 * MIB).replace(str(2 * MIB), "some"), "skip"),
        ("MemTotal: 16384 kB\n", "system", short(MIB, 2 * MIB).replace(f"most {MIB}", "most some"), "skip"),
    ],
)  # fmt: skip
def test_a_heap_that_is_used_up_is_not_one_that_is_small(
    tmp_path: Path, meminfo: str, heap: str, seen: str, outcome: str
) -> None:
    facts, skipped = facts_of(tmp_path, meminfo, heap, seen)
    assert heap_tests.outcome_of(facts, skipped).value == outcome


@pytest.mark.parametrize(("kib", "outcome"), [(16, "error"), (15, "skip")])
def test_a_test_that_holds_pages_is_as_large_as_the_boards_pages(tmp_path: Path, kib: int, outcome: str) -> None:
    facts, skipped = facts_of(tmp_path, f"MemTotal: {kib} kB\n", "system", short(0, 0, needs=4096), "alloc.page")
    assert heap_tests.outcome_of(facts, skipped).value == outcome


def test_a_test_that_is_not_known_stays_what_it_is(tmp_path: Path) -> None:
    facts, skipped = facts_of(tmp_path, "MemTotal: 16384 kB\n", "system", short(MIB, 2 * MIB), "of.a.later.version")
    assert heap_tests.outcome_of(facts, skipped).value == "skip"


ION_NEW = {"t": "ion", "state": "ok", "errno": 0, "abi": "4.12", "names": [], "types": [], "ids": []}
ION_OLD = ION_NEW | {"abi": "legacy"}


@pytest.mark.parametrize(
    ("heap", "ion", "expected"),
    [
        ("system", ION_OLD, ["alloc.page", "bad.fd"]),
        ("ion/system", ION_NEW, ["alloc.page", "ion.query", "ion.bad_len"]),
        ("ion/system", ION_OLD, ["alloc.page", "ion.handle", "ion.bad_len"]),
    ],
)
def test_a_heap_is_asked_for_the_tests_of_its_kind(
    tmp_path: Path, heap: str, ion: dict[str, object], expected: list[str]
) -> None:
    asked = ("alloc.page", "bad.fd", "ion.query", "ion.handle", "ion.bad_len", "of.a.later.version")
    record = broken(asked_tests=asked, latencies=[ion]).record(tmp_path)
    assert [test.id for test in heap_tests.tests_asked(record, heap)] == expected
