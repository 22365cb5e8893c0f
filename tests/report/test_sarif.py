"""SARIF and annotations of a run: by SARIF's own schema, and every outcome as it is."""

from __future__ import annotations

import re
from collections import Counter

from bringup.outcome import Outcome
from bringup.report import find_format
from bringup.results.run import Run
from tests.support.report import sample
from tests.support.report.sarif import results_of

KINDS = {"fail": "fail", "warn": "fail", "error": "open", "skip": "notApplicable", "pass": "pass"}


def verdicts_of(run: Run) -> list[tuple[str, Outcome]]:
    return [(verdict.id, verdict.outcome) for board in run.boards for verdict in board.verdicts]


def test_every_verdict_is_a_result() -> None:
    run = sample.run()
    results = results_of(find_format("sarif").render(run))
    judged = verdicts_of(run)
    assert [(one["ruleId"], one["kind"]) for one in results][: len(judged)] == [
        (check, KINDS[outcome]) for check, outcome in judged
    ]
    levels = Counter(one["level"] for one in results if one["kind"] == "fail")
    assert levels["error"] == sum(outcome is Outcome.FAIL for _, outcome in judged)
    assert levels["warning"] == sum(outcome is Outcome.WARN for _, outcome in judged)
    names = {place["name"].partition("/")[0] for one in results for place in one["locations"][0]["logicalLocations"]}
    assert names == {board.serial for board in run.boards}


def test_what_fails_is_annotated() -> None:
    run = sample.run()
    lines = find_format("github").render(run).splitlines()
    bad = [outcome for _, outcome in verdicts_of(run) if outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.WARN)]
    assert len(lines) == len(bad) + sum(not board.verdicts for board in run.boards)
    assert all(re.fullmatch(r"::(?:error|warning) title=[^:,]+::.+", line) for line in lines)
