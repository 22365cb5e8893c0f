"""The published schema: every run document satisfies it, and it knows every field that is written."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bringup.report import find_format
from bringup.results.run import Run
from tests.support.report import hostile, sample
from tests.support.schemas import RUN_VALIDATOR


def document(run: Run) -> Any:
    return json.loads(find_format("json").render(run))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hostile.runs)
def test_whatever_is_written_is_valid_and_described(run: Run) -> None:
    RUN_VALIDATOR.validate(document(run))


def test_the_sample_is_valid() -> None:
    RUN_VALIDATOR.validate(document(sample.run()))


@pytest.mark.parametrize(
    "path",
    [
        ("schema",),
        ("boards", 0, "verdicts", 0, "outcome"),
        ("boards", 0, "heaps", 0, "mode"),
        ("boards", 0, "heaps", 0, "latency", 0, "alloc_p50"),
        ("boards", 0, "steps", 0, "at"),
    ],
)
def test_what_is_of_another_shape_is_refused(path: tuple[str | int, ...]) -> None:
    broken = copy.deepcopy(document(sample.run()))
    place = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = "maybe"
    assert not RUN_VALIDATOR.is_valid(broken)
