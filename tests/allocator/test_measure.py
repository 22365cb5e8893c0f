"""The benchmark's item on a scripted heap: what it measures, what it says of what it cannot, and what it survives."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bringup.allocator.answer import Bye, Timing, TimingSource, Untimed
from bringup.allocator.plan import Heaps, Measure, Plan
from bringup.deadline import Deadline
from bringup.facts.benchmark import LIMITS, timing_facts
from bringup.results.timing import TimingFacts
from tests.support.allocator_programs import Answer, Program

PAGE = os.sysconf("SC_PAGESIZE")
MILLISECONDS = 60_000


def measured(program: Program, *heaps: str, size: int = PAGE, threads: int = 1, fault: str = "", **how: int) -> Answer:
    first, *others = heaps or ("system",)
    plan = Plan(budget_bytes=how.get("budget", 0)).add(Heaps(first, tuple(others)))
    for _ in range(how.get("passes", 1)):
        plan = plan.add(Measure(size, threads, how.get("rounds", 5), how.get("milliseconds", MILLISECONDS)))
    answer = program.run(plan, env={"BRINGUP_FAULT": fault})
    assert answer.status == 0
    return answer


def facts(answer: Answer) -> dict[str, TimingFacts]:
    return {one.op: one for one in timing_facts(answer.of(Timing)) if one.name == "system"}


def test_every_operation_is_measured_beside_what_bounds_it(scripted: Program) -> None:
    answer = measured(scripted)
    limit, heap = answer.of(Timing)
    assert (limit.source, heap.source, heap.name) == (TimingSource.LIMIT, TimingSource.HEAP, "system")
    assert set(heap.ops) == set(LIMITS)
    assert {name for names in LIMITS.values() for name in names} <= set(limit.ops)
    assert {len(samples) for one in (limit, heap) for samples in one.ns} == {5}
    assert all(ns > 0 for one in (limit, heap) for samples in one.ns for ns in samples)
    assert answer.of(Untimed) == []
    assert all(one.ratio for one in facts(answer).values())


def test_a_size_is_in_whole_pages(scripted: Program) -> None:
    assert {one.size for one in measured(scripted, size=PAGE + 1, rounds=1).of(Timing)} == {2 * PAGE}


def test_the_share_of_the_loop_is_known_of_everything_measured(scripted: Program) -> None:
    found = timing_facts(measured(scripted, rounds=40).of(Timing))
    assert all(one.overhead is not None and one.overhead >= 0 for one in found)


def test_a_plan_may_name_several_heaps_which_are_measured_in_turn(scripted: Program) -> None:
    answer = measured(scripted, "system", "linux,*")
    assert [one.name for one in answer.of(Timing)] == ["", "linux,cma", "system"]
    assert len({one.run for one in answer.of(Timing)}) == 1


def test_a_heap_that_no_cpu_may_map_is_measured_as_far_as_it_goes(scripted: Program) -> None:
    _, heap = measured(scripted, "protected,*").of(Timing)
    assert heap.ops == ("alloc", "sync_start", "sync_end", "free")


def test_two_threads_measure_at_once(scripted: Program) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU: two threads cannot run at once")
    answer = measured(scripted, threads=2)
    assert {one.threads for one in answer.of(Timing)} == {2}
    every = measured(scripted, threads=0)
    assert {one.threads for one in every.of(Timing)} == {len(os.sched_getaffinity(0))}


@pytest.mark.parametrize(
    ("heap", "how", "fault", "why"),
    [
        ("absent", {}, "", "it does not open: ENOENT"),
        ("system", {}, "open_denied", "it does not open: EACCES"),
        ("system", {}, "no_memory", f"ALLOC of {PAGE} bytes: ENOMEM"),
        ("linux,cma", {"size": 16 << 20}, "", "needs 16777216 bytes; at most 8388608 may be held"),
        ("system", {"size": 1 << 30}, "", "needs 2147483648 bytes; at most 134217728 may be held"),
        ("system", {"threads": 64}, "", f"there are {len(os.sched_getaffinity(0))} CPUs"),
        ("system", {}, "sync_crash", "it was killed by signal 7"),
    ],
)
def test_what_is_not_measured_says_why(scripted: Program, heap: str, how: dict[str, int], fault: str, why: str) -> None:
    answer = measured(scripted, heap, fault=fault, **how)
    (one,) = answer.of(Untimed)
    assert one.why.startswith(why)
    assert one.name == ("" if ("size" in how and heap == "system") or "threads" in how else heap)
    assert [line.name for line in answer.of(Timing) if line.name] == []


def test_memory_held_stays_within_the_budget(scripted: Program) -> None:
    """Two buffers of 1 MiB are the process's own; what the heap gives must fit into the rest."""
    plan = Plan(budget_bytes=3 << 20).add(Heaps("system"), Measure(1 << 20, 1, 3, MILLISECONDS))
    answer = scripted.run(plan, env={"BRINGUP_CAP": str(1 << 20)})
    assert [one.name for one in answer.of(Timing)] == ["", "system"]
    small = scripted.run(Plan(budget_bytes=(3 << 20) - PAGE).add(Heaps("system"), Measure(1 << 20, 1, 3, MILLISECONDS)))
    assert small.one(Untimed).why.startswith("needs 1048576 bytes")


def test_time_ends_a_pass_and_keeps_a_round_at_least(scripted: Program) -> None:
    answer = measured(scripted, size=1 << 20, rounds=1000, milliseconds=1)
    assert 1 <= len(answer.of(Timing)[1].ns[0]) < 1000


def test_what_takes_far_too_long_is_left_out_from_then_on(scripted: Program) -> None:
    answer = measured(scripted, size=1 << 20, milliseconds=1, passes=3)
    assert {one.run for one in answer.of(Timing)} == {1}
    assert {one.why for one in answer.of(Untimed)} == {"it took more than 3 times the 1 ms that it may take"}


def test_the_time_budget_ends_a_benchmark(scripted: Program) -> None:
    plan = Plan(budget_ms=1500).add(Heaps("system"))
    for _ in range(20):
        plan = plan.add(Measure(1 << 20, 1, 1000, 500))
    bye = scripted.run(plan).one(Bye)
    assert not bye.complete
    assert (bye.stopped_at or "").startswith("measure 1048576")


def test_the_time_that_a_call_waits_is_in_every_sample_of_its_operation(scripted: Program) -> None:
    """On the scripted heap ALLOC waits for 200 µs, and no machine is so quick that it waits for less."""
    slow = facts(measured(scripted, passes=2, fault="slow_alloc"))["alloc"]
    assert slow.low >= 200_000


def test_an_operation_of_less_than_nothing_is_refused(scripted: Program) -> None:
    for line in (b"measure\t0\t1\t1\t1", b"measure\t1\t65\t1\t1", b"measure\t1\t1\t1001\t1", b"measure\t1\t1\t1"):
        status, (refused,) = scripted.items(b"plan\t1\nheaps\t*\n" + line + b"\nend\n")
        assert (status, refused["t"]) == (2, "refused")
    assert scripted.items(b"plan\t1\nmeasure\t1\t1\t1\t1\nend\n")[1][0]["reason"] == "no heaps item before it"


def test_the_program_leaves_no_process_behind(scripted: Program, tmp_path: Path) -> None:
    (path,) = scripted.argv
    own = shutil.copy(path, tmp_path / "own")  # another worker may run that one meanwhile
    measured(replace(scripted, argv=(str(own),)), threads=0, fault="sync_crash")
    soon, pause = Deadline.after(60), threading.Event()
    while left := commands_with(str(own)):  # those that were killed may be about to go
        assert not soon.expired, left
        pause.wait(0.02)


def commands_with(word: str) -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.append(path.read_bytes())
    return [command for command in found if word.encode() in command]
