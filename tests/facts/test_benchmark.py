"""Samples to facts: percentiles, bandwidth, the ratio to the limit pass by pass, the loop's share."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.allocator.answer import Timing, TimingSource, Untimed
from bringup.facts.benchmark import LIMITS, timing_facts, untimed_facts
from bringup.facts.latency import latencies_of, percentile
from bringup.record.load import Record
from bringup.results.timing import TimingFacts
from tests.support.documents import read_back

Ops = Mapping[str, tuple[int, Sequence[int]]]


def timing(run: int, name: str, ops: Ops, *, size: int = 4096, threads: int = 1, flags: int = 0) -> Timing:
    source = TimingSource.HEAP if name else TimingSource.LIMIT
    batches, samples = zip(*ops.values(), strict=True)
    return Timing(run, source, name, flags, size, threads, tuple(ops), batches, tuple(map(tuple, samples)))


def empty(run: int, first: Sequence[int], many: Sequence[int]) -> Timing:
    names = ("empty", "empty")
    return Timing(run, TimingSource.LIMIT, "", 0, 4096, 1, names, (1, 64), (tuple(first), tuple(many)))


def only(found: Sequence[TimingFacts], op: str, name: str = "system") -> TimingFacts:
    (one,) = (one for one in found if one.op == op and one.name == name)
    return one


def test_a_batch_is_shared_out_over_its_calls() -> None:
    one = only(timing_facts([timing(1, "system", {"fill": (4, [400, 800, 1200])})]), "fill")
    assert (one.p50, one.max, one.samples, one.passes) == (200.0, 300.0, 3, 1)
    assert one.mb_per_s == pytest.approx(4096 / 200 * 1000)


def test_the_ratio_is_taken_pass_by_pass() -> None:
    """A board that is twice as slow in the second pass has no other ratio there."""
    taken = [
        timing(1, "", {"memset": (1, [100, 100]), "memfd": (1, [50, 50])}),
        timing(1, "system", {"alloc": (1, [300, 300])}),
        timing(2, "", {"memset": (1, [200, 200]), "memfd": (1, [100, 100])}),
        timing(2, "system", {"alloc": (1, [600, 600])}),
    ]
    one = only(timing_facts(taken), "alloc")
    assert one.ratios == (2.0, 2.0)
    assert (one.ratio, one.ratio_low, one.ratio_high, one.limit) == (2.0, 2.0, 2.0, "memfd + memset")
    assert one.medians == (300.0, 600.0)


def test_without_a_limit_there_is_no_ratio() -> None:
    one = only(timing_facts([timing(1, "system", {"alloc": (1, [300])})]), "alloc")
    assert (one.limit, one.ratio, one.ratios) == (None, None, ())
    other_size = [timing(1, "", {"fill": (1, [9])}, size=65536), timing(1, "system", {"fill": (1, [9])})]
    assert only(timing_facts(other_size), "fill").ratio is None


def test_sizes_threads_and_flags_are_kept_apart() -> None:
    ops = {"free": (1, [5])}
    taken = [timing(1, "a", ops), timing(2, "a", ops, size=8192), timing(3, "a", ops, threads=2), timing(4, "b", ops)]
    taken.append(timing(5, "a", ops, flags=1))
    assert len({one.key for one in timing_facts(taken)}) == 5


def test_the_loop_s_share_is_that_of_an_empty_loop_of_as_many_calls() -> None:
    taken = [empty(1, [40, 40, 40], [103, 103, 103]), timing(1, "system", {"fill": (8, [9400]), "alloc": (1, [4000])})]
    found = timing_facts(taken)
    assert only(found, "fill").overhead == pytest.approx((40 + 7) / 9400, abs=1e-5)
    assert only(found, "alloc").overhead == pytest.approx(0.01)
    assert not [one for one in found if one.op == "empty"], "an empty loop is no operation of anything"


def test_without_an_empty_loop_its_share_is_not_known() -> None:
    assert only(timing_facts([timing(1, "system", {"alloc": (1, [300])})]), "alloc").overhead is None


samples = st.lists(st.integers(1, 2**40), min_size=1, max_size=9)


@given(st.lists(st.tuples(st.sampled_from(sorted(LIMITS)), st.integers(1, 64), samples), min_size=1, max_size=6))
def test_whatever_is_measured_has_facts_that_hold_together(passes: list[tuple[str, int, list[int]]]) -> None:
    taken = [timing(run, "system", {op: (batch, ns)}) for run, (op, batch, ns) in enumerate(passes, 1)]
    for one in timing_facts(taken):
        assert one.p50 <= one.p95 <= one.p99 <= one.max
        assert one.low <= one.high
        assert one.passes == len([op for op, _, _ in passes if op == one.op])
        assert read_back(one) == one


def test_what_was_not_measured_is_reported_once() -> None:
    def one(run: int, size: int) -> Untimed:
        return Untimed(run, TimingSource.HEAP, "linux,cma", 0, size, 1, "needs more")

    found = untimed_facts([one(1, 1 << 26), one(2, 1 << 26), one(3, 1 << 24)])
    assert [(fact.name, fact.size) for fact in found] == [("linux,cma", 1 << 26), ("linux,cma", 1 << 24)]


def test_the_benchmark_s_single_thread_stands_in_for_latency() -> None:
    record = Record.__new__(Record)
    record.latencies = []
    alloc: Ops = {"alloc": (2, [20, 22, 24]), "free": (2, [8, 8, 8])}
    record.timings = [
        timing(1, "", {"memset": (1, [5, 6, 7])}),
        timing(1, "system", alloc),
        timing(2, "", {"memset": (1, [9])}, threads=2),
        timing(2, "system", alloc, threads=2),
    ]
    (one,) = latencies_of(record)
    assert (one.heap, one.size) == ("system", 4096)
    assert (one.alloc_ns, one.free_ns, one.memset_ns) == ((10, 11, 12), (4, 4, 4), (5, 6, 7))


def test_percentiles_are_of_the_samples() -> None:
    dice = random.Random(1)
    taken = [dice.randrange(10**6) for _ in range(200)]
    assert percentile(taken, 0.99) == sorted(taken)[197]


@pytest.mark.parametrize(
    ("first", "many", "share"),
    [
        ([100], [100 + 63 * 2], (100 + 3 * 2) / 4000),
        ([100, 100, 900], [100 + 63 * 2] * 3, (100 + 3 * 2) / 4000),  # a median: one slow turn changes nothing
        ([100], [50], 100 / 4000),  # a further round never takes less than nothing
        ([9000], [9000], 1.0),  # nor the loop more than all
    ],
)
def test_the_loops_share_of_a_sample(first: list[int], many: list[int], share: float) -> None:
    taken = [timing(1, "system", {"fill": (4, [4000])}), empty(1, first, many)]
    assert only(timing_facts(taken), "fill").overhead == round(share, 5)


def test_a_limit_that_took_no_time_is_none() -> None:
    taken = [timing(1, "", {"memset": (1, [0]), "memfd": (1, [0])}), timing(1, "system", {"alloc": (1, [300])})]
    one = only(timing_facts(taken), "alloc")
    assert (one.limit, one.ratio, one.p50) == (None, None, 300.0)
