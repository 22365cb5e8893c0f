"""What others read: each format through a parser that was written elsewhere."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import junitparser
import pytest
from hypothesis import HealthCheck, example, given, settings
from kcidb_io import schema
from tap.parser import Parser

from bringup.errors import Blame, HostError, UsageError
from bringup.report import find_format
from bringup.report.formats import kcidb
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict
from bringup.virtual import cache_folder
from tests.support.report import hostile, sample

hard = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
RUN = sample.many(3)


def verdicts(run: Run) -> list[Verdict]:
    return [one for board in run.boards for one in board.verdicts]


def count(run: Run, *outcomes: Outcome) -> int:
    return sum(one.outcome in outcomes for one in verdicts(run))


# -- JUnit, by junitparser ------------------------------------------------------------------------------------


def test_junitparser_reads_the_junit_report() -> None:
    xml = junitparser.JUnitXml.fromstring(find_format("junit").render(RUN).encode())
    cases = [case for suite in xml for case in suite]
    assert len(cases) == len(verdicts(RUN))
    assert sum(case.is_failure for case in cases) == count(RUN, Outcome.FAIL)
    assert sum(case.is_error for case in cases) == count(RUN, Outcome.ERROR)
    assert sum(case.is_skipped for case in cases) == count(RUN, Outcome.SKIP)


@hard
@given(hostile.runs)
def test_junitparser_reads_whatever_a_board_prints(run: Run) -> None:
    xml = junitparser.JUnitXml.fromstring(find_format("junit").render(run).encode())
    assert xml.tests == len(verdicts(run))
    assert xml.failures == count(run, Outcome.FAIL)


# -- KTAP, by the kernel's own parser and by tap.py ------------------------------------------------------------

_KUNIT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import kunit_parser, kunit_printer
silent = [kunit_printer.null_printer] if hasattr(kunit_printer, "null_printer") else []  # 6.12 has none: it prints
test = kunit_parser.parse_run_tests(sys.stdin.read().split("\\n"), *silent)
counts = test.counts
print(json.dumps({
    "boards": [[one.name, len(one.subtests), one.status.name] for one in test.subtests],
    "counts": [counts.passed, counts.failed, counts.crashed, counts.skipped, counts.errors],
}))
"""


def kernel_parsers() -> dict[str, Path]:
    """``tools/testing/kunit`` of the kernel sources in the cache that read KTAP (6.x and later), by source."""
    found = (cache_folder() / "sources").glob("linux-source-*/tools/testing/kunit/kunit_parser.py")
    return {file.parents[3].name: file.parent for file in sorted(found) if "-5." not in file.parents[3].name}


@pytest.mark.kernels
def test_the_kernels_own_parser_counts_what_we_count() -> None:
    parsers = kernel_parsers()
    if not parsers:
        pytest.skip("no kernel source is unpacked here; make kernels")
    for name, folder in parsers.items():
        done = subprocess.run(
            [sys.executable, "-c", _KUNIT, folder], input=find_format("ktap").render(RUN),
            capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        got = json.loads(done.stdout.splitlines()[-1])
        passed, failed = count(RUN, Outcome.PASS, Outcome.WARN), count(RUN, Outcome.FAIL, Outcome.ERROR)
        assert got["counts"] == [passed, failed, 0, count(RUN, Outcome.SKIP), 0], name
        assert [one[:2] for one in got["boards"]] == [[board.serial, 60] for board in RUN.boards], name


def test_tap_py_reads_the_boards() -> None:
    lines = list(Parser().parse_text(find_format("ktap").render(RUN)))
    results = [one for one in lines if one.category == "test"]
    assert [(one.ok, board.serial in one.description) for one, board in zip(results, RUN.boards, strict=True)] == [
        (board.outcome in (Outcome.PASS, Outcome.WARN), True) for board in RUN.boards
    ]
    assert [one.expected_tests for one in lines if one.category == "plan"] == [len(RUN.boards)]


# -- KCIDB, by kcidb-io -----------------------------------------------------------------------------------------


def kcidb_of(run: Run) -> Any:
    document = json.loads(find_format("kcidb").render(run))
    schema.LATEST.validate_exactly(document)
    return document


@hard
@given(hostile.runs)
@example(
    Run(
        boards=(BoardRun(serial="s", verdicts=(), identity={"compatible": ",, a b, x,y", "machine": "?"}),),
        tool="0",
        started="no time",
    )
)
def test_kcidb_takes_whatever_a_board_prints(run: Run) -> None:
    document = kcidb_of(run)
    ids = [one["id"] for one in document["tests"]]
    assert len(ids) == len(set(ids)) >= len(verdicts(run))
    assert {one["build_id"] for one in document["tests"]} <= {one["id"] for one in document["builds"]}
    assert {one["checkout_id"] for one in document["builds"]} <= {one["id"] for one in document["checkouts"]}


def test_a_verdict_in_kcidb() -> None:
    test = kcidb_of(sample.run())["tests"][1]
    assert (test["path"], test["status"]) == ("bringup.heap.node-present.linux_cma", "FAIL")
    assert test["comment"].endswith(": CONFIG_DMABUF_HEAPS_CMA is not set in the running kernel")
    assert test["misc"]["bringup"]["remedy"][0] == "CONFIG_CMA=y"


def test_an_error_is_never_a_pass_in_kcidb() -> None:
    outcomes = {one["misc"]["bringup"]["outcome"]: one["status"] for one in kcidb_of(sample.run())["tests"][:60]}
    assert outcomes == {"pass": "PASS", "warn": "PASS", "fail": "FAIL", "error": "ERROR", "skip": "SKIP"}
    assert (
        kcidb_of(Run(boards=(BoardRun(serial="s", verdicts=()),), tool="0", started=""))["tests"][0]["status"] == "MISS"
    )


@pytest.mark.parametrize(
    ("blame", "status"), [(Blame.BOARD, "MISS"), (Blame.HOST, "MISS"), (Blame.TEST, "ERROR"), (None, "ERROR")]
)
def test_a_board_that_was_lost_is_missed_in_kcidb(blame: Blame | None, status: str) -> None:
    """What the loss left open is MISS; what failed, and what is unknown for another reason, stays as it is."""
    why = "use the board: it answers nothing for 5 s"
    lost = BoardRun(
        serial="s",
        blame=blame,
        verdicts=(
            Verdict("board.observed", "Observed", Outcome.ERROR, reason=why),
            Verdict("cma.size", "Size", Outcome.ERROR, reason=f"/proc/meminfo was not observed ({why})"),
            Verdict("heap.mode", "Mode", Outcome.FAIL, heap="system"),
            Verdict("kernel.config", "Config", Outcome.ERROR, reason="/proc/config.gz cannot be parsed"),
        ),
    )
    tests = kcidb_of(Run(boards=(lost,), tool="0", started=""))["tests"]
    assert [one["status"] for one in tests] == [status, status, "FAIL", "ERROR"]


def test_a_latency_in_kcidb_is_a_number() -> None:
    found = [one for one in kcidb_of(sample.run())["tests"] if one["status"] == "DONE"]
    assert found[0]["path"] == "bringup.latency.system.4096.alloc"
    assert found[0]["number"] == {"value": 9.86e-06, "unit": "s", "prefix": "metric"}
    (copied,) = [one for one in found if one["path"] == "bringup.timing.ION_ion_system_heap.copy.1048576"]
    assert copied["comment"].startswith("copy of 1048576 bytes, ION ion_system_heap: the median of 240, 1.")


def test_kcidb_takes_a_build_that_is_known_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KCIDB_ORIGIN", "mylab")
    monkeypatch.setenv("KCIDB_BUILD_ID", "maestro:abc")
    document = kcidb_of(sample.run())
    assert document["builds"] == document["checkouts"] == []
    assert {one["build_id"] for one in document["tests"]} == {"maestro:abc"}
    assert all(one["id"].startswith("mylab:") for one in document["tests"])


@pytest.mark.parametrize(("name", "value"), [("KCIDB_ORIGIN", "My Lab"), ("KCIDB_BUILD_ID", "abc")])
def test_kcidb_refuses_names_of_another_shape(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=name):
        find_format("kcidb").render(sample.run())


def test_what_kcidb_io_refuses_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kcidb._STATUS, Outcome.PASS, "FINE")
    with pytest.raises(HostError, match="tests/7/status"):
        find_format("kcidb").render(sample.run())


# -- LAVA, as its dispatcher reads it ------------------------------------------------------------------------------


def lava(text: str) -> list[tuple[str, str, str]]:
    """(test set, case, result), by the rules of lava_dispatcher/actions/test/shell.py; anything else is an error."""
    out, current = [], ""
    for line in text.splitlines():
        signal = re.fullmatch(r"<LAVA_SIGNAL_(\S+) ([^>]+)>", line)
        assert signal is not None
        name, params = signal.groups()
        if name == "TESTSET":
            what, *rest = params.split()
            current = rest[0] if what == "START" else ""
            continue
        assert name == "TESTCASE"
        data = dict(one.split("=") for one in params.split())
        assert data["RESULT"] in ("pass", "fail", "skip", "unknown")
        assert float(data.get("MEASUREMENT", "0")) == float(data.get("MEASUREMENT", "0"))
        out.append((current, data["TEST_CASE_ID"], data["RESULT"]))
    assert not current
    return out


@hard
@given(hostile.runs)
def test_lava_reads_whatever_a_board_prints(run: Run) -> None:
    found = lava(find_format("lava").render(run))
    words = {"pass": "pass", "warn": "pass", "fail": "fail", "error": "unknown", "skip": "skip"}
    results = [one[2] for one in found]
    assert results.count("fail") == count(run, Outcome.FAIL)
    empty = sum(not board.verdicts for board in run.boards)
    measured = sum(len(heap.latency) for board in run.boards for heap in board.heaps)
    measured += sum(len(board.timings) for board in run.boards)
    assert len(found) == len(verdicts(run)) + empty + measured
    if len(run.boards) == 1 and verdicts(run):
        assert results[: len(verdicts(run))] == [words[one.outcome.value] for one in verdicts(run)]
        assert len({case for _, case, _ in found}) == len(found)


def test_lava_names_are_made_harmless() -> None:
    run = Run(
        boards=(BoardRun(serial="10.0.0.7:5555", verdicts=(Verdict("heap.mode", "t", Outcome.FAIL, "linux,cma"),)),),
        tool="0",
        started="",
    )
    assert lava(find_format("lava").render(run)) == [("10.0.0.7_5555", "heap.mode.linux_cma", "fail")]


# -- CSV ---------------------------------------------------------------------------------------------------------


def cells(run: Run) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(find_format("csv").render(run), newline="")))


@hard
@given(hostile.runs)
@example(hostile.one_line_of("=cmd()"))
@example(hostile.one_line_of(" \t@SUM(A1)"))
def test_csv_keeps_every_verdict_and_runs_no_formula(run: Run) -> None:
    rows = cells(run)
    assert [row["outcome"] for row in rows] == [
        one.outcome.value for board in run.boards for one in (board.verdicts or [board])
    ]
    for row in rows:
        assert None not in row
        assert not any(cell.strip().startswith(("=", "+", "-", "@")) for cell in row.values())
        assert not any("\n" in cell or "\r" in cell for cell in row.values())


def test_a_formula_is_text() -> None:
    assert cells(hostile.one_line_of("=cmd()"))[0]["title"] == "'=cmd()"
