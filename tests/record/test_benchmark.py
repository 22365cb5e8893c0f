"""The benchmark's plan: every case in every pass, within the time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bringup.allocator.plan import Heaps, Measure, Plan
from bringup.record.benchmark import ALL_CPUS, SIZES, Benchmark


def measures(what: Benchmark) -> list[Measure]:
    return [one for one in what.add_to(Plan()).items if isinstance(one, Measure)]


def test_by_default_each_size_by_one_thread_and_two_by_all() -> None:
    cases = Benchmark().cases()
    assert [size for size, threads in cases if threads == 1] == list(SIZES)
    assert [size for size, threads in cases if threads == ALL_CPUS] == [4096, 1 << 20]


def test_threads_that_are_named_are_for_every_size() -> None:
    assert Benchmark(sizes=(4096, 8192), threads=(2, 4)).cases() == ((4096, 2), (4096, 4), (8192, 2), (8192, 4))


def test_a_pass_after_the_other_so_that_time_ends_all_sizes_alike() -> None:
    what = Benchmark(sizes=(4096, 8192), threads=(1,), passes=3)
    assert [one.size for one in measures(what)] == [4096, 8192] * 3
    assert what.add_to(Plan()).items[0] == Heaps("*", ("ion/*",))


@given(st.floats(1, 3600), st.integers(1, 20))
def test_the_shares_add_up_to_the_time_that_was_given(seconds: float, passes: int) -> None:
    what = Benchmark(seconds=seconds, passes=passes)
    taken = sum(one.milliseconds for one in measures(what)) / 1000
    assert taken <= seconds + 0.1 * len(measures(what))
    what.add_to(Plan()).encode()
