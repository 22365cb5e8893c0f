"""KTAP and TAP as test programs print them: nested, with the habits of kselftest and KUnit, behind a log's prefix.

Sources, all of Linux 6.12: Documentation/dev-tools/ktap.rst; kselftest.h and kselftest/runner.sh of
tools/testing/selftests (directives SKIP, XFAIL, XPASS, TIMEOUT, exit=; a program's own output after "# ");
tools/testing/kunit/kunit_parser.py (a parent's line comes after its subtests; lines may have a log's prefix).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bringup.outcome import Outcome
from bringup.text import visible

__all__ = ["KtapResult", "Problem", "parse_ktap"]

_MOST_LINES, _MOST_RESULTS, _LONGEST, _DEEPEST, _SAID = 200_000, 5_000, 400, 16, 8

_PREFIX = re.compile(r"(?:<[0-9]{1,3}>)?\[ {0,12}[0-9]{1,10}\.[0-9]{1,9}\](?:\[[^\]]{0,32}\])? ?")
_RESULT = re.compile(r"(ok|not ok)(?= |$)(?: ([0-9]{1,9})(?= |$))?")
_PLAN = re.compile(r"1\.\.([0-9]{1,9})(?= |$)")
_VERSION = re.compile(r"(?:K?TAP version [0-9]{1,3})\b")
_DIRECTIVE = re.compile(r"(?:^| )# {0,4}(SKIP|XFAIL|XPASS|TODO|TIMEOUT|ERROR|exit=[0-9]{1,3})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KtapResult:
    """One result.

    :param name: its description behind those of the tests that it is a part of.
    :param reason: what follows the directive; empty where there is none.
    :param said: the last lines that the program printed before it.
    """

    name: tuple[str, ...]
    outcome: Outcome
    reason: str = ""
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the output does not say all: what it lacks."""

    text: str


@dataclass(slots=True)
class _Block:
    """The results of one depth that no parent has taken yet."""

    indent: int
    planned: int | None = None
    results: list[KtapResult] = field(default_factory=list)
    direct: int = 0


class _Parser:
    """Lines in, results out."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._blocks = [_Block(0)]
        self._said: list[str] = []
        self._count = 0
        self.has_begun = False

    def line(self, raw: str) -> None:
        indent, text = _unindented(raw)
        if match := _RESULT.match(text):
            self._result(indent, match, text[match.end() :])
        elif match := _PLAN.match(text):
            self.has_begun = True
            block = self._at(indent)
            block.planned = int(match[1])
            if _DIRECTIVE.search(text):  # 1..0 # SKIP reason: none of it applies
                self._keep(block, KtapResult((), Outcome.SKIP, _reason(text), self._take()))
        elif _VERSION.match(text):
            self.has_begun = True
            self._at(indent)
        elif text.startswith("Bail out!"):
            self.has_begun = True
            self.problems.append(
                Problem(f"the program gave up: {visible(text[9:].strip()[:_LONGEST]) or 'no reason given'}")
            )
        elif text.strip("# "):
            self._said = [*self._said[1 - _SAID :], visible(text.lstrip("# ")[:_LONGEST])]

    def end(self) -> list[KtapResult]:
        """Everything, the parts that no parent took among it."""
        while len(self._blocks) > 1:
            block = self._close()
            if block.results:
                self.problems.append(
                    Problem(f"it ends inside a test: {' > '.join(block.results[-1].name)} has no parent")
                )
            self._blocks[-1].results += block.results
        outermost = self._blocks[0]
        self._check_plan(outermost)
        return outermost.results

    def _at(self, indent: int) -> _Block:
        """The block of this depth. Deeper ones stay open: the line of their parent comes after them."""
        if indent > self._blocks[-1].indent and len(self._blocks) < _DEEPEST:
            self._blocks.append(_Block(indent))
        return next((block for block in reversed(self._blocks) if block.indent <= indent), self._blocks[0])

    def _result(self, indent: int, match: re.Match[str], rest: str) -> None:
        self.has_begun = True
        block = self._at(indent)
        name, outcome, reason = _described(match, rest)
        parts: list[KtapResult] = []
        while self._blocks[-1] is not block:
            parts = self._close().results + parts
        said = self._take()
        for part in parts:
            self._keep(block, KtapResult((name, *part.name), part.outcome, part.reason, part.said))
        block.direct += 1
        # A parent repeats its parts, unless it failed for a reason of its own.
        is_explained = any(part.outcome in (Outcome.FAIL, Outcome.ERROR) for part in parts)
        if not parts or (outcome in (Outcome.FAIL, Outcome.ERROR) and not is_explained):
            self._keep(block, KtapResult((name,), outcome, reason, said))

    def _keep(self, block: _Block, result: KtapResult) -> None:
        self._count += 1
        if self._count <= _MOST_RESULTS:
            block.results.append(result)
        elif self._count == _MOST_RESULTS + 1:
            self.problems.append(Problem(f"it has more than {_MOST_RESULTS:,} results; the others were not read"))

    def _close(self) -> _Block:
        block = self._blocks.pop()
        self._check_plan(block)
        return block

    def _check_plan(self, block: _Block) -> None:
        if block.planned is not None and block.direct < block.planned:
            where = f" beside {' > '.join(block.results[-1].name)}" if block.results and block.results[-1].name else ""
            self.problems.append(Problem(f"{block.direct} of {block.planned} planned tests have a result{where}"))

    def _take(self) -> tuple[str, ...]:
        said, self._said = tuple(self._said), []
        return said


def parse_ktap(text: str) -> tuple[list[KtapResult], list[Problem]]:
    """The results, and what the output lacks: without problems every planned test has a result.

    :param text: what the program printed, with or without the prefix of a kernel log.
    """
    parser = _Parser()
    for number, line in enumerate(_lines(text)):
        if number >= _MOST_LINES:
            parser.problems.append(Problem(f"it has more than {_MOST_LINES:,} lines; the others were not read"))
            break
        parser.line(line)
    results = parser.end()
    if not results and not parser.problems:
        what = "no test has a result" if parser.has_begun else "it is not KTAP: no line begins with ok or not ok"
        parser.problems.append(Problem(what))
    return results, parser.problems


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        bounded = line[: 4 * _LONGEST]
        match = _PREFIX.match(bounded)
        yield bounded[match.end() :] if match else bounded


def _unindented(line: str) -> tuple[int, str]:
    """The depth, in columns, and the rest. kselftest's runner puts "# " before each line of a program."""
    indent, text = 0, line
    while True:
        stripped = text.lstrip(" \t")
        indent += len(text) - len(stripped)
        if not stripped.startswith("# "):
            return indent, stripped
        inner = stripped[2:].lstrip(" ")
        is_nested = inner.startswith("# ") or _RESULT.match(inner) or _PLAN.match(inner) or _VERSION.match(inner)
        if not is_nested:
            return indent, stripped
        indent, text = indent + 2, stripped[2:]


def _described(match: re.Match[str], rest: str) -> tuple[str, Outcome, str]:
    """Name, outcome and reason. The number is not looked at: programs count wrongly, and mean the same."""
    directive = _DIRECTIVE.search(rest[:_LONGEST])
    name = (rest[: directive.start()] if directive else rest).strip().removeprefix("-").strip()[:_LONGEST]
    outcome = Outcome.PASS if match[1] == "ok" else Outcome.FAIL
    if directive:
        match directive[1].upper():
            case "SKIP":
                # "not ok # SKIP" is a test that could not be skipped in order
                outcome = Outcome.SKIP if outcome is Outcome.PASS else Outcome.FAIL
            case "XFAIL" | "XPASS" | "TODO":
                outcome = Outcome.WARN
            case "ERROR":
                outcome = Outcome.ERROR
            case _:
                outcome = Outcome.FAIL
    return visible(name) or f"test {match[2] or '?'}", outcome, _reason(rest) if directive else ""


def _reason(text: str) -> str:
    """What follows the directive, the directive's own word with it where it is not SKIP."""
    _, _, after = text.partition("# ")
    words = after.strip()[:_LONGEST]
    return visible(words[4:].strip() if words[:4].upper() == "SKIP" else words)
