"""A run as JSON: what is written is read back equal, and what is no run is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.cli.exit_status import exit_status
from bringup.errors import ExitCode, RecordError
from bringup.facts.latency import percentile
from bringup.outcome import Outcome, worst
from bringup.report.load import load_run
from bringup.results.ion import IonComparison, IonPoint, PointResult
from bringup.results.run import Run
from tests.support.documents import read_back, without_surrogates
from tests.support.report.hostile import runs


@given(run=runs)
def test_json_round_trip(run: Run) -> None:
    assert read_back(run) == without_surrogates(run)


@given(run=runs)
def test_exit_status_is_never_kinder_than_a_verdict(run: Run) -> None:
    seen = {one.outcome for board in run.boards for one in board.verdicts}
    if Outcome.FAIL in seen:
        assert exit_status(run.outcome) == ExitCode.FAILED
    elif Outcome.ERROR in seen or any(
        not {Outcome.PASS, Outcome.WARN} & {v.outcome for v in b.verdicts} for b in run.boards
    ):
        assert exit_status(run.outcome) == ExitCode.INFRASTRUCTURE
    if exit_status(run.outcome) == ExitCode.PASSED:
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


@given(samples=st.lists(st.integers(0, 2**60), min_size=1), share=st.sampled_from([0.5, 0.95, 0.99, 1.0]))
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
