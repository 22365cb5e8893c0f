"""The whole of the allocator's tests on every virtual board, more than once: the same verdicts each time.

``BRINGUP_REPEAT=20`` for more runs than a suite has time for; ``python -m benchmarks.same_verdicts`` prints the figures.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.same_verdicts import Series, one_run, verdicts_of
from bringup.board import Board, Target, connect_tcp
from bringup.deadline import Deadline
from bringup.record.load import load_record
from bringup.virtual import VirtualBoard
from tests.support.judged import Healthy
from tests.support.known_defects import expected_outcomes
from tests.support.native_adbd import AdbServer

RUNS = int(os.environ.get("BRINGUP_REPEAT", "2"))
SECONDS = 300
LEAK = "allocator.fd.after_efault"
ION_LEAK = "allocator.ion.after_efault"
ION = tuple(
    f"ion/{name}{cached}"
    for name in ("ion_system_heap", "ion_system_contig_heap", "linux,cma")
    for cached in ("", "/cached")
)
#: By board: its heaps.
BOARDS: dict[str, tuple[str, ...]] = {
    "amd64": ("system",),
    "arm64-debian": (),
    "arm64-16k": (),
    "arm64-5.10": ("linux,cma", "system", *ION),
    "arm64-6.12": ("linux,cma", "system"),
    "arm64-7.x": ("default_cma_region", "linux,cma", "system", "video@50000000"),
}
#: The others with make test-kernels: the whole suite has five minutes.
IN_EVERY_SUITE = "amd64"


@pytest.mark.board
@pytest.mark.parametrize(
    "profile", [pytest.param(name, marks=[] if name == IN_EVERY_SUITE else [pytest.mark.kernels]) for name in BOARDS]
)
def test_the_same_verdicts_each_time_and_none_is_bad(
    shared_board: Callable[[str], VirtualBoard],
    healthy_run: Healthy,
    adb_server: AdbServer,
    tmp_path: Path,
    profile: str,
) -> None:
    """The session's one run of the board is the first."""
    heaps = BOARDS[profile]
    started = shared_board(profile)
    deadline = Deadline.after(SECONDS)
    connect_tcp(adb_server.transport, started.serial, deadline)
    board = Board.open(adb_server.transport, Target(started.serial), deadline)
    record = load_record(healthy_run(profile).record)
    assert record.incomplete is None
    others = [one_run(board, tmp_path / str(number))[0] for number in range(1, RUNS)]
    series = Series([verdicts_of(record), *others])
    assert series.differing() == []
    assert series.bad() == []
    first = series.verdicts[0]
    assert {heap for heap, name in first if name.startswith("allocator.")} == set(heaps)
    assert record.hello is not None or not heaps
    leaks = {
        (heap, name): expected_outcomes(name.removeprefix("allocator."), record.hello.release)
        for heap in heaps
        for name in ([ION_LEAK] if heap in ION else [LEAK])
        if record.hello is not None
    }
    assert {key for key, (outcome, _) in first.items() if outcome == "warn"} <= set(leaks)
    assert all(first[key][0] in outcomes for key, outcomes in leaks.items())


def test_a_difference_and_a_failure_are_reported() -> None:
    good = {("system", "open"): ("pass", ""), ("system", "mmap.rw"): ("pass", "")}
    bad = good | {("system", "mmap.rw"): ("fail", "offset 0")}
    series = Series([good, bad, good])
    assert series.differing() == ["system mmap.rw: 2 pass, 1 fail: ['offset 0']"]
    assert series.bad() == ["system mmap.rw: fail: offset 0"]
    assert Series([good, {("system", "open"): ("pass", "")}]).differing() == [
        "system mmap.rw: 1 pass, 1 missing: []",
    ]
