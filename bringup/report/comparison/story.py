"""What a reader of a comparison sees first: one sentence, then each change once, for all boards that have it.

The page, the terminal, Markdown and JUnit use the same sentences and groups; they are made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bringup.compare.facts import FactChange
from bringup.compare.runs import Change, Comparison, Difference
from bringup.compare.timings import Timing, TimingTest
from bringup.report import units
from bringup.report.bounded import excerpt
from bringup.report.story import WORST_FIRST, Headline
from bringup.results.verdict import Outcome
from bringup.text import pluralize

__all__ = [
    "COMPARED",
    "ChangesByCause",
    "GroupedChange",
    "GroupedFact",
    "by_cause",
    "counts",
    "grouped_changes",
    "grouped_facts",
    "headline",
    "not_judged",
    "source_of",
    "test_of",
]

#: Of what has no answer: so many reasons are given, and so many checks for each.
_REASONS, _NAMED = 2, 4
#: A comparison's outcome in words.
COMPARED = {Outcome.FAIL: "regressed", Outcome.ERROR: "unknown", Outcome.PASS: "no regression"}


@dataclass(frozen=True, slots=True)
class GroupedChange:
    """One change of one check, and the boards on which it happened.

    :param difference: as the first of the boards has it.
    """

    difference: Difference
    boards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangesByCause:
    """Changes that come from one cause: those whose texts are the same."""

    groups: tuple[GroupedChange, ...]

    @property
    def boards(self) -> tuple[str, ...] | None:
        """Where they happened; ``None``: not all on the same boards."""
        first = self.groups[0].boards
        return first if all(group.boards == first for group in self.groups) else None

    @property
    def remedies(self) -> list[tuple[str, ...]]:
        """What fixes them, without fixes that are part of another."""
        every = list(dict.fromkeys(group.difference.remedy for group in self.groups if group.difference.remedy))
        return [remedy for remedy in every if not any(set(remedy) < set(other) for other in every)]


@dataclass(frozen=True, slots=True)
class GroupedFact:
    """A fact that changed alike on several boards."""

    fact: FactChange
    boards: tuple[str, ...]


def grouped_changes(differences: Iterable[Difference]) -> list[GroupedChange]:
    """Differences grouped over boards: the worst change first, then the worst outcome now, then the most boards."""
    groups: dict[tuple[object, ...], list[Difference]] = {}
    for difference in differences:
        groups.setdefault(
            (difference.change, difference.before, difference.after, difference.id, difference.heap), []
        ).append(difference)
    found = [
        GroupedChange(group[0], tuple(dict.fromkeys(difference.board for difference in group)))
        for group in groups.values()
    ]
    order = list(Change)

    def weight(group: GroupedChange) -> tuple[int, int, int]:
        after = group.difference.after
        return order.index(group.difference.change), WORST_FIRST.index(after) if after else 0, -len(group.boards)

    return sorted(found, key=weight)


def _boards(group: Iterable[Difference | FactChange]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change.board for change in group))


def by_cause(groups: Iterable[GroupedChange]) -> list[ChangesByCause]:
    """Changes grouped by their cause, in the order of the first change of each."""
    found: dict[tuple[object, ...], list[GroupedChange]] = {}
    for group in groups:
        difference = group.difference
        if difference.why:
            key: tuple[object, ...] = (difference.change, difference.why)
        else:
            key = (difference.change, difference.id, difference.heap, difference.before, difference.after)
        found.setdefault(key, []).append(group)
    return [ChangesByCause(tuple(same)) for same in found.values()]


def grouped_facts(facts: Iterable[FactChange]) -> list[GroupedFact]:
    """Facts grouped over boards: subject by subject, those of the most boards first."""
    groups: dict[tuple[object, ...], list[FactChange]] = {}
    for fact in facts:
        groups.setdefault((fact.subject, fact.name, fact.aspect, fact.before, fact.after), []).append(fact)
    found = [GroupedFact(group[0], _boards(group)) for group in groups.values()]
    order = list(type(found[0].fact.subject)) if found else []
    return sorted(found, key=lambda group: (order.index(group.fact.subject), -len(group.boards)))


def counts(found: Comparison) -> dict[str, int]:
    """How many verdicts changed how, and how many timings."""
    many = {change.value: 0 for change in Change}
    for difference in found.differences:
        many[difference.change.value] += 1
    many["slower"] = sum(timing.slower for timing in found.timings)
    many["faster"] = len(found.timings) - many["slower"]
    return many


def headline(found: Comparison) -> Headline:
    """What regressed, else what is unknown, else that nothing regressed; and the first of it."""
    many = counts(found)
    worse = []
    if many["regressed"]:
        worse.append(f"{pluralize(many['regressed'], 'verdict')} got worse")
    if many["slower"]:
        worse.append(f"{pluralize(many['slower'], 'timing')} got slower")
    unknown = "; ".join(_unknown(found))
    if worse:
        return Headline(f"{' and '.join(worse)}{f'; {unknown}' if unknown else ''}.", "First", _first(found))
    if found.nothing_compared:
        return Headline("Nothing was compared: no board is in both runs.")
    if unknown:
        return Headline(f"It is unknown whether something regressed: {unknown}.", "First", _first(found))
    asked = found.same + len(found.differences) - many["appeared"] - many["vanished"]
    answers = f"{pluralize(asked, 'verdict')} about {pluralize(len(found.compared), 'board')} compared"
    return Headline(f"Nothing regressed: {answers}.")


def not_judged(found: Comparison, otherwise: str = "") -> Iterator[str]:
    """Sentences: that it is unknown whether something regressed; which checks have no answer, why, and what to do.

    :param otherwise: how to have only what is known count.
    """
    yield headline(found).answer
    changes = [difference for difference in found.differences if difference.is_unanswered]
    reasons: dict[str, dict[str, None]] = {}
    questions = [(change.why, change.id) for change in changes]
    questions += [(question.why, question.id) for question in found.unanswered]
    for why, check in questions:
        reasons.setdefault(excerpt(why, 160).rstrip(". "), {})[check] = None
    ordered = sorted(reasons.items(), key=lambda reason: -len(reason[1]))
    for why, ids in ordered[:_REASONS]:
        names = ", ".join([*ids][:_NAMED]) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
        yield f"{names}: {why}." if why else f"{names}."
    if len(ordered) > _REASONS:
        yield f"And for {pluralize(len(ordered) - _REASONS, 'other reason')}."
    remedies = Counter(question.remedy[0] for question in found.unanswered if question.remedy)
    steps = [remedy for remedy, _ in remedies.most_common(1)]
    if steps or otherwise:
        yield f"To have an answer: {'; or '.join(filter(None, (*steps, otherwise)))}."


def _unknown(found: Comparison) -> Iterator[str]:
    """What the second run does not answer."""
    lost = [difference for difference in found.differences if difference.is_unanswered]
    change = Counter(difference.change for difference in lost)
    for count, noun, what in (
        (change[Change.UNKNOWN], "verdict", "became unknown"),
        (sum(found.still_unknown.values()) + change[Change.APPEARED], "verdict", "could not be answered"),
        (change[Change.VANISHED], "verdict", "vanished"),
        (change[Change.CHANGED], "verdict", "became skipped"),
        (len(found.untimed), "timing", "could not be taken"),
        (len(found.only_before), "board", "of the first run missing"),
    ):
        if count:
            yield f"{pluralize(count, noun)} {what}"


def _first(found: Comparison) -> str:
    """The worst change in one sentence; where no verdict got worse, the slowest timing; empty: there is neither."""
    groups = grouped_changes(
        difference
        for difference in found.differences
        if difference.change is Change.REGRESSED or difference.is_unanswered
    )
    if groups and (
        groups[0].difference.change is Change.REGRESSED or not any(timing.slower for timing in found.timings)
    ):
        worst, boards = groups[0].difference, groups[0].boards
        check = f"{worst.id} on {worst.heap}" if worst.heap else worst.id
        moved = f"{worst.before or 'not asked'} before, {worst.after or 'not asked'} now"
        where = f", on {pluralize(len(boards), 'board')}" if len(boards) > 1 else ""
        why = f": {excerpt(worst.why, 240).rstrip('. ')}" if worst.why else ""
        return f"{excerpt(check, 120)}, {moved}{where}{why}."
    if not found.timings:
        return ""
    slow = max(found.timings, key=lambda timing: timing.after_p50 / timing.before_p50 if timing.before_p50 > 0 else 0.0)
    what = f"{slow.op} of {units.size(slow.size)} from {source_of(slow)}"
    return f"{excerpt(what, 200)} took {units.duration(slow.before_p50)}, now {units.duration(slow.after_p50)}."


def source_of(timing: Timing) -> str:
    """The heap as a person names it; ION's heaps are marked as ION."""
    if timing.source != "ion":
        return timing.heap
    return f"ION {timing.heap}{'' if timing.flags & 1 else ' uncached'}"


def test_of(test: TimingTest) -> str:
    """Which test decided, on how much, and how often it is wrong."""
    few = f", {test.undecidable:,} of them with too few passes to decide" if test.undecidable else ""
    return (
        f"{test.name}; {test.compared:,} compared{few}. "
        f"Where nothing changed, at most 1 in {1 / test.error_rate:,.0f} {test.over} shows a change."
    )
