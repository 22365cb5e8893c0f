"""LAVA signals: the lines by which a test that runs under LAVA reports its results on stdout.

LAVA takes ``<LAVA_SIGNAL_(\\S+) ([^>]+)>``, splits what is in it at white space and each piece at its one ``=``
(lava_dispatcher/actions/test/shell.py). So a name holds letters, digits, ``_``, ``.``, ``+`` and ``-`` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bringup.report import Format
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict

__all__ = ["FORMAT"]

# LAVA knows pass, fail, skip and unknown. A warning is a pass; an error is unknown.
_RESULTS = {
    Outcome.PASS: "pass",
    Outcome.WARN: "pass",
    Outcome.FAIL: "fail",
    Outcome.ERROR: "unknown",
    Outcome.SKIP: "skip",
}
_ODD = re.compile(r"[^A-Za-z0-9_.+-]+")
_LONGEST = 100


def _render(run: Run) -> str:
    return "".join(f"<LAVA_SIGNAL_{signal}>\n" for board in run.boards for signal in _board(board))


def _board(board: BoardRun) -> Iterator[str]:
    """A test set of the board's name around its cases; no name twice in it."""
    yield f"TESTSET START {_name(board.serial)}"
    taken: dict[str, int] = {}
    for verdict in board.verdicts:
        name = _alone(_case(verdict), taken)
        yield f"TESTCASE TEST_CASE_ID={name} RESULT={_RESULTS[verdict.outcome]}"
    if not board.verdicts:
        yield "TESTCASE TEST_CASE_ID=judged RESULT=unknown"
    for heap in board.heaps:
        for latency in heap.latency:
            name = _alone(_name(f"latency.{heap.name}.{latency.size}"), taken)
            yield f"TESTCASE TEST_CASE_ID={name} RESULT=pass MEASUREMENT={latency.alloc_p50} UNITS=ns"
    for timing in board.timings:
        parts = ("timing", timing.label, timing.op, timing.size, *((timing.threads,) if timing.threads != 1 else ()))
        name = _alone(_name(".".join(str(part) for part in parts)), taken)
        yield f"TESTCASE TEST_CASE_ID={name} RESULT=pass MEASUREMENT={timing.p50:.6g} UNITS=ns"
    yield "TESTSET STOP"


def _case(verdict: Verdict) -> str:
    return _name(f"{verdict.id}.{verdict.heap}" if verdict.heap else verdict.id)


def _name(text: str) -> str:
    return _ODD.sub("_", text)[:_LONGEST] or "_"


def _alone(name: str, taken: dict[str, int]) -> str:
    unique = name
    while unique in taken:  # counting on from the last of that name
        taken[name] += 1
        unique = f"{name}_{taken[name]}"
    taken[unique] = 1
    return unique


FORMAT = Format("lava", ".lava", _render, "LAVA signals: print them from a test that LAVA runs")
