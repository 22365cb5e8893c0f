"""What a reader of a comparison is told first: one sentence, then each change once, for all boards that have it.

The page, the terminal, Markdown and JUnit tell the same story; it is made here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bringup.compare.runs import Change, Comparison, Difference, FactChange, Timing, TimingTest
from bringup.report import units
from bringup.report.bounded import excerpt
from bringup.report.story import WORST_FIRST, Headline
from bringup.results.verdict import Outcome
from bringup.text import pluralize

__all__ = [
    "COMPARED",
    "Explained",
    "Told",
    "ToldFact",
    "counts",
    "explained",
    "headline",
    "outcome_of",
    "source_of",
    "test_of",
    "told",
    "told_facts",
]

#: What :func:`outcome_of` says, in words.
COMPARED = {
    Outcome.FAIL: "regressed",
    Outcome.ERROR: "not known",
    Outcome.WARN: "no regression seen",
    Outcome.PASS: "no regression",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One change of one check, and the boards on which it happened.

    :param one: as the first of them has it.
    """

    one: Difference
    boards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """Changes that come from one cause, as far as their words tell."""

    groups: tuple[Told, ...]

    @property
    def boards(self) -> tuple[str, ...] | None:
        """Where they happened; ``None``: not all on the same boards."""
        first = self.groups[0].boards
        return first if all(group.boards == first for group in self.groups) else None

    @property
    def remedies(self) -> list[tuple[str, ...]]:
        """What mends them; none that stands in another."""
        every = list(dict.fromkeys(group.one.remedy for group in self.groups if group.one.remedy))
        return [one for one in every if not any(set(one) < set(other) for other in every)]


@dataclass(frozen=True, slots=True)
class ToldFact:
    """A fact that changed alike on several boards."""

    one: FactChange
    boards: tuple[str, ...]


def told(differences: Iterable[Difference]) -> list[Told]:
    """Differences with their boards put together: the worst change first, in it what is worst now, then most boards."""
    groups: dict[tuple[object, ...], list[Difference]] = {}
    for one in differences:
        groups.setdefault((one.change, one.before, one.after, one.id, one.heap), []).append(one)
    found = [Told(group[0], tuple(dict.fromkeys(one.board for one in group))) for group in groups.values()]
    order = list(Change)

    def weight(group: Told) -> tuple[int, int, int]:
        after = group.one.after
        return order.index(group.one.change), WORST_FIRST.index(after) if after else 0, -len(group.boards)

    return sorted(found, key=weight)


def explained(groups: Iterable[Told]) -> list[Explained]:
    """Changes by what they come from, in the order of the first of each."""
    found: dict[tuple[object, ...], list[Told]] = {}
    for group in groups:
        one = group.one
        key = (one.change, one.why) if one.why else (one.change, one.id, one.heap, one.before, one.after)
        found.setdefault(key, []).append(group)
    return [Explained(tuple(same)) for same in found.values()]


def told_facts(facts: Iterable[FactChange]) -> list[ToldFact]:
    """The same for facts: subject by subject, in it those of the most boards first."""
    groups: dict[tuple[object, ...], list[FactChange]] = {}
    for one in facts:
        groups.setdefault((one.subject, one.name, one.aspect, one.before, one.after), []).append(one)
    found = [ToldFact(group[0], tuple(dict.fromkeys(one.board for one in group))) for group in groups.values()]
    order = list(type(found[0].one.subject)) if found else []
    return sorted(found, key=lambda group: (order.index(group.one.subject), -len(group.boards)))


def counts(found: Comparison) -> dict[str, int]:
    """How many answers changed how, and how many timings."""
    many = {change.value: 0 for change in Change}
    for one in found.differences:
        many[one.change.value] += 1
    many["slower"] = sum(one.slower for one in found.timings)
    many["faster"] = len(found.timings) - many["slower"]
    return many


def outcome_of(found: Comparison) -> Outcome:
    """Fail: something regressed. Error: something, or everything, could not be compared. Warn: a board is missing."""
    if found.regressed:
        return Outcome.FAIL
    if found.undecided or not (found.compared or found.differences or found.timings):
        return Outcome.ERROR
    return Outcome.WARN if found.only_before else Outcome.PASS


def headline(found: Comparison) -> Headline:
    """What regressed, or that nothing did; and the first of it."""
    many = counts(found)
    worse = []
    if many["regressed"]:
        worse.append(f"{pluralize(many['regressed'], 'answer')} got worse")
    if many["slower"]:
        worse.append(f"{pluralize(many['slower'], 'timing')} got slower")
    unknown = f"{pluralize(many['unknown'], 'answer')} could not be found out any more"
    if worse:
        more = f"; {unknown}" if many["unknown"] else ""
        return Headline(f"{' and '.join(worse)}{more}.", "First", _first(found))
    if many["unknown"]:
        return Headline(f"Not known whether something regressed: {unknown}.", "First", _first(found))
    if outcome_of(found) is Outcome.ERROR:
        return Headline("Nothing was compared: no board is in both runs.")
    asked = found.same + len(found.differences) - many["appeared"] - many["vanished"]
    answers = f"{pluralize(asked, 'answer')} about {pluralize(len(found.compared), 'board')} compared"
    answers += f"; {many['vanished']:,} vanished" if many["vanished"] else ""
    missing = f" {pluralize(len(found.only_before), 'board')} of the first run is not in the second."
    missing = missing.replace("boards of the first run is", "boards of the first run are")
    return Headline(f"Nothing regressed: {answers}.{missing if found.only_before else ''}")


def _first(found: Comparison) -> str:
    """The worst change in one sentence; where no answer got worse, the slowest timing."""
    groups = told(one for one in found.differences if one.change in (Change.REGRESSED, Change.UNKNOWN))
    if groups and (groups[0].one.change is Change.REGRESSED or not any(one.slower for one in found.timings)):
        one, boards = groups[0].one, groups[0].boards
        check = f"{one.id} on {one.heap}" if one.heap else one.id
        moved = f"{one.before or 'not asked'} before, {one.after or 'not asked'} now"
        where = f", on {pluralize(len(boards), 'board')}" if len(boards) > 1 else ""
        why = f": {excerpt(one.why, 240).rstrip('. ')}" if one.why else ""
        return f"{excerpt(check, 120)}, {moved}{where}{why}."
    slow = max(found.timings, key=lambda one: one.after_p50 / one.before_p50 if one.before_p50 > 0 else 0.0)
    what = f"{slow.op} of {units.size(slow.size)} from {source_of(slow)}"
    return f"{excerpt(what, 200)} took {units.duration(slow.before_p50)}, now {units.duration(slow.after_p50)}."


def source_of(one: Timing) -> str:
    """The heap as a person calls it, ION's marked as ION's."""
    if one.source != "ion":
        return one.heap
    return f"ION {one.heap}{'' if one.flags & 1 else ' uncached'}"


def test_of(one: TimingTest) -> str:
    """Which test decided, on how much, and how often it errs."""
    few = f", {one.undecidable:,} of them of too few passes to tell" if one.undecidable else ""
    return (
        f"{one.name}; {one.compared:,} compared{few}. "
        f"Where nothing changed, at most 1 in {1 / one.error_rate:,.0f} {one.over} shows a change."
    )
