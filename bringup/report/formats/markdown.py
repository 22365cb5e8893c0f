"""Markdown for a pull request: the sentence, the counts and the findings, within the size that a comment may have.

Of a comparison: what got worse or could not be found out, with its fix; the rest in short tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bringup.report import Format, units
from bringup.report.bounded import shown
from bringup.report.markup import code as _code
from bringup.report.markup import fence as _fence
from bringup.report.markup import table as _table
from bringup.report.markup import text as _text
from bringup.report.story import Finding, Headline, about, badness, findings, run_headline, shared_findings, tally
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict
from bringup.text import pluralize, visible

if TYPE_CHECKING:
    from bringup.compare.runs import Change, Comparison
    from bringup.compare.timings import Timing
    from bringup.report.comparison.story import ChangesByCause, GroupedChange

__all__ = ["FORMAT"]

# GitHub takes 65,536 characters in a comment.
_WHOLE = 60_000
_FACTS, _BOARDS = 8, 30
# Of a comparison: causes that are shown in full, rows per table, boards that are named.
_IN_FULL, _ROWS, _NAMED = 15, 10, 5


def _render(run: Run) -> str:
    return _whole(list(_blocks(shown(run))))


def _compare(found: Comparison) -> str:
    return _whole(list(_of_comparison(found)))


def _whole(blocks: Sequence[str]) -> str:
    out: list[str] = []
    used = 0
    for index, block in enumerate(blocks):
        used += len(block) + 2
        if used > _WHOLE:
            out.append(f"… and {len(blocks) - index} more, which do not fit here. The HTML and JSON reports have them.")
            break
        out.append(block)
    return "\n\n".join(out) + "\n"


def _blocks(run: Run) -> Iterator[str]:
    """The report in pieces that can each be left out as a whole."""
    single = run.boards[0] if len(run.boards) == 1 else None
    yield f"## {run.outcome.value.upper()}: {_code(single.serial) if single else f'{len(run.boards):,} boards'}"
    shared_by_boards = shared_findings(run)
    yield _headline(run_headline(run, shared_by_boards))
    if single:
        counts = tally(single.verdicts)
        yield _table([str(outcome) for outcome in counts], [[f"{count:,}" for count in counts.values()]])
        yield from (_finding(number, found) for number, found in enumerate(findings(single.verdicts), start=1))
    else:
        rows = [
            [_code(board.serial), board.outcome.value, *_counts(board)]
            for board in sorted(run.boards, key=badness)[:_BOARDS]
        ]
        if rows:
            yield _table(["board", "outcome", *(str(outcome) for outcome in tally(()))], rows)
        if len(run.boards) > _BOARDS:
            yield f"… and {pluralize(len(run.boards) - _BOARDS, 'more board')}."
        for number, shared in enumerate(shared_by_boards, start=1):
            yield _finding(number, shared.finding, shared.boards)
    yield f"bringup {_text(run.tool)}, {_text(units.moment(run.started))}"


def _counts(board: BoardRun) -> list[str]:
    return [f"{count:,}" for count in tally(board.verdicts).values()]


def _headline(headline: Headline) -> str:
    first = f" **{headline.label}:** {_text(headline.first)}" if headline.first else ""
    return f"{_text(headline.answer)}{first}"


def _finding(number: int, finding: Finding, boards: tuple[BoardRun, ...] = ()) -> str:
    lines = [f"### {number}\\. {finding.outcome}: {_text(finding.text)}", ""]
    if boards:
        named = ", ".join(_code(board.serial) for board in boards[:_BOARDS])
        more = f" and {len(boards) - _BOARDS:,} more" if len(boards) > _BOARDS else ""
        lines += [f"On {named}{more}.", ""]
    known = about(finding)
    if known is not None:
        lines += [f"Why: {_text(known.why)}", *([f"Look first: {_text(known.look)}"] if known.look else []), ""]
    for verdict in finding.verdicts:
        lines += _verdict(verdict)
    for remedy in finding.remedies:
        lines += ["", "What to change:", "", _fence("\n".join(remedy))]
    return "\n".join(lines)


def _verdict(verdict: Verdict) -> Iterator[str]:
    heap = f" on {_code(verdict.heap)}" if verdict.heap else ""
    yield f"- {_text(verdict.title)} ({_code(verdict.id)}{heap})"
    for fact in verdict.evidence[:_FACTS]:
        yield f"  - {_code(fact)}"
    if len(verdict.evidence) > _FACTS:
        yield f"  - … {len(verdict.evidence) - _FACTS} more"


def _of_comparison(found: Comparison) -> Iterator[str]:
    from bringup.compare.runs import Change
    from bringup.report.comparison.story import (
        COMPARED,
        by_cause,
        counts,
        grouped_changes,
        headline,
        test_of,
    )

    several = len(found.compared) > 1
    what = f"{len(found.compared):,} boards" if several else _code(visible("".join(found.compared)) or "no board")
    yield f"## {COMPARED[found.outcome].upper()}: {what}"
    yield _headline(shown(headline(found)))
    many = {name: count for name, count in counts(found).items() if count}
    yield _table([*many, "the same"], [[f"{count:,}" for count in (*many.values(), found.same)]])
    groups = grouped_changes(found.differences)
    worse = by_cause(group for group in groups if group.difference.change in (Change.REGRESSED, Change.UNKNOWN))
    yield from (_worse(number, cause, several=several) for number, cause in enumerate(worse[:_IN_FULL], start=1))
    if len(worse) > _IN_FULL:
        yield f"… and {pluralize(len(worse) - _IN_FULL, 'more cause')}: the HTML and JSON reports have them."
    yield from _not_compared(found)
    yield from _timings(found, several=several)
    yield from (f"Timings decided by: {_text(test_of(shown(test)))}" for test in found.timing_tests)
    yield from _changed_facts(found, several=several)
    for change in (Change.CHANGED, Change.IMPROVED, Change.APPEARED, Change.VANISHED):
        yield from _others(change, [group for group in groups if group.difference.change is change], several=several)


def _worse(number: int, cause: ChangesByCause, *, several: bool) -> str:
    first = shown(cause.groups[0].difference)
    lines = [f"### {number}\\. {_moved(first.before, first.after)}: {_text(first.why or first.title)}", ""]
    if several and cause.boards:
        lines += [f"On {_on(cause.boards)}.", ""]
    for group in cause.groups[:_ROWS]:
        change = shown(group.difference)
        is_other = (change.before, change.after) != (first.before, first.after)
        other = f"{_moved(change.before, change.after)}: " if is_other else ""
        heap = f" on {_code(change.heap)}" if change.heap else ""
        boards = f", on {_on(group.boards)}" if several and not cause.boards else ""
        lines.append(f"- {other}{_text(change.title)} ({_code(change.id)}{heap}){boards}")
    if len(cause.groups) > _ROWS:
        lines.append(f"- … {len(cause.groups) - _ROWS} more")
    for remedy in cause.remedies:
        lines += ["", "What to change:", "", _fence(visible("\n".join(remedy)))]
    return "\n".join(lines)


def _moved(before: object, after: object) -> str:
    return f"{before or 'not asked'} → {after or 'not asked'}"


def _on(boards: Sequence[str]) -> str:
    named = ", ".join(_code(visible(board)) for board in boards[:_NAMED])
    return f"{named} and {len(boards) - _NAMED:,} more" if len(boards) > _NAMED else named


def _not_compared(found: Comparison) -> Iterator[str]:
    for serials, words in ((found.only_before, "first"), (found.only_after, "second")):
        if serials:
            yield f"Only in the {words} run, so compared with nothing: {_on(serials)}."
    if found.still_unknown:
        many = pluralize(sum(found.still_unknown.values()), "verdict")
        yield f"{many} could not be answered, and had no answer in the first run."
    if found.untimed:
        gone = shown(found.untimed[0])
        more = f", and {pluralize(len(found.untimed) - 1, 'more timing')}" if len(found.untimed) > 1 else ""
        what = f"{gone.name or gone.source} {units.size(gone.size)}: {gone.why}"
        yield f"Timed before and not now: {_text(what)}{more}."


def _timings(found: Comparison, *, several: bool) -> Iterator[str]:
    from bringup.report.comparison.story import source_of

    def row(timing: Timing) -> list[str]:
        board = [_code(timing.board)] if several else []
        threads = f" × {timing.threads} threads" if timing.threads > 1 else ""
        times = [units.duration(timing.before_p50), units.duration(timing.after_p50)]
        moved = f"{timing.after_p50 / timing.before_p50:.3g}×" if timing.before_p50 > 0 else "–"
        what = f"{_code(source_of(timing))}", f"{_code(timing.op)}, {units.size(timing.size)}{threads}"
        return [*board, *what, *times, f"{moved} {'slower' if timing.slower else 'faster'}"]

    head = [*(["board"] if several else []), "source", "what", "before", "now", "now ÷ before"]
    ordered = sorted(found.timings, key=lambda timing: not timing.slower)
    yield from _some_rows(head, [row(shown(timing)) for timing in ordered[:_ROWS]], len(ordered), "timing")


def _changed_facts(found: Comparison, *, several: bool) -> Iterator[str]:
    from bringup.report.comparison.story import grouped_facts

    groups = grouped_facts(found.facts)
    rows = []
    for group in groups[:_ROWS]:
        fact = shown(group.fact)
        name = f"{fact.subject}: {_code(fact.name)}{f' {_text(fact.aspect)}' if fact.aspect else ''}"
        sides = ["–" if side is None else _code(side) for side in (fact.before, fact.after)]
        rows.append([name, *sides, *([f"{len(group.boards):,}"] if several else [])])
    head = ["changed fact", "before", "now", *(["boards"] if several else [])]
    yield from _some_rows(head, rows, len(groups), "fact")


def _others(change: Change, groups: Sequence[GroupedChange], *, several: bool) -> Iterator[str]:
    """A row a check, however many heaps it was asked of."""
    checks: dict[tuple[str, str], list[GroupedChange]] = {}
    for group in groups:
        checks.setdefault((group.difference.id, _moved(group.difference.before, group.difference.after)), []).append(
            group
        )
    rows = []
    for (check, moved), same in list(checks.items())[:_ROWS]:
        heaps = list(dict.fromkeys(group.difference.heap for group in same if group.difference.heap))
        on = f" on {_code(visible(heaps[0]))}" if len(heaps) == 1 else f" on {len(heaps):,} heaps" if heaps else ""
        boards = [f"{len({board for group in same for board in group.boards}):,}"] if several else []
        rows.append([f"{_code(visible(check))}{on}", moved, *boards])
    yield from _some_rows([change.value, "before → now", *(["boards"] if several else [])], rows, len(checks), "check")


def _some_rows(head: list[str], rows: Iterable[list[str]], whole: int, noun: str) -> Iterator[str]:
    """A table, and how many more rows there would be."""
    if whole:
        yield _table(head, list(rows))
    if whole > _ROWS:
        yield f"… and {pluralize(whole - _ROWS, f'more {noun}')}."


FORMAT = Format("md", ".md", _render, "Markdown for a pull request", _compare)
