"""JUnit XML, as Jenkins and GitLab read it: one suite per board, one case per verdict.

Written here and not with a library: what a board prints holds characters that XML 1.0 forbids, and a report that
does not parse hides a failure. A warning is a passed case with its text in ``system-out``.

Of a comparison: one suite per board, one case per change. What regressed is a failure, what became unknown an error.
One more case says how many verdicts were compared, so that a suite is never empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from bringup.report import Format, units
from bringup.report.bounded import excerpt, shown
from bringup.report.story import tally
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict
from bringup.text import pluralize, safe_name

if TYPE_CHECKING:
    from bringup.compare.runs import Comparison, Difference
    from bringup.compare.timings import Timing, Untimed

__all__ = ["FORMAT"]

_CHILD = {Outcome.FAIL: "failure", Outcome.ERROR: "error", Outcome.SKIP: "skipped", Outcome.WARN: "system-out"}
# What a case's text may take. CI servers hold the whole document in memory, and the record has the rest.
_TEXT = 20_000


def _render(run: Run) -> str:
    run = shown(run)
    every = [verdict for board in run.boards for verdict in board.verdicts]
    root = ET.Element("testsuites", {"name": "bringup", **_counts(every)})
    root.set("time", _seconds(sum(_took(board) for board in run.boards)))
    for board in run.boards:
        root.append(_suite(run, board))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(run: Run, board: BoardRun) -> ET.Element:
    suite = ET.Element("testsuite", {"name": board.serial, **_counts(board.verdicts), "time": _seconds(_took(board))})
    suite.set("skipped", str(tally(board.verdicts)[Outcome.SKIP]))
    started = _timestamp(run.started)
    if started:
        suite.set("timestamp", started)
    facts = {"bringup": run.tool, "config": board.config, "kernel": board.kernel, "record": board.record}
    properties = ET.SubElement(suite, "properties")
    for name, value in {**facts, **board.identity}.items():
        if value is not None:
            properties.append(ET.Element("property", name=name, value=value))
    # GitLab identifies a case by class and name only, so with many boards the board is part of the class.
    inner = re.sub(r"\W", "_", safe_name(board.serial)) + "." if len(run.boards) > 1 else ""
    suite.extend(_case(verdict, f"bringup.{inner}") for verdict in board.verdicts)
    return suite


def _case(verdict: Verdict, package: str) -> ET.Element:
    prefix, _, name = verdict.id.rpartition(".")
    title = f"{name} [{verdict.heap}]" if verdict.heap else name
    case = ET.Element("testcase", classname=(package + prefix).rstrip("."), name=title, time="0.000")
    tag = _CHILD.get(verdict.outcome)
    if tag is None:
        return case
    child = ET.SubElement(case, tag)
    if tag != "system-out":
        child.set("message", _message(verdict))
        child.set("type", verdict.cause.id if verdict.cause else f"bringup.{verdict.outcome}")
    child.text = excerpt("\n".join(_lines(verdict)), _TEXT)
    return case


def _message(verdict: Verdict) -> str:
    return (verdict.cause.text if verdict.cause else None) or verdict.reason or verdict.title


def _lines(verdict: Verdict) -> Iterable[str]:
    yield f"{verdict.outcome}: {verdict.title}"
    if verdict.reason:
        yield f"reason: {verdict.reason}"
    yield from (f"seen: {fact}" for fact in verdict.evidence)
    if verdict.cause:
        yield f"cause: {verdict.cause.text} ({verdict.cause.id})"
    if verdict.advice:
        yield "remedy:"
        yield from (f"    {line}" for line in verdict.advice)


def _counts(verdicts: Iterable[Verdict]) -> dict[str, str]:
    count = tally(verdicts)
    return {
        "tests": str(sum(count.values())),
        "failures": str(count[Outcome.FAIL]),
        "errors": str(count[Outcome.ERROR]),
    }


def _took(board: BoardRun) -> float:
    return max((step.at + step.seconds for step in board.steps), default=0.0)


def _seconds(value: float) -> str:
    return f"{max(0.0, value):.3f}"


def _timestamp(started: str) -> str:
    """The start in UTC without a zone, as the schemas in use want it; empty where it is no time."""
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return ""
    if when.tzinfo is not None:
        when = when.astimezone(UTC)
    return when.replace(tzinfo=None).isoformat(timespec="seconds")


def _compare(found: Comparison) -> str:
    """Every change as a verdict, so that it is written as one."""
    boards: dict[str, list[Verdict]] = {board: [] for board in found.compared}
    for difference in found.differences:
        boards.setdefault(difference.board, []).append(_changed(difference))
    for timing in found.timings:
        boards.setdefault(timing.board, []).append(_timed(timing))
    for untimed in found.untimed:
        boards.setdefault(untimed.board, []).append(_untimed(untimed))
    for board, count in found.still_unknown.items():
        boards.setdefault(board, []).append(_still_unknown(count))
    title = f"All differences from the first run are listed ({pluralize(found.same, 'verdict')} the same)"
    suites = [
        BoardRun(serial=board, verdicts=(Verdict("compare.told", title, Outcome.PASS), *cases))
        for board, cases in boards.items()
    ]
    reason = "only the first run has this board, so it was compared with nothing"
    missing = Verdict("compare.told", "The board is in both runs", Outcome.ERROR, reason=reason)
    suites += [BoardRun(serial=board, verdicts=(missing,)) for board in found.only_before]
    if not boards:
        nothing = Verdict("compare.told", "A board is in both runs", Outcome.ERROR, reason="nothing was compared")
        suites.insert(0, BoardRun(serial="comparison", verdicts=(nothing,)))
    tool, started = (found.after.tool, found.after.started) if found.after else ("", "")
    return _render(Run(boards=tuple(suites), tool=tool, started=started))


def _changed(difference: Difference) -> Verdict:
    from bringup.compare.runs import Change

    moved = f"{difference.before or 'not asked'} before, {difference.after or 'not asked'} now"
    outcome = {
        Change.REGRESSED: Outcome.FAIL,
        Change.IMPROVED: Outcome.PASS,
        Change.VANISHED: Outcome.SKIP,
    }.get(difference.change, Outcome.WARN)
    if difference.is_unanswered:
        outcome = Outcome.ERROR
    reason = f"{difference.change}: {moved}{f': {difference.why}' if difference.why else ''}"
    return Verdict(
        f"compare.{difference.id}", difference.title, outcome, difference.heap, remedy=difference.remedy, reason=reason
    )


def _still_unknown(count: int) -> Verdict:
    reason = f"{pluralize(count, 'verdict')} could not be answered, and had no answer in the first run"
    return Verdict("compare.unknown", "Every check of the second run is answered", Outcome.ERROR, reason=reason)


def _timed(timing: Timing) -> Verdict:
    from bringup.report.comparison.story import source_of

    took = f"{units.duration(timing.before_p50)} before, {units.duration(timing.after_p50)} now, at the median"
    threads = f", {timing.threads} threads" if timing.threads > 1 else ""
    place = f"{source_of(timing)}, {units.size(timing.size)}{threads}"
    outcome = Outcome.FAIL if timing.slower else Outcome.PASS
    return Verdict(f"compare.timing.{timing.op}", "It is not slower", outcome, place, reason=took)


def _untimed(untimed: Untimed) -> Verdict:
    place = f"{untimed.name or untimed.source}, {units.size(untimed.size)}, {untimed.threads} threads"
    title = "What was timed before can be timed now"
    return Verdict("compare.timing", title, Outcome.ERROR, place, reason=untimed.why)


FORMAT = Format("junit", ".xml", _render, "JUnit XML for CI: one suite per board, one case per verdict", _compare)
