"""Two runs compared: boards, kernels or days."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from bringup.compare.facts import FactChange, fact_changes
from bringup.compare.timings import Timing, TimingTest, Untimed, compare_timings
from bringup.document import Count, computed, set_computed
from bringup.outcome import Outcome
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict

__all__ = ["SCHEMA", "Change", "Comparison", "Difference", "Side", "Unanswered", "compare"]

SCHEMA = "bringup.compare/1"


class Change(enum.StrEnum):
    """How a verdict changed. unknown: it was known before and could not be found out in the second run."""

    REGRESSED = "regressed"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    IMPROVED = "improved"
    APPEARED = "appeared"
    VANISHED = "vanished"


_BETTER_FIRST = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.FAIL: 2}


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question that the two runs answer differently.

    :param id: The check.
    :param title: What is true when it passes.
    :param before: Its outcome in the first run; null: not asked there.
    :param after: Its outcome in the second run; null: not asked there.
    :param why: One sentence of the second run's verdict, or of the first's where only that run asked; may be empty.
    :param remedy: What fixes it, where it regressed and that is known.
    """

    change: Change
    board: str
    id: str
    heap: str | None
    title: str
    before: Outcome | None
    after: Outcome | None
    why: str
    remedy: tuple[str, ...] = ()

    @property
    def is_unanswered(self) -> bool:
        """Whether it is unknown now, or was asked before and is now skipped or not asked."""
        match self.change:
            case Change.UNKNOWN:
                return True
            case Change.VANISHED:
                return self.before is not Outcome.SKIP
            case Change.APPEARED:
                return self.after is Outcome.ERROR
            case Change.CHANGED:
                return self.after is Outcome.SKIP
        return False


class Unanswered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question that neither run answers.

    :param id: The check.
    :param why: Why it is unknown, in the words of the second run.
    :param remedy: What would answer it, where that is known.
    :param boards: Serials of the boards on which it is unknown for this reason.
    """

    id: str
    heap: str | None
    why: str
    boards: tuple[str, ...]
    remedy: tuple[str, ...] = ()


class Side(msgspec.Struct, frozen=True):
    """One of the two runs.

    :param started: When the run began, ISO 8601 in UTC.
    :param tool: The version of bringup that judged.
    :param boards: How many.
    :param outcome: The worst of them.
    """

    started: str
    tool: str
    boards: Count
    outcome: Outcome


class Comparison(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=SCHEMA):
    """What differs between two runs.

    :param outcome: fail: something regressed. error: nothing did, but something is unknown in the second run, or is no
        longer asked or judged there, or nothing was compared. pass: nothing regressed.
    :param regressed: Whether a verdict, or a timing, got worse.
    :param undecided: Whether something that was known could not be found out.
    :param counts: How many differences there are of each change.
    :param timings: Those that changed by more than noise.
    :param timing_tests: What decided about the timings.
    :param only_before: Boards that only the first run has.
    :param only_after: Boards that only the second run has.
    :param unchanged_timings: The same operations at other sizes, where they did not change.
    :param untimed: What the first run timed and the second did not, and why.
    :param facts: Other facts that differ; neither better nor worse.
    :param compared: The boards that both runs have, by their serials in the second.
    :param same: How many verdicts are the same in both.
    :param still_unknown: Boards of the second run, and how many verdicts are unknown there that were not known before.
    :param unanswered: Which verdicts these are, and why.
    :param before: The first run; null in comparisons by versions that did not write it.
    :param after: The second run.
    """

    outcome: Outcome = Outcome.ERROR  # computed, too; comparisons of 0.1.0 lack it
    regressed: bool = computed()
    undecided: bool = computed()
    counts: Mapping[str, Count] = computed()
    differences: tuple[Difference, ...]
    timings: tuple[Timing, ...]
    timing_tests: tuple[TimingTest, ...] = ()
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    unchanged_timings: tuple[Timing, ...] = ()
    untimed: tuple[Untimed, ...] = ()
    facts: tuple[FactChange, ...] = ()
    compared: tuple[str, ...] = ()
    same: Count = 0
    still_unknown: Mapping[str, Count] = msgspec.field(default_factory=dict)
    unanswered: tuple[Unanswered, ...] = ()
    before: Side | None = None
    after: Side | None = None

    def __post_init__(self) -> None:
        counts = Counter(difference.change for difference in self.differences)
        regressed = Change.REGRESSED in counts or any(timing.slower for timing in self.timings)
        unanswered = any(difference.is_unanswered for difference in self.differences)
        unknown = unanswered or self.still_unknown or self.untimed or self.only_before or self.nothing_compared
        set_computed(
            self,
            outcome=Outcome.FAIL if regressed else Outcome.ERROR if unknown else Outcome.PASS,
            regressed=regressed,
            undecided=Change.UNKNOWN in counts,
            counts={change.value: count for change, count in counts.items()},
        )

    @property
    def nothing_compared(self) -> bool:
        """Whether no board is in both runs."""
        return not (self.compared or self.differences or self.timings)


def compare(before: Run, after: Run, *, chosen: bool = False) -> Comparison:
    """Compare two runs, board by board: boards of the same serial, or the only board of each, whatever its serial.

    :param chosen: whether somebody chose the boards of the second run: then no board of the first is missing in it.
    """
    if len(before.boards) == len(after.boards) == 1:
        pairs = [(before.boards[0], after.boards[0])]
    else:
        known = {board.serial: board for board in before.boards}
        pairs = [(known[board.serial], board) for board in after.boards if board.serial in known]
    paired_before = {old.serial for old, _ in pairs}
    paired_after = {new.serial for _, new in pairs}
    order = list(Change)
    questions = [difference for old, new in pairs for difference in _differences(old, new)]
    differences = [difference for difference in questions if difference is not None]
    timings = compare_timings(pairs)
    return Comparison(
        differences=tuple(sorted(differences, key=lambda difference: order.index(difference.change))),
        timings=timings.changed,
        timing_tests=timings.tests,
        only_before=tuple(board.serial for board in before.boards if not (chosen or board.serial in paired_before)),
        only_after=tuple(board.serial for board in after.boards if board.serial not in paired_after),
        unchanged_timings=timings.unchanged,
        untimed=timings.untimed,
        facts=tuple(change for old, new in pairs for change in fact_changes(old, new)),
        compared=tuple(new.serial for _, new in pairs),
        same=len(questions) - len(differences),
        still_unknown=_still_unknown(after, differences),
        unanswered=tuple(_unanswered(after, differences)),
        before=_side(before),
        after=_side(after),
    )


def _still_unknown(after: Run, differences: Iterable[Difference]) -> dict[str, int]:
    """How many verdicts of each board are unknown and not among the differences; boards without any are left out."""
    counts: Counter[str] = Counter()
    for board in after.boards:
        unknown = sum(verdict.outcome is Outcome.ERROR for verdict in board.verdicts)
        counts[board.serial] += unknown or (board.outcome is Outcome.ERROR)  # or nothing was judged
    counts.subtract(difference.board for difference in differences if difference.after is Outcome.ERROR)
    return dict(+counts)


def _unanswered(after: Run, differences: Iterable[Difference]) -> Iterator[Unanswered]:
    """The unknown verdicts of the second run that are not among the differences, each once for all its boards."""
    changed = {(change.board, change.id, change.heap) for change in differences if change.after is Outcome.ERROR}
    boards: dict[tuple[str, str | None, str], list[str]] = {}
    remedies: dict[tuple[str, str | None, str], tuple[str, ...]] = {}
    for board in after.boards:
        for verdict in board.verdicts:
            if verdict.outcome is Outcome.ERROR and (board.serial, verdict.id, verdict.heap) not in changed:
                question = (verdict.id, verdict.heap, verdict.reason or "")
                boards.setdefault(question, []).append(board.serial)
                remedies.setdefault(question, verdict.remedy)
    for question, serials in boards.items():
        yield Unanswered(*question, tuple(dict.fromkeys(serials)), remedies[question])


def _side(run: Run) -> Side:
    return Side(run.started, run.tool, len(run.boards), run.outcome)


def _differences(before: BoardRun, after: BoardRun) -> Iterator[Difference | None]:
    """For each question about a board how its verdict changed; ``None``: it did not."""
    old_verdicts = _by_question(before)
    new_verdicts = _by_question(after)
    for question in dict.fromkeys((*old_verdicts, *new_verdicts)):
        old, new = old_verdicts.get(question), new_verdicts.get(question)
        change = _change(old, new)
        verdict = new or old
        if change is None or verdict is None:
            yield None
            continue
        why = verdict.cause.text if verdict.cause else verdict.reason or "; ".join(verdict.evidence[:1])
        outcomes = (old.outcome if old else None, new.outcome if new else None)
        remedy = verdict.advice if change is Change.REGRESSED else ()
        yield Difference(change, after.serial, verdict.id, verdict.heap, verdict.title, *outcomes, why, remedy)


def _by_question(board: BoardRun) -> dict[tuple[str, str | None, int], Verdict]:
    """Verdicts by id and heap, and by their order where a check has several verdicts about one heap."""
    verdicts: dict[tuple[str, str | None, int], Verdict] = {}
    count: Counter[tuple[str, str | None]] = Counter()
    for verdict in board.verdicts:
        question = (verdict.id, verdict.heap)
        verdicts[(*question, count[question])] = verdict
        count[question] += 1
    return verdicts


def _change(old: Verdict | None, new: Verdict | None) -> Change | None:
    if old is None or new is None:
        return Change.APPEARED if old is None else Change.VANISHED
    before, after = old.outcome, new.outcome
    if before is after:
        return None
    if after is Outcome.ERROR:
        return Change.UNKNOWN
    if before in _BETTER_FIRST and after in _BETTER_FIRST:
        return Change.REGRESSED if _BETTER_FIRST[after] > _BETTER_FIRST[before] else Change.IMPROVED
    return Change.REGRESSED if after is Outcome.FAIL else Change.CHANGED
