"""The published schema of a comparison: every one satisfies it, and it knows every field that is written."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from bringup.compare.runs import Comparison
from bringup.report import rendered
from tests.support.report import compared, hostile
from tests.support.schemas import closed, published

VALIDATOR = jsonschema.Draft202012Validator(closed(published("report/schemas/compare-1.json")))


def document(found: Comparison) -> Any:
    return json.loads(rendered(found, "json"))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hostile.comparisons)
def test_whatever_is_written_is_valid_and_described(found: Comparison) -> None:
    VALIDATOR.validate(document(found))


@pytest.mark.parametrize("found", [compared.regressed, compared.slower], ids=["recorded", "made up"])
def test_real_ones_are_valid(found: Any) -> None:
    VALIDATOR.validate(document(found()))


@pytest.mark.parametrize("name", ["schema", "regressed", "differences", "only_after"])
def test_what_is_missing_is_noticed(name: str) -> None:
    broken = document(compared.regressed())
    del broken[name]
    assert not VALIDATOR.is_valid(broken)
