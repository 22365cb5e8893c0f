"""JUnit: what CI servers take, and that it says what the verdicts say."""

from __future__ import annotations

from pathlib import Path

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings

from bringup.report import find_format
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict
from tests.support.report import hostile, parsers, sample

SCHEMA = xmlschema.XMLSchema(Path(parsers.__file__).with_name("junit-10.xsd"))


def junit(run: Run) -> str:
    return find_format("junit").render(run)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hostile.runs)
def test_it_is_schema_valid(run: Run) -> None:
    SCHEMA.validate(junit(run))


@pytest.mark.parametrize("damage", [('tests="60"', ""), ('time="9.081"', 'time="9 s"'), ("<failure ", "<fail ")])
def test_the_schema_refuses_what_is_not_valid(damage: tuple[str, str]) -> None:
    text = junit(sample.run())
    assert damage[0] in text
    broken = text.replace(*damage).replace("</failure>", "</fail>" if "<fail " in damage else "</failure>")
    assert not SCHEMA.is_valid(broken)


def test_a_suite_a_board_and_a_case_a_verdict() -> None:
    (suite,) = parsers.junit(junit(sample.run()))
    assert suite.name == "made-up-board-7"
    assert len(suite.cases) == len(sample.verdicts())
    case = suite.cases[1]
    assert (case.classname, case.name, case.outcome) == ("bringup.heap", "node-present [linux,cma]", "fail")
    assert case.message == "CONFIG_DMABUF_HEAPS_CMA is not set in the running kernel"
    assert "seen: /dev/dma_heap: system\n" in case.text
    assert "    CONFIG_CMA=y\n" in case.text


def test_an_error_is_an_error_and_a_skip_says_why() -> None:
    cases = parsers.junit(junit(sample.run()))[0].cases
    lost = next(case for case in cases if case.name == "dirty-then-zero [system]")
    assert (lost.outcome, "boot_id" in lost.message) == ("error", True)
    absent = next(case for case in cases if case.name == "open [linux,cma]")
    assert (absent.outcome, absent.message) == ("skip", "the heap has no node")


def test_a_warning_passes_with_its_text() -> None:
    ion = next(case for case in parsers.junit(junit(sample.run()))[0].cases if case.name == "node-absent")
    assert ion.outcome == "pass"
    assert "Codec2 prefers it" in ion.text


def test_cases_of_two_boards_differ_by_class() -> None:
    run = Run(boards=tuple(sample.board(serial) for serial in ("10.0.0.7:5555", "b")), tool="0", started=sample.STARTED)
    classes = [{case.classname for case in suite.cases} for suite in parsers.junit(junit(run))]
    assert not classes[0] & classes[1]
    assert "bringup.10_0_0_7_5555.heap" in classes[0]


@pytest.mark.parametrize(
    ("started", "stamp"),
    [
        ("2026-11-22T11:48:07+00:00", ' timestamp="2026-11-22T11:48:07"'),
        ("2026-11-22T13:48:07.123+02:00", ' timestamp="2026-11-22T11:48:07"'),
        ("yesterday", None),
    ],
)
def test_the_start_is_in_utc_or_left_out(started: str, stamp: str | None) -> None:
    text = junit(Run(boards=(BoardRun(serial="s", verdicts=()),), tool="0", started=started))
    assert (stamp or " timestamp=") in text or stamp is None
    assert stamp is not None or " timestamp=" not in text


def test_an_id_without_a_dot_has_a_class_too() -> None:
    run = Run(
        boards=(BoardRun(serial="s", verdicts=(Verdict("boot", "It boots", Outcome.PASS),)),),
        tool="0",
        started=sample.STARTED,
    )
    assert '<testcase classname="bringup" name="boot" time="0.000" />' in junit(run)
