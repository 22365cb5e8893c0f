"""The whole of the allocator's tests on every virtual board, more than once: the same verdicts each time.

``BRINGUP_REPEAT=20`` for as many runs as a release wants; ``python -m benchmarks.same_verdicts`` prints the figures.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from benchmarks.same_verdicts import Series, one_run
from bringup.allocator.run import ensure_pushed
from bringup.board import Board, Target, connect_tcp
from bringup.deadline import Deadline
from bringup.virtual import VirtualBoard
from tests.native_adbd import AdbServer

RUNS = int(os.environ.get("BRINGUP_REPEAT", "2"))
SECONDS = 120
#: By board: its heaps, and what ends in a warning on each: the leak at EFAULT that Linux 7.3 has no more.
BOARDS = {
    "amd64": (("system",), True),
    "arm64-debian": ((), True),
    "arm64-16k": ((), True),
    "arm64-5.10": (("linux,cma", "system"), True),
    "arm64-6.12": (("linux,cma", "system"), True),
    "arm64-7.x": (("default_cma_region", "linux,cma", "system", "video@50000000"), False),
}
BUILT = ("arm64-5.10", "arm64-6.12", "arm64-7.x")


@pytest.mark.board
@pytest.mark.parametrize(
    "profile", [pytest.param(name, marks=[pytest.mark.kernels] if name in BUILT else []) for name in BOARDS]
)
def test_the_same_verdicts_each_time_and_none_is_bad(
    shared_board: Callable[[str], VirtualBoard], adb_server: AdbServer, profile: str
) -> None:
    heaps, leaks = BOARDS[profile]
    started = shared_board(profile)
    deadline = Deadline.after(SECONDS * RUNS)
    connect_tcp(adb_server.transport, started.serial, deadline)
    board = Board.open(adb_server.transport, Target(started.serial), deadline)
    program = ensure_pushed(board, deadline)
    series = Series()
    for _ in range(RUNS):
        series.verdicts.append(one_run(board, program)[0])
    assert series.differing() == []
    assert series.bad() == []
    assert len({frozenset(one) for one in series.verdicts}) == 1
    first = series.verdicts[0]
    assert {heap for heap, _ in first} == set(heaps)
    warned = {key for key, (outcome, _) in first.items() if outcome == "warn"}
    assert warned == {(heap, "fd.after_efault") for heap in heaps if leaks}


def test_a_difference_and_a_failure_are_told() -> None:
    good = {("system", "open"): ("pass", ""), ("system", "mmap.rw"): ("pass", "")}
    bad = good | {("system", "mmap.rw"): ("fail", "offset 0")}
    series = Series([good, bad, good])
    assert series.differing() == ["system mmap.rw: 2 pass, 1 fail: ['offset 0']"]
    assert series.bad() == ["system mmap.rw: fail: offset 0"]
    assert Series([good, {("system", "open"): ("pass", "")}]).differing() == [
        "system mmap.rw: 1 pass, 1 missing: []",
    ]
