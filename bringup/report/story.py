"""What a reader sees first: one sentence, then the findings, grouped by cause.

The page, the terminal and Markdown use the same sentences and groups; they are made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from bringup.causes.known import Cost, cost_of
from bringup.report.bounded import excerpt
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Cause, Change, Outcome, Verdict, as_block, file_by_file
from bringup.text import pluralize

if TYPE_CHECKING:
    from bringup.checks.explain import Explanation

__all__ = [
    "WORST_FIRST",
    "Finding",
    "Headline",
    "SharedFinding",
    "about",
    "badness",
    "board_headline",
    "findings",
    "model_of",
    "run_headline",
    "shared_findings",
    "tally",
]

#: The order in which outcomes are shown.
WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS, Outcome.SKIP)
_FOUND = frozenset({Outcome.FAIL, Outcome.ERROR, Outcome.WARN})


class Finding(msgspec.Struct, frozen=True):
    """Verdicts of one board that did not pass and have one cause, in the same words.

    :param key: equal on every board that has this finding, whatever the words: they may name a size or a heap.
    :param outcome: the worst of its verdicts.
    :param text: one sentence: the cause, or what is known in its place.
    """

    key: str
    outcome: Outcome
    text: str
    cause: Cause | None
    verdicts: tuple[Verdict, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """Its first fix, words before the lines of files; empty where there is none."""
        for words, changes in self._fixes:
            return (*words, *(line for change in changes for line in change.lines))
        return ()

    @property
    def remedies(self) -> tuple[tuple[str, ...], ...]:
        """The different fixes of its verdicts. One fix is a block of lines that belong together."""
        return tuple(as_block(words, changes) for words, changes in self._fixes)

    @property
    def _fixes(self) -> list[tuple[tuple[str, ...], tuple[Change, ...]]]:
        """Words, and the lines of all verdicts that have these words: a heap's verdict has its own."""
        lines: dict[tuple[str, ...], list[Change]] = {}
        for verdict in self.verdicts:
            if verdict.remedy or verdict.changes:
                lines.setdefault(verdict.remedy, []).extend(verdict.changes)
        return [(words, file_by_file(changes)) for words, changes in lines.items()]


class Headline(msgspec.Struct, frozen=True):
    """The first sentences of a report.

    :param answer: whether it can be used.
    :param label: what ``first`` is: what to fix, or what to know.
    :param first: the first finding, one sentence; empty where there is none.
    """

    answer: str
    label: str = ""
    first: str = ""

    def __str__(self) -> str:
        return f"{self.answer} {self.label}: {self.first}" if self.first else self.answer


class SharedFinding(msgspec.Struct, frozen=True):
    """One finding over the boards that have it.

    :param finding: as ``seen_on`` has it, the first of the boards on which it is worst.
    :param texts: in how many ways it is worded on them.
    """

    finding: Finding
    seen_on: BoardRun
    boards: tuple[BoardRun, ...]
    texts: int


def tally(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many verdicts have which outcome; every outcome is a key, the worst first."""
    counts = dict.fromkeys(WORST_FIRST, 0)
    for verdict in verdicts:
        counts[verdict.outcome] += 1
    return counts


def findings(verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """Verdicts that are neither a pass nor a skip, grouped by cause.

    The worst outcome comes first, then the cause that costs most (:class:`bringup.causes.known.Cost`), then the one
    that explains the most verdicts, then the order in which the questions were asked: so the first finding is the
    first to fix.
    """
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome in _FOUND:
            groups.setdefault((_key(verdict), _sentence(verdict)), []).append(verdict)
    found = [_finding(key, text, group) for (key, text), group in groups.items()]
    return tuple(sorted(found, key=lambda finding: (*_weight(finding), -len(finding.verdicts))))


def _weight(finding: Finding) -> tuple[int, Cost]:
    return WORST_FIRST.index(finding.outcome), cost_of(finding.cause.id if finding.cause else None)


def _key(verdict: Verdict) -> str:
    if verdict.cause is not None:
        return f"cause {verdict.cause.id}"
    if verdict.outcome is Outcome.ERROR and verdict.reason:
        return f"reason {verdict.reason}"
    return f"check {verdict.id}"


def _finding(key: str, text: str, group: list[Verdict]) -> Finding:
    group.sort(key=lambda verdict: WORST_FIRST.index(verdict.outcome))
    return Finding(key, group[0].outcome, text, group[0].cause, tuple(group))


def _sentence(verdict: Verdict) -> str:
    if verdict.cause is not None:
        return verdict.cause.text
    if verdict.outcome is Outcome.ERROR:
        return verdict.reason or f"Could not be checked: {verdict.title}"
    return verdict.reason or (
        f"Not true: {verdict.title}" if verdict.outcome is Outcome.FAIL else f"True, but: {verdict.title}"
    )


def about(finding: Finding) -> Explanation | None:
    """What is known of a finding's cause, or of its check; ``None`` where nothing could be found out."""
    from bringup.checks.explain import explain_verdict

    return None if finding.outcome is Outcome.ERROR else explain_verdict(finding.verdicts[0])


def badness(board: BoardRun) -> tuple[int, ...]:
    """Sorts boards, the worst first: by outcome, then by how much was found."""
    count = tally(board.verdicts)
    return (WORST_FIRST.index(board.outcome), *(-count[outcome] for outcome in WORST_FIRST[:3]))


def model_of(board: BoardRun) -> str | None:
    """The model, or the product, that the board says it is; ``None`` where it does not say."""
    said = {name.casefold(): value for name, value in board.identity.items()}
    return said.get("model") or said.get("product") or None


def board_headline(board: BoardRun) -> Headline:
    """Whether this board can be used, and what to fix first."""
    count = tally(board.verdicts)
    asked = len(board.verdicts) - count[Outcome.SKIP]
    found = findings(board.verdicts)
    first = _end(excerpt(found[0].text, 300)) if found else ""
    if count[Outcome.FAIL]:
        failed = _so_many(count[Outcome.FAIL], asked, "fails", "fail")
        return Headline(f"This board cannot be used yet: {failed}.", "Fix first", first)
    if count[Outcome.ERROR]:
        unknown = _so_many(count[Outcome.ERROR], asked, "could not be answered", "could not be answered")
        return Headline(f"It is unknown whether this board can be used: {unknown}.", "First", first)
    if not asked:
        skipped = len(board.verdicts)
        none = _so_many(skipped, skipped, "did not apply", "did not apply") if skipped else "nothing was asked"
        return Headline(f"It is unknown whether this board can be used: {none}.")
    if count[Outcome.WARN]:
        some = pluralize(count[Outcome.WARN], "warning")
        return Headline(f"This board can be used, with {some}.", "Note first", first)
    rest = f", {count[Outcome.SKIP]:,} did not apply" if count[Outcome.SKIP] else ""
    return Headline(f"This board can be used: {_so_many(asked, asked, 'passed', 'passed')}{rest}.")


def _so_many(count: int, of: int, verb: str, verbs: str) -> str:
    """``the one check fails``, ``all 3 checks passed``, ``2 of 9 checks fail``."""
    if of == 1:
        return f"the one check {verb}"
    checks = f"all {of:,} checks" if count == of else f"{count:,} of {of:,} checks"
    return f"{checks} {verb if count == 1 else verbs}"


def run_headline(run: Run, shared: Sequence[SharedFinding]) -> Headline:
    """The same for all boards of a run; for one board, that board's.

    :param shared: the findings of all boards (:func:`shared_findings`); not needed for one board.
    """
    if len(run.boards) == 1:
        return board_headline(run.boards[0])
    if not run.boards:
        return Headline("No board was judged.")
    worst = [board.outcome for board in run.boards]
    usable = sum(outcome in (Outcome.PASS, Outcome.WARN) for outcome in worst)
    parts = [f"{usable:,} of {pluralize(len(worst), 'board')} can be used"]
    if worst.count(Outcome.FAIL):
        parts.append(f"{worst.count(Outcome.FAIL):,} cannot yet")
    if worst.count(Outcome.ERROR):
        parts.append(f"{worst.count(Outcome.ERROR):,} could not be judged")
    answer = "; ".join(parts) + "."
    if not shared:
        return Headline(answer)
    top = shared[0]
    label = "Fix first" if top.finding.outcome is Outcome.FAIL else "First"
    on = pluralize(len(top.boards), "board")
    return Headline(answer, label, f"{_end(excerpt(top.finding.text, 300))[:-1]} ({on}).")


def shared_findings(run: Run) -> tuple[SharedFinding, ...]:
    """The findings of all boards: the worst first, then those that cost most, then those that the most boards have."""
    groups: dict[str, list[tuple[Finding, BoardRun]]] = {}
    for board in run.boards:
        for finding in findings(board.verdicts):
            groups.setdefault(finding.key, []).append((finding, board))
    shared = [_shared(group) for group in groups.values()]
    return tuple(sorted(shared, key=lambda shared: (*_weight(shared.finding), -len(shared.boards))))


def _shared(group: list[tuple[Finding, BoardRun]]) -> SharedFinding:
    worst, seen_on = min(group, key=lambda pair: WORST_FIRST.index(pair[0].outcome))
    boards = {id(board): board for _, board in group}
    return SharedFinding(worst, seen_on, tuple(boards.values()), len({finding.text for finding, _ in group}))


def _end(sentence: str) -> str:
    return sentence.rstrip(". \n") + "."
