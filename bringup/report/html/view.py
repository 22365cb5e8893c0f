"""What the page shows of a board, in the order in which it shows it. Text stays raw here: the template escapes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bringup.checks.run import BoardRun, HeapFacts, LatencyFacts
from bringup.checks.verdict import Outcome, Verdict
from bringup.report.html.latency import Plot, plots
from bringup.report.story import WORST_FIRST, Finding, Headline, board_headline, findings, tally
from bringup.text import safe_name

__all__ = ["Anchors", "BoardView", "FindingView", "HeapRow", "Row", "Step", "board_view", "finding_view", "pieces"]

_URL = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:)\]]")
_GLANCE = 1 << 20


class Anchors:
    """Fragment names: the same for the same thing in every report, and never twice in one page."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, *parts: str | None, under: str = "") -> str:
        """A name such as ``SERIAL/heap.mode/system``; ``under`` is one that was given before."""
        own = [safe_name(part) for part in parts if part is not None]
        base = name = "/".join([under, *own] if under else own)
        count = 1
        while name in self._taken:
            count += 1
            name = f"{base}~{count}"
        self._taken.add(name)
        return name


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict and the name that links to it."""

    anchor: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with its verdicts.

    :param remedies: each is lines, a line is pieces of (text, whether it is a link).
    :param told_at: where the same remedies stand already.
    """

    anchor: str
    finding: Finding
    rows: tuple[Row, ...]
    remedies: tuple[tuple[tuple[tuple[str, bool], ...], ...], ...]
    told_at: str | None = None


@dataclass(frozen=True, slots=True)
class HeapRow:
    """A heap at a glance: its facts, how many tests ended how (worst first), and the latency of one size."""

    facts: HeapFacts
    tests: tuple[tuple[str, int], ...]
    latency: LatencyFacts | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the run: where its bar begins and how long it is, in thousandths of the whole."""

    name: str
    at: float
    took: float
    begin: float
    length: float


@dataclass(frozen=True, slots=True)
class BoardView:
    """One board's part of the page."""

    anchor: str
    board: BoardRun
    headline: Headline
    tally: dict[Outcome, int]
    identity: tuple[tuple[str, str], ...]
    heaps: tuple[HeapRow, ...]
    findings: tuple[FindingView, ...]
    passed: tuple[Row, ...]
    skipped: tuple[Row, ...]
    steps: tuple[Step, ...]
    plots: tuple[Plot, ...]


def board_view(
    board: BoardRun, anchor: str, anchors: Anchors, told: Mapping[str, FindingView] | None = None
) -> BoardView:
    """Everything that the page shows of one board.

    :param anchor: the board's own name in the page.
    :param told: findings that the page tells already, by their key.
    """
    return BoardView(
        anchor=anchor,
        board=board,
        headline=board_headline(board),
        tally=tally(board.verdicts),
        identity=_identity(board),
        findings=tuple(finding_view(one, anchor, anchors, told) for one in findings(board.verdicts)),
        passed=_rows((one for one in board.verdicts if one.outcome is Outcome.PASS), anchor, anchors),
        skipped=_rows((one for one in board.verdicts if one.outcome is Outcome.SKIP), anchor, anchors),
        heaps=tuple(_heap(one) for one in board.heaps),
        steps=_steps(board),
        plots=plots(board.heaps),
    )


def finding_view(
    finding: Finding, under: str, anchors: Anchors, told: Mapping[str, FindingView] | None = None
) -> FindingView:
    """A finding under a board's anchor, or under ``shared``. Remedies that are told already are not told again."""
    name = finding.cause.id if finding.cause else finding.verdicts[0].id
    heaps = {one.heap for one in finding.verdicts}
    anchor = anchors.of("because", name, heaps.pop() if len(heaps) == 1 else None, under=under)
    rows = _rows(finding.verdicts, under, anchors)
    known = (told or {}).get(finding.key)
    if known is not None and finding.remedies and known.finding.remedies == finding.remedies:
        return FindingView(anchor, finding, rows, (), known.anchor)
    remedies = tuple(tuple(pieces(line) for line in lines) for lines in finding.remedies)
    return FindingView(anchor, finding, rows, remedies)


def pieces(text: str) -> tuple[tuple[str, bool], ...]:
    """A line cut into (piece, is it an http or https address)."""
    out: list[tuple[str, bool]] = []
    end = 0
    for match in _URL.finditer(text):
        out += [(text[end : match.start()], False), (match.group(), True)]
        end = match.end()
    out.append((text[end:], False))
    return tuple((piece, link) for piece, link in out if piece)


def _identity(board: BoardRun) -> tuple[tuple[str, str], ...]:
    own = {"Serial": board.serial, "Board config": board.config, "Kernel": board.kernel, "Record": board.record}
    given = {name.casefold() for name in board.identity}
    known = [(name, value) for name, value in own.items() if value is not None and name.casefold() not in given]
    return (*known, *board.identity.items())


def _rows(verdicts: Iterable[Verdict], board: str, anchors: Anchors) -> tuple[Row, ...]:
    return tuple(Row(anchors.of(one.id, one.heap, under=board), one) for one in verdicts)


def _heap(facts: HeapFacts) -> HeapRow:
    order = [str(one) for one in WORST_FIRST]
    tests = sorted(facts.tests.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1)
    near = min(facts.latency, key=lambda one: abs(one.size - _GLANCE), default=None)
    return HeapRow(facts, tuple((name, count) for name, count in tests if count), near)


def _steps(board: BoardRun) -> tuple[Step, ...]:
    whole = max((at + took for _, at, took in board.steps), default=0.0) or 1.0
    return tuple(
        Step(name, at, took, 1000 * max(0.0, at) / whole, max(2.0, 1000 * max(0.0, took) / whole))
        for name, at, took in board.steps
    )
