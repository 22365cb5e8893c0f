"""The benchmark on real kernels' real heaps: the system heap, and ION beside heaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.allocator.answer import TimingSource
from bringup.board import Board, Target, connect_tcp
from bringup.checks.judge import judge
from bringup.deadline import Deadline
from bringup.facts.benchmark import LIMITS, timing_facts
from bringup.facts.board import Facts
from bringup.record.benchmark import ALL_CPUS, Benchmark
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation, observe
from bringup.results.verdict import Outcome
from bringup.virtual import VirtualBoard
from tests.support.native_adbd import AdbServer

pytestmark = pytest.mark.board

SECONDS = 300


def benchmarked(started: VirtualBoard, server: AdbServer, folder: Path, what: Benchmark) -> tuple[Record, list[str]]:
    connect_tcp(server.transport, started.serial, Deadline.after(SECONDS))
    board = Board.open(server.transport, Target(started.serial), Deadline.after(SECONDS))
    steps: list[str] = []
    error = observe(board, folder / "record", Observation(heaps=None, rounds=0, benchmark=what), steps.append)
    assert error is None
    return load_record(folder / "record"), steps


def test_the_system_heap_is_measured_beside_the_board_s_own_memory(
    amd64_board: VirtualBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    what = Benchmark(("system",), sizes=(4096, 65536), threads=(1, ALL_CPUS), seconds=2, passes=2)
    record, steps = benchmarked(amd64_board, adb_server, tmp_path, what)
    found = [one for one in timing_facts(record.timings) if one.source == "heap"]
    assert {(one.name, one.op) for one in found} == {("system", op) for op in LIMITS}
    assert {one.size for one in found} == {4096, 65536}
    assert all(one.ratio and one.p50 > 0 and one.overhead is not None for one in found)
    assert "measure, pass 2 of 2" in steps
    assert record.incomplete is None
    judged = judge(Facts(record))
    assert judged.timings == timing_facts(record.timings)
    assert {one.outcome for one in judged.verdicts if one.id == "allocator"} == {Outcome.SKIP}
    assert [one.size for heap in judged.heaps for one in heap.latency] == [4096, 65536]


@pytest.mark.kernels
def test_ion_is_measured_in_turn_with_the_heaps(
    shared_board: Callable[[str], VirtualBoard], adb_server: AdbServer, tmp_path: Path
) -> None:
    what = Benchmark(sizes=(65536,), threads=(1,), seconds=2, passes=2)
    record, _ = benchmarked(shared_board("arm64-5.10"), adb_server, tmp_path, what)
    measured = {(one.source, one.name, one.flags) for one in record.timings}
    assert (TimingSource.HEAP, "system", 0) in measured
    assert {(TimingSource.ION, "ion_system_heap", flags) for flags in (0, 1)} <= measured
    assert len({one.run for one in record.timings}) == 2
    labels = {one.label for one in timing_facts(record.timings)}
    assert {"limit", "system", "ION ion_system_heap", "ION ion_system_heap uncached"} <= labels
