"""A comparison of two runs on a terminal: what changed, told once for all boards on which it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bringup.compare.runs import Change, Comparison, Timing, TimingTest
from bringup.compare.timings import OVER_RUNS
from bringup.report import units
from bringup.report.bounded import excerpt
from bringup.report.comparison.story import Told, counts, source_of, test_of, told
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
_LONGEST = 300


def summary(found: Comparison) -> RenderableType:
    """The counts, what changed, the timings beyond their noise, and the boards that only one run has."""
    groups = told(found.differences)
    boards = {one.board for one in found.differences} | {one.board for one in found.timings}
    lines: list[RenderableType] = [_counts(found)]
    if groups:
        lines.append(_table(groups[:_ROWS], several=len(boards) > 1))
    if len(groups) > _ROWS:
        lines.append(Text(f"… and {pluralize(len(groups) - _ROWS, 'more change')}: --json has them", "dim"))
    lines += _timings(found.timings, several=len(boards) > 1)
    lines += _tests(one for one in found.timing_tests if found.timings or one.over == OVER_RUNS)
    for serials, words in ((found.only_before, "only in the first run"), (found.only_after, "only in the second run")):
        if serials:
            lines.append(Text(f"{words}: {_some(serials)}"))
    return Group(*lines)


def _counts(found: Comparison) -> Text:
    styles = {change.value: style for change, style in _STYLES.items()} | {"slower": "bold red", "faster": "green"}
    parts = [Text(f"{count:,} {word}", styles[word]) for word, count in counts(found).items() if count]
    return Text(", ").join(parts) if parts else Text("no difference")


def _table(groups: Iterable[Told], *, several: bool) -> Table:
    """A change, the check and its boards; below them why."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group in groups:
        one = group.one
        check = Text(_line(f"{one.id} {one.heap}" if one.heap else one.id))
        if several:
            check.append(f"  {_some(group.boards)}", "cyan")
        moved = Text(f"{one.before or 'not asked'} → {one.after or 'not asked'}")
        table.add_row(Text(one.change.value, _STYLES[one.change]), moved, check)
        if one.why:
            table.add_row("", "", Text(_line(one.why), "dim"))
    return table


def _timings(timings: tuple[Timing, ...], *, several: bool) -> Iterator[Text]:
    for one in sorted(timings, key=lambda one: not one.slower)[:_TIMINGS]:
        board = f"{one.board}, " if several else ""
        yield Text.assemble(
            ("slower" if one.slower else "faster", "bold red" if one.slower else "green"),
            f": {_line(board + source_of(one))}, {units.size(one.size)}{_threads(one)}: {_line(one.op)} took "
            f"{units.duration(round(one.before_p50))} at the median, now {units.duration(round(one.after_p50))}",
            (_ratios(one), "dim"),
        )
    if len(timings) > _TIMINGS:
        yield Text(f"… and {pluralize(len(timings) - _TIMINGS, 'more timing')}: --json has them", "dim")


def _threads(one: Timing) -> str:
    return f" × {one.threads} threads" if one.threads > 1 else ""


def _ratios(one: Timing) -> str:
    """What that is beside the board's own limit, and how rarely chance does so."""
    if one.before_ratio is None or one.after_ratio is None or one.p is None:
        return ""
    return f" ({one.before_ratio:.3g}× the board's limit, now {one.after_ratio:.3g}×; p = {one.p:.1g})"


def _tests(tests: Iterable[TimingTest]) -> Iterator[Text]:
    """Which test decided, on how much, and how often it errs."""
    for one in tests:
        yield Text(f"timings decided by: {test_of(one)}", "dim")


def _some(serials: tuple[str, ...]) -> str:
    named = ", ".join(_line(one) for one in serials[:_NAMED])
    return f"{named} and {len(serials) - _NAMED:,} more" if len(serials) > _NAMED else named


def _line(text: str) -> str:
    return " ".join(visible(excerpt(text, _LONGEST)).split())
