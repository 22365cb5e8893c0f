"""What a vendor's own test programs say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.facts.ktap import KtapResult, parse_ktap
from bringup.outcome import Outcome
from bringup.record.entries import KTAP
from bringup.results.verdict import Verdict
from bringup.text import visible

_NOT_OF_AN_ID = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST = 120
#: How kselftest's programs end where no test failed (Linux 6.12 tools/testing/selftests/kselftest.h): the status, and
#: what the result that it stands for says.
_KSELFTEST_ENDS = {2: "XFAIL", 3: "XPASS", 4: "SKIP"}


@check(
    "ktap",
    "The vendor's own test programs pass",
    asks="Each program given with run --ktap: every test that it prints as KTAP. It fails when a test does, and is "
    "unknown when the program did not end, printed no KTAP, or has no result of a test that it planned.",
    why="A vendor knows its codecs and cameras better than any general test. Here are their results beside the heaps'.",
    source="Linux 6.12 Documentation/dev-tools/ktap.rst",
)
def vendor_programs(question: Question, facts: Facts) -> Iterator[Verdict]:
    if not facts.record.programs:
        yield question.skipped("no program was given with run --ktap")
    for name in facts.record.programs:
        asked = Question(f"{question.id}.{_word(name)}", f"{visible(name)} passes")
        ran = facts.record.ran(KTAP + name)
        if ran is None:
            yield asked.unknown(f"it did not run to its end ({facts.record.incomplete or 'it is not in the record'})")
            continue
        if ran.exit is None:
            yield asked.unknown("its output is longer than bringup keeps")
            continue
        results, problems = parse_ktap(ran.stdout.text())
        yield from (_verdict(asked, result) for result in results)
        evidence = [f"exit status {ran.exit}", *(line for line in visible(ran.stderr.text()).splitlines()[-4:] if line)]
        is_explained = any(result.outcome is Outcome.FAIL or _explains(result, ran.exit) for result in results)
        if problems:
            yield asked.unknown("; ".join(problem.text for problem in problems), *evidence)
        elif ran.exit and not is_explained:
            yield asked.failed(f"no test fails, and the program ends with status {ran.exit}", *evidence)


def _explains(result: KtapResult, status: int) -> bool:
    """Whether the program ends with this status because of this result, which is not a failure."""
    word = "SKIP" if result.outcome is Outcome.SKIP else result.reason[:5].upper()
    return _KSELFTEST_ENDS.get(status) == word


def _verdict(asked: Question, result: KtapResult) -> Verdict:
    """One result of the program, as a verdict of its own."""
    name = " > ".join(result.name) or "all of it"
    question = Question(f"{asked.id}.{_word('.'.join(result.name))}"[:_LONGEST], name)
    match result.outcome:
        case Outcome.PASS:
            return question.passed()
        case Outcome.SKIP:
            return question.skipped(result.reason or "the program gives no reason")
        case Outcome.WARN:
            return question.warned(result.reason, *result.said)
        case Outcome.ERROR:
            return question.unknown(result.reason or "the program gives no reason", *result.said)
    return question.failed(*filter(None, (result.reason, *result.said)))


def _word(name: str) -> str:
    return _NOT_OF_AN_ID.sub("-", name).strip("-") or "unnamed"
