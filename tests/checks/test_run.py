"""A run as JSON: what is written is read back equal, and what is no run is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.checks.latency import percentile
from bringup.checks.run import (
    BoardRun,
    ExhaustionFacts,
    HeapFacts,
    IonComparison,
    IonFacts,
    IonHeap,
    IonPoint,
    LatencyFacts,
    PageFacts,
    PointResult,
    RegionFacts,
    Run,
    load_run,
)
from bringup.checks.timing import TimingFacts, UntimedFacts
from bringup.checks.verdict import Alternative, Cause, Change, Link, Outcome, Verdict, worst
from bringup.errors import ExitCode, RecordError
from bringup.kernel.gap import Dependency, UpstreamGap
from bringup.kernel.upstream import Standing, Thing

texts = st.text(max_size=40)
_causes = st.builds(Cause, texts, texts, st.lists(st.builds(Link, texts, texts), max_size=2).map(tuple))
verdicts = st.builds(
    Verdict,
    id=texts,
    title=texts,
    outcome=st.sampled_from(Outcome),
    heap=st.none() | texts,
    evidence=st.lists(texts, max_size=3).map(tuple),
    cause=st.none() | _causes,
    remedy=st.lists(texts, max_size=3).map(tuple),
    reason=st.none() | texts,
    changes=st.lists(st.builds(Change, texts, st.lists(texts, max_size=3).map(tuple)), max_size=1).map(tuple),
    alternatives=st.lists(
        st.builds(Alternative, _causes, texts, st.lists(texts, max_size=1).map(tuple)), max_size=1
    ).map(tuple),
)
counts = st.integers(0, 2**60)
latencies = st.builds(LatencyFacts, *[counts] * 8)
regions = st.builds(RegionFacts, texts, counts, counts, texts)
pairs = st.lists(st.tuples(counts, counts), max_size=3).map(tuple)
pages = st.builds(PageFacts, counts, counts, pairs, pairs, counts, counts, pairs, st.none() | regions)
exhaustions = st.builds(ExhaustionFacts, counts, counts, counts, texts, counts, counts, counts, counts)
heaps = st.builds(
    HeapFacts,
    name=texts,
    present=st.booleans(),
    kind=st.none() | texts,
    mode=st.none() | st.integers(0, 0o7777),
    owner=st.none() | texts,
    label=st.none() | texts,
    tests=st.dictionaries(st.sampled_from(["pass", "fail"]), st.integers(0, 99)),
    latency=st.lists(latencies, max_size=2).map(tuple),
    pages=st.lists(pages, max_size=2).map(tuple),
    exhaustion=st.none() | exhaustions,
)
points = st.builds(IonPoint, texts, st.sampled_from(PointResult), texts, texts, texts)
comparisons = st.builds(IonComparison, texts, texts, counts, texts, st.lists(points, max_size=3).map(tuple))
ions = st.builds(
    IonFacts,
    st.none() | texts,
    st.lists(st.builds(IonHeap, texts, texts, counts), max_size=2).map(tuple),
    st.lists(comparisons, max_size=2).map(tuple),
)
seconds = st.floats(0, 1e6)
_figure = st.floats(0, 1e12)
_figures = st.lists(_figure, max_size=3).map(tuple)
timings = st.builds(
    TimingFacts,
    **dict.fromkeys(("source", "name", "op"), texts),
    **dict.fromkeys(("flags", "size", "threads", "samples"), st.integers(0, 2**60)),
    **dict.fromkeys(("p50", "p95", "p99", "max", "low", "high", "confidence"), _figure),
    **dict.fromkeys(("overhead", "mb_per_s", "limit_p50", "ratio", "ratio_low", "ratio_high"), st.none() | _figure),
    limit=st.none() | texts,
    medians=_figures,
    ratios=_figures,
)
_counts = st.integers(0, 2**60)
untimed = st.builds(UntimedFacts, texts, texts, _counts, _counts, _counts, texts)
dependencies = st.builds(
    Dependency,
    kind=st.sampled_from(Thing),
    name=texts,
    standing=st.sampled_from(Standing),
    origin=texts,
    seen=texts,
    instead=st.none() | texts,
    sources=st.lists(texts, max_size=2).map(tuple),
)
gaps = st.builds(
    UpstreamGap,
    kernel=st.none() | texts,
    dependencies=st.lists(dependencies, max_size=3).map(tuple),
    not_known=st.lists(texts, max_size=2).map(tuple),
)
boards = st.builds(
    BoardRun,
    serial=texts,
    verdicts=st.lists(verdicts, max_size=4).map(tuple),
    config=st.none() | texts,
    kernel=st.none() | texts,
    record=st.none() | texts,
    identity=st.dictionaries(texts, texts, max_size=3),
    heaps=st.lists(heaps, max_size=2).map(tuple),
    timings=st.lists(timings, max_size=2).map(tuple),
    untimed=st.lists(untimed, max_size=2).map(tuple),
    steps=st.lists(st.tuples(texts, seconds, seconds), max_size=3).map(tuple),
    ion=st.none() | ions,
    ion_heaps=st.lists(heaps, max_size=2).map(tuple),
    upstream_gap=st.none() | gaps,
)
runs = st.builds(Run, boards=st.lists(boards, max_size=3).map(tuple), tool=texts, started=texts)


@given(run=runs)
def test_json_round_trip(run: Run) -> None:
    assert Run.from_json(json.loads(json.dumps(run.to_json()))) == run


@given(run=runs)
def test_exit_status_is_never_kinder_than_a_verdict(run: Run) -> None:
    seen = {one.outcome for board in run.boards for one in board.verdicts}
    if Outcome.FAIL in seen:
        assert run.exit_code is ExitCode.FAILED
    elif Outcome.ERROR in seen or any(
        not {Outcome.PASS, Outcome.WARN} & {v.outcome for v in b.verdicts} for b in run.boards
    ):
        assert run.exit_code is ExitCode.INFRASTRUCTURE
    if run.exit_code is ExitCode.PASSED:
        assert seen & {Outcome.PASS, Outcome.WARN}


def test_nothing_judged_is_an_error() -> None:
    assert worst([]) is Outcome.ERROR
    assert worst([Outcome.SKIP]) is Outcome.ERROR
    assert worst([Outcome.SKIP, Outcome.PASS]) is Outcome.PASS


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "bringup.run/2", "boards": []}', '{"schema": "bringup.run/1"}', "[" * 200_000]
)
def test_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RecordError):
        load_run(tmp_path)


@given(samples=st.lists(counts, min_size=1), share=st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_percentile_is_a_sample_that_so_many_do_not_exceed(samples: list[int], share: float) -> None:
    value = percentile(samples, share)
    assert value in samples
    assert sum(one <= value for one in samples) >= share * len(samples) - 1e-9
    assert sum(one < value for one in samples) < share * len(samples)


@pytest.mark.parametrize(
    ("results", "equivalent"),
    [
        ({"size": PointResult.SAME, "contiguity": PointResult.BETTER}, True),
        ({"size": PointResult.SAME, "latency": PointResult.WORSE}, True),
        ({"size": PointResult.SAME, "latency": PointResult.UNKNOWN}, True),
        ({"size": PointResult.SAME, "zeroing": PointResult.WORSE}, False),
        ({"size": PointResult.UNKNOWN, "cacheability": PointResult.DIFFERENT}, False),
        ({"size": PointResult.SAME, "contiguity": PointResult.UNKNOWN}, None),
        ({"latency": PointResult.SAME}, None),
        ({}, None),
    ],
)
def test_what_is_not_known_is_not_equivalent(results: dict[str, PointResult], equivalent: bool | None) -> None:
    points = tuple(IonPoint(name, result) for name, result in results.items())
    assert IonComparison("system", "ion_system_heap", 0, "ion/ion_system_heap", points).equivalent is equivalent
