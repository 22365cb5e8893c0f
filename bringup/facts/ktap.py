"""KTAP and TAP as test programs print them: nested, with the habits of kselftest and KUnit, behind a log's prefix.

Sources, of Linux 6.12 and 7.3: Documentation/dev-tools/ktap.rst; kselftest.h and kselftest/runner.sh of
tools/testing/selftests (directives SKIP, XFAIL, XPASS, TIMEOUT, exit=; a program's own output after "# ");
tools/testing/kunit/kunit_parser.py (a parent's line comes after its subtests; lines may have a log's prefix). And of
Android's Tradefed, testtype/binary/KTapResultParser.java (read 2026-12-01): subtests that are not indented, which only
"# Subtest: NAME" shows; a directive right after the name.
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
_SUBTEST = re.compile(r"# Subtest: (.*)")
_DIRECTIVE = re.compile(
    r"((?:^| )# {0,4}(?i:SKIP|XFAIL|XPASS|TODO|TIMEOUT|ERROR|exit=[0-9]{1,3})|# (?:SKIP|XFAIL|TODO|TIMEOUT|ERROR))\b"
)


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
    """The results of one depth that no parent has taken yet.

    :param name: of their parent, where it was said before them.
    """

    indent: int
    name: str = ""
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
        elif match := _SUBTEST.match(text):
            self.has_begun = True
            self._subtest(indent, visible(match[1].strip()[:_LONGEST]))
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
            self._lose("it ends inside a test: ")
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
        name, outcome, reason = _described(match, rest)
        block = self._block_of(indent, name, match[2])
        parts: list[KtapResult] = []
        while self._blocks[-1] is not block:
            closed = self._close()
            parts = closed.results + parts
            if self._blocks[-1] is not block and not closed.name:  # only the parts of a subtest are indented
                self._blocks[-1].direct += closed.direct
            if closed.name not in ("", name):
                self.problems.append(Problem(f"{closed.name} has no result"))
                parts = [_below(closed.name, part) for part in parts]
            if closed.planned == 0 and not parts and outcome is Outcome.PASS:
                self.problems.append(Problem(f"{name} planned no test, and ran none"))
        said = self._take()
        for part in parts:
            self._keep(block, _below(name, part))
        block.direct += 1
        # A parent repeats its parts, unless it failed for a reason of its own.
        is_explained = any(part.outcome in (Outcome.FAIL, Outcome.ERROR) for part in parts)
        if not parts or (outcome in (Outcome.FAIL, Outcome.ERROR) and not is_explained):
            self._keep(block, KtapResult((name,), outcome, reason, said))

    def _block_of(self, indent: int, name: str, number: str | None) -> _Block:
        """The block that a result is in; those above it are its parts."""
        for at in range(len(self._blocks) - 1, 0, -1):
            block = self._blocks[at]
            # A test may have its subtest's name: then it is the next one of those that are planned.
            is_next = block.direct < (block.planned or 0) and number == str(block.direct + 1)
            is_part = is_next and block is self._blocks[-1] and indent == block.indent
            if block.name == name and indent <= block.indent and not is_part:
                return self._blocks[at - 1]
        block = self._at(indent)
        if block.name and block is not self._blocks[-1] and block.planned is None and not block.results:
            block.name = ""  # TAP 14: the title of what is indented, which this line may call otherwise
            return self._blocks[self._blocks.index(block) - 1]
        return block

    def _subtest(self, indent: int, name: str) -> None:
        """A subtest begins; not always deeper than what it is a part of."""
        while self._blocks[-1].indent > indent:
            self._lose()
        block = self._blocks[-1]
        if block.indent == indent and block.name and block.planned is not None and block.direct >= block.planned:
            self._lose()
        block = self._at(indent)
        if (
            block is self._blocks[0]
            or block.indent < indent
            or block.name
            or block.results
            or block.planned is not None
        ):
            if len(self._blocks) == _DEEPEST:
                return
            self._blocks.append(_Block(indent))
        self._blocks[-1].name = name

    def _lose(self, what: str = "") -> None:
        """The result of the parent did not come."""
        block = self._close()
        if block.name:
            self.problems.append(Problem(f"{what}{block.name} has no result"))
        elif block.results:
            self.problems.append(Problem(f"{what}{' > '.join(block.results[-1].name)} has no parent"))
        parts = [_below(block.name, part) for part in block.results] if block.name else block.results
        self._blocks[-1].results += parts

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
            where = f" in {block.name}" if block.name else where
            self.problems.append(Problem(f"{block.direct} of {block.planned} planned tests have a result{where}"))

    def _take(self) -> tuple[str, ...]:
        said, self._said = tuple(self._said), []
        return said


def _below(parent: str, part: KtapResult) -> KtapResult:
    return KtapResult((parent, *part.name), part.outcome, part.reason, part.said)


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
        match directive[1].strip(" #").upper():
            case "SKIP":  # whether "ok" or "not ok" (ktap.rst)
                outcome = Outcome.SKIP
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
