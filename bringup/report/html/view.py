"""What the page shows of a board, in the order in which it shows it. Text stays raw here: the template escapes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bringup.report import units
from bringup.report.html.budget import BudgetView, budget_view
from bringup.report.html.contiguity import PagesView, pages_view
from bringup.report.html.holders import HoldersView, holders_view
from bringup.report.html.memorymap import MemoryView, memory_view
from bringup.report.html.requirements import RequirementsView, requirements_view
from bringup.report.html.timing import TimingView, timing_view
from bringup.report.story import WORST_FIRST, Finding, Headline, about, board_headline, findings, tally
from bringup.results.memory import SET_ASIDE
from bringup.results.run import BoardRun, HeapFacts
from bringup.results.verdict import Alternative, Outcome, Verdict, file_by_file
from bringup.text import pluralize, safe_name

__all__ = [
    "Alike",
    "Anchors",
    "Block",
    "BoardView",
    "CheckRow",
    "FindingView",
    "Glance",
    "HeapRow",
    "Row",
    "Step",
    "board_view",
    "finding_view",
    "pieces",
]

_URL = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:)\]]")
_GLANCE = 1 << 20


class Anchors:
    """Fragment names: the same for the same thing in every report, and never twice in one page."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def of(self, *parts: str | None, under: str = "") -> str:
        """A name such as ``SERIAL/heap.mode/system``; ``under`` is one that was given before."""
        own = [safe_name(part) for part in parts if part is not None]
        base = name = "/".join([under, *own] if under else own)
        while name in self._taken:  # counting on from the last of that name: a board may send one name many times
            self._taken[base] += 1
            name = f"{base}~{self._taken[base]}"
        self._taken[name] = 1
        return name


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict and the name that links to it."""

    anchor: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Alike:
    """Verdicts of one check that say the same: (anchor, heap) of each, and the first of them."""

    places: tuple[tuple[str, str | None], ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CheckRow:
    """All verdicts of one check in a folded part.

    :param anchor: the row's own, where the check is not about a heap.
    """

    anchor: str | None
    verdict: Verdict
    alike: tuple[Alike, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: steps for a person, or whole lines of a ``file``."""

    title: str
    file: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with its verdicts.

    :param shown_at: where the page already shows the same fixes.
    :param alternatives: other causes that fit, each once.
    :param seen_before: (address, title) of public reports of the same; no address where it is not a web address.
    :param why: why it matters; may be empty.
    :param look: where to look first; may be empty.
    """

    anchor: str
    finding: Finding
    rows: tuple[Row, ...]
    remedies: tuple[Block, ...]
    shown_at: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    seen_before: tuple[tuple[str, str], ...] = ()
    why: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """How long an allocation of about 1 MiB takes, in nanoseconds, and how that compares with the limit."""

    size: int
    p50: float
    beside: str


@dataclass(frozen=True, slots=True)
class HeapRow:
    """A heap at a glance.

    :param memory: what is known of the memory behind it.
    :param replaces: the ION heap whose place it takes.
    :param tests: how many tests ended how, worst first.
    """

    facts: HeapFacts
    memory: str
    replaces: str
    tests: tuple[tuple[str, int], ...]
    latency: Glance | None


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
    passed: tuple[CheckRow, ...]
    skipped: tuple[CheckRow, ...]
    steps: tuple[Step, ...]
    memory: MemoryView | None
    pages: PagesView | None
    holders: HoldersView | None
    budget: BudgetView | None
    timing: TimingView | None
    requirements: RequirementsView


def board_view(
    board: BoardRun, anchor: str, anchors: Anchors, known: Mapping[str, FindingView] | None = None
) -> BoardView:
    """Everything that the page shows of one board.

    :param anchor: the board's own name in the page.
    :param known: findings that the page already shows, by their key.
    """
    return BoardView(
        anchor=anchor,
        board=board,
        headline=board_headline(board),
        tally=tally(board.verdicts),
        identity=_identity(board),
        findings=tuple(finding_view(finding, anchor, anchors, known) for finding in findings(board.verdicts)),
        passed=_check_rows((verdict for verdict in board.verdicts if verdict.outcome is Outcome.PASS), anchor, anchors),
        skipped=_check_rows(
            (verdict for verdict in board.verdicts if verdict.outcome is Outcome.SKIP), anchor, anchors
        ),
        heaps=tuple(_heap(heap, board) for heap in board.heaps),
        steps=_steps(board),
        memory=memory_view(board),
        pages=pages_view(board),
        holders=holders_view(board),
        budget=budget_view(board),
        timing=timing_view(board),
        requirements=requirements_view(board),
    )


def finding_view(
    finding: Finding, under: str, anchors: Anchors, known: Mapping[str, FindingView] | None = None
) -> FindingView:
    """A finding under a board's anchor, or under ``shared``. Fixes that the page already shows are not repeated."""
    name = finding.cause.id if finding.cause else finding.verdicts[0].id
    heaps = {verdict.heap for verdict in finding.verdicts}
    anchor = anchors.of("because", name, heaps.pop() if len(heaps) == 1 else None, under=under)
    rows = _rows(finding.verdicts, under, anchors)
    alternatives = dict.fromkeys(other for verdict in finding.verdicts for other in verdict.alternatives)
    links = dict.fromkeys((link.url, link.title) for link in (finding.cause.seen_before if finding.cause else ()))
    before = tuple((url if _URL.fullmatch(url) else "", title or url) for url, title in links)
    same = (known or {}).get(finding.key)
    if same is not None and finding.remedies and same.finding.remedies == finding.remedies:
        return FindingView(anchor, finding, rows, (), same.anchor)
    explained = about(finding) if same is None else None
    why, look = (explained.why, explained.look) if explained else ("", "")
    return FindingView(anchor, finding, rows, _blocks(finding), None, tuple(alternatives), before, why, look)


def _blocks(finding: Finding) -> tuple[Block, ...]:
    """What to do, then the lines file by file; none twice."""
    steps = dict.fromkeys(verdict.remedy for verdict in finding.verdicts if verdict.remedy)
    changes = file_by_file(change for verdict in finding.verdicts for change in verdict.changes)
    return (
        *(Block("What to change", "", lines) for lines in steps),
        *(Block("Lines for", change.file, change.lines) for change in changes),
    )


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
    return tuple(Row(anchors.of(verdict.id, verdict.heap, under=board), verdict) for verdict in verdicts)


def _check_rows(verdicts: Iterable[Verdict], board: str, anchors: Anchors) -> tuple[CheckRow, ...]:
    """One row per check; verdicts that are the same on several heaps are shown once."""
    checks: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(verdicts, board, anchors):
        checks.setdefault((row.verdict.id, row.verdict.title), []).append(row)
    return tuple(_check_row(rows) for rows in checks.values())


def _check_row(rows: list[Row]) -> CheckRow:
    first = rows[0]
    own = first.anchor if len(rows) == 1 and first.verdict.heap is None else None
    alike: dict[tuple[str | None, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        alike.setdefault((row.verdict.reason, row.verdict.evidence), []).append(row)
    return CheckRow(
        own,
        first.verdict,
        tuple(
            Alike(() if own else tuple((row.anchor, row.verdict.heap) for row in same), same[0].verdict)
            for same in alike.values()
        ),
    )


def _heap(facts: HeapFacts, board: BoardRun) -> HeapRow:
    order = [str(outcome) for outcome in WORST_FIRST]
    tests = sorted(facts.tests.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1)
    replaces = (
        next((comparison.ion for comparison in board.ion.comparisons if comparison.heap == facts.name), "")
        if board.ion
        else ""
    )
    counted = tuple((name, count) for name, count in tests if count)
    return HeapRow(facts, _memory_of(facts, board), replaces, counted, _glance(facts, board))


def _memory_of(facts: HeapFacts, board: BoardRun) -> str:
    """The size of its area, or how much it gave; and whether its largest traced buffer was contiguous."""
    parts = []
    regions = [region for region in board.memory.regions if region.kind in SET_ASIDE] if board.memory else []
    area = next((region for region in regions if facts.name in (region.name, region.name.partition("@")[0])), None)
    if area is not None and area.end > area.begin:
        parts.append(f"{units.size(area.end - area.begin)} at {units.address(area.begin)}")
    elif facts.exhaustion and facts.exhaustion.held > 0:
        parts.append(f"gave {units.size(facts.exhaustion.held)}")
    largest = max(facts.pages, key=lambda pages: pages.size, default=None)
    if largest is not None:
        runs = sum(count for _, count in largest.runs)
        parts.append("contiguous" if runs == 1 else f"{units.size(largest.size)} in {pluralize(runs, 'run')}")
    return ", ".join(parts)


def _glance(facts: HeapFacts, board: BoardRun) -> Glance | None:
    timed = [
        timing
        for timing in board.timings
        if (timing.source, timing.name, timing.op, timing.threads) == ("heap", facts.name, "alloc", 1)
        and timing.size > 0
    ]
    if timed:
        near = min(timed, key=lambda timing: abs(timing.size - _GLANCE))
        beside = f"{near.ratio:.2g}× {near.limit}" if near.ratio and near.limit else ""
        return Glance(near.size, near.p50, beside)
    old = min(facts.latency, key=lambda latency: abs(latency.size - _GLANCE), default=None)
    if old is None:
        return None
    beside = units.ratio(old.alloc_p50, old.memset_p50)
    return Glance(old.size, old.alloc_p50, f"{beside} memset" if beside else "")


def _steps(board: BoardRun) -> tuple[Step, ...]:
    whole = max((step.at + step.seconds for step in board.steps), default=0.0) or 1.0
    return tuple(
        Step(
            step.step,
            step.at,
            step.seconds,
            1000 * max(0.0, step.at) / whole,
            max(2.0, 1000 * max(0.0, step.seconds) / whole),
        )
        for step in board.steps
    )
