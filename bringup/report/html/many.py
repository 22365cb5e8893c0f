"""Many boards on one page: a matrix of boards × checks, the findings they share, and a short part for each.

A thousand boards of sixty verdicts have to stay one page of a few megabytes. So no long text is repeated: a finding is
shown once with the boards that have it, a board's part is a short form of its own evidence, and the rest is in the
document in the page, from which the script fills a board's part when it is opened.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bringup.report.bounded import excerpt
from bringup.report.html.view import Anchors, BoardView, FindingView, board_view, finding_view
from bringup.report.story import WORST_FIRST, Finding, SharedFinding, badness, findings, tally
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict

__all__ = ["BriefView", "ManyView", "Matrix", "MatrixRow", "SharedView", "many_view"]

#: Up to so many boards each has its whole part.
FULL_PARTS = 8
_BLOCK = 16
_COLUMNS = 120
_SHARED, _NAMED = 60, 12
_BRIEF, _SENTENCE, _FACT = 6, 160, 160
_CELLS: Mapping[Outcome | None, Markup] = {
    Outcome.FAIL: Markup("<td class=f>F"),
    Outcome.ERROR: Markup("<td class=e>E"),
    Outcome.WARN: Markup("<td class=w>W"),
    Outcome.PASS: Markup("<td>·"),
    Outcome.SKIP: Markup("<td>–"),
    None: Markup("<td>"),
}


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A board's row; ``cells`` is markup made of constants only."""

    anchor: str
    serial: str
    outcome: Outcome
    cells: Markup


@dataclass(frozen=True, slots=True)
class Matrix:
    """Boards × checks, the worst first both ways.

    :param columns: the checks that are not a pass or a skip everywhere; ``quiet``: how many others there are.
    :param left_out: columns for which there is no room.
    :param blocks: the rows, cut into tables that a browser can lay out one at a time.
    """

    columns: tuple[str, ...]
    quiet: tuple[str, ...]
    left_out: int
    blocks: tuple[tuple[MatrixRow, ...], ...]


@dataclass(frozen=True, slots=True)
class SharedView:
    """A finding, shown once for all boards that have it.

    :param seen_on: the serial of the board whose words and facts it has.
    :param named: boards as (anchor, serial), a few that are named at once; ``others``: the rest.
    :param texts: in how many ways the boards word it.
    """

    view: FindingView
    seen_on: str
    named: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]
    texts: int


@dataclass(frozen=True, slots=True)
class BriefView:
    """A board in short. Findings are (anchor of the shared finding, outcome, sentence, checks, one fact)."""

    anchor: str
    index: int
    board: BoardRun
    tally: dict[Outcome, int]
    findings: tuple[tuple[str | None, Outcome, str, str, str], ...]
    more: int


@dataclass(frozen=True, slots=True)
class ManyView:
    """The page of many boards. A board has its part either in ``full`` or in ``brief``."""

    matrix: Matrix
    shared: tuple[SharedView, ...]
    shared_left_out: int
    full: tuple[BoardView, ...]
    brief: tuple[BriefView, ...]


def many_view(run: Run, every: Sequence[SharedFinding]) -> ManyView:
    """Everything that the page of many boards shows, the worst board first.

    :param every: the run's shared findings.
    """
    anchors = Anchors()
    order = sorted(enumerate(run.boards), key=lambda item: badness(item[1]))
    names = {index: anchors.of(board.serial) for index, board in order}
    where = {id(board): names[index] for index, board in enumerate(run.boards)}
    shared = [_shared(finding, where, anchors) for finding in every[:_SHARED]]
    known = {group.view.finding.key: group.view for group in shared}
    whole = len(run.boards) <= FULL_PARTS
    return ManyView(
        matrix=_matrix([(names[index], board) for index, board in order]),
        shared=tuple(shared),
        shared_left_out=len(every) - len(shared),
        full=tuple(board_view(board, names[index], anchors, known) for index, board in order) if whole else (),
        brief=() if whole else tuple(_brief(index, board, names[index], known) for index, board in order),
    )


def _shared(shared: SharedFinding, where: Mapping[int, str], anchors: Anchors) -> SharedView:
    boards = tuple((where[id(board)], board.serial) for board in shared.boards)
    view = finding_view(shared.finding, "shared", anchors)
    return SharedView(view, shared.seen_on.serial, boards[:_NAMED], boards[_NAMED:], shared.texts)


def _matrix(boards: list[tuple[str, BoardRun]]) -> Matrix:
    answers = [(anchor, board, _answers(board.verdicts)) for anchor, board in boards]
    found: dict[str, list[int]] = {}
    for _, _, by_check in answers:
        for check, outcome in by_check.items():
            counts = found.setdefault(check, [0] * len(WORST_FIRST))
            counts[WORST_FIRST.index(outcome)] += 1
    columns = [check for check, counts in found.items() if any(counts[:3])]
    columns.sort(key=lambda check: [-count for count in found[check][:3]])
    quiet = tuple(check for check, counts in found.items() if not any(counts[:3]))
    shown = columns[:_COLUMNS]
    rows = (
        MatrixRow(anchor, board.serial, board.outcome, Markup().join(_CELLS[by_check.get(check)] for check in shown))
        for anchor, board, by_check in answers
    )
    return Matrix(tuple(shown), quiet, len(columns) - len(shown), tuple(_batched(rows, _BLOCK)))


def _answers(verdicts: Iterable[Verdict]) -> dict[str, Outcome]:
    """The worst outcome by check: one check may have been asked of several heaps."""
    out: dict[str, Outcome] = {}
    for verdict in verdicts:
        known = out.get(verdict.id)
        if known is None or WORST_FIRST.index(verdict.outcome) < WORST_FIRST.index(known):
            out[verdict.id] = verdict.outcome
    return out


def _batched(rows: Iterable[MatrixRow], size: int) -> Iterable[tuple[MatrixRow, ...]]:
    left = iter(rows)
    while batch := tuple(itertools.islice(left, size)):
        yield batch


def _brief(index: int, board: BoardRun, anchor: str, known: Mapping[str, FindingView]) -> BriefView:
    found = findings(board.verdicts)
    short = tuple(_short(finding, known.get(finding.key)) for finding in found[:_BRIEF])
    return BriefView(anchor, index, board, tally(board.verdicts), short, len(found) - len(short))


def _short(finding: Finding, shared: FindingView | None) -> tuple[str | None, Outcome, str, str, str]:
    checks = ", ".join(f"{verdict.id} {verdict.heap}" if verdict.heap else verdict.id for verdict in finding.verdicts)
    fact = next((verdict.evidence[0] for verdict in finding.verdicts if verdict.evidence), "")
    return (
        shared.anchor if shared else None,
        finding.outcome,
        excerpt(finding.text, _SENTENCE),
        excerpt(checks, _SENTENCE),
        excerpt(fact, _FACT),
    )
