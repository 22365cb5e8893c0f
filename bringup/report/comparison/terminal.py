"""A comparison of two runs on a terminal: each change once, with the boards on which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bringup.compare.runs import Change, Comparison
from bringup.compare.timings import OVER_RUNS, Timing, TimingTest
from bringup.outcome import Outcome
from bringup.report import units
from bringup.report.bounded import excerpt
from bringup.report.comparison.story import GroupedChange, counts, grouped_changes, not_judged, source_of, test_of
from bringup.text import pluralize, visible

__all__ = ["summary"]

_STYLES = {
    Change.REGRESSED: "bold red",
    Change.UNKNOWN: "bold magenta",
    Change.CHANGED: "yellow",
    Change.IMPROVED: "green",
    Change.APPEARED: "cyan",
    Change.VANISHED: "cyan",
}
_ROWS, _TIMINGS, _NAMED = 60, 30, 3
_LONGEST, _PARAGRAPH = 300, 1000


def summary(found: Comparison, otherwise: str = "") -> RenderableType:
    """The counts, what changed, the timings beyond their noise, and the boards that only one run has.

    Where it is unknown whether something regressed, that is the first line: which checks, why, and what to do.

    :param otherwise: how to have only what is known count.
    """
    groups = grouped_changes(found.differences)
    boards = {difference.board for difference in found.differences} | {timing.board for timing in found.timings}
    lines: list[RenderableType] = []
    if found.outcome is Outcome.ERROR:
        lines.append(Text(_line(" ".join(not_judged(found, otherwise)), _PARAGRAPH), _STYLES[Change.UNKNOWN]))
    lines.append(_counts(found))
    if groups:
        lines.append(_table(groups[:_ROWS], several=len(boards) > 1))
    if len(groups) > _ROWS:
        lines.append(Text(f"… and {pluralize(len(groups) - _ROWS, 'more change')}: --json has them", "dim"))
    lines += _timings(found.timings, several=len(boards) > 1)
    lines += _tests(test for test in found.timing_tests if found.timings or test.over == OVER_RUNS)
    for serials, words in ((found.only_before, "only in the first run"), (found.only_after, "only in the second run")):
        if serials:
            lines.append(Text(f"{words}: {_some(serials)}"))
    return Group(*lines)


def _counts(found: Comparison) -> Text:
    styles = {change.value: style for change, style in _STYLES.items()} | {"slower": "bold red", "faster": "green"}
    parts = [Text(f"{count:,} {word}", styles[word]) for word, count in counts(found).items() if count]
    return Text(", ").join(parts) if parts else Text("no difference")


def _table(groups: Iterable[GroupedChange], *, several: bool) -> Table:
    """A change, the check and its boards; below them why."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group in groups:
        difference = group.difference
        check = Text(_line(f"{difference.id} {difference.heap}" if difference.heap else difference.id))
        if several:
            check.append(f"  {_some(group.boards)}", "cyan")
        moved = Text(f"{difference.before or 'not asked'} → {difference.after or 'not asked'}")
        table.add_row(Text(difference.change.value, _STYLES[difference.change]), moved, check)
        if difference.why:
            table.add_row("", "", Text(_line(difference.why), "dim"))
    return table


def _timings(timings: tuple[Timing, ...], *, several: bool) -> Iterator[Text]:
    for timing in sorted(timings, key=lambda timing: not timing.slower)[:_TIMINGS]:
        board = f"{timing.board}, " if several else ""
        yield Text.assemble(
            ("slower" if timing.slower else "faster", "bold red" if timing.slower else "green"),
            f": {_line(board + source_of(timing))}, {units.size(timing.size)}{_threads(timing)}:"
            f" {_line(timing.op)} took {units.duration(round(timing.before_p50))} at the median,"
            f" now {units.duration(round(timing.after_p50))}",
            (_ratios(timing), "dim"),
        )
    if len(timings) > _TIMINGS:
        yield Text(f"… and {pluralize(len(timings) - _TIMINGS, 'more timing')}: --json has them", "dim")


def _threads(timing: Timing) -> str:
    return f" × {timing.threads} threads" if timing.threads > 1 else ""


def _ratios(timing: Timing) -> str:
    """The ratio to the board's own limit, and how rarely chance alone gives such a difference."""
    if timing.before_ratio is None or timing.after_ratio is None or timing.p is None:
        return ""
    return f" ({timing.before_ratio:.3g}× the board's limit, now {timing.after_ratio:.3g}×; p = {timing.p:.1g})"


def _tests(tests: Iterable[TimingTest]) -> Iterator[Text]:
    """Which test decided, on how much, and how often it is wrong."""
    for test in tests:
        yield Text(f"timings decided by: {test_of(test)}", "dim")


def _some(serials: tuple[str, ...]) -> str:
    named = ", ".join(_line(serial) for serial in serials[:_NAMED])
    return f"{named} and {len(serials) - _NAMED:,} more" if len(serials) > _NAMED else named


def _line(text: str, longest: int = _LONGEST) -> str:
    return " ".join(visible(excerpt(text, longest)).split())
