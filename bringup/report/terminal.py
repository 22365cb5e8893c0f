"""The same story on a terminal, in 24 lines. What a board sent is ``Text`` here, never markup."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from bringup.report.bounded import shown
from bringup.report.story import Finding, about, findings, model_of, run_headline, shared_findings, tally
from bringup.results.run import Run
from bringup.results.verdict import Outcome
from bringup.text import pluralize

__all__ = ["STYLES", "summary"]

#: How an outcome looks on a terminal that has colours; the word is always there, too.
STYLES = {
    Outcome.FAIL: "bold red",
    Outcome.ERROR: "bold magenta",
    Outcome.WARN: "bold yellow",
    Outcome.PASS: "green",
    Outcome.SKIP: "dim",
}
# With the line that names the report, the one that names the fixes, and the prompt, this fills a screen of 24 lines.
_ROWS = 21
_LINE, _FIRST = 400, 200


def summary(run: Run) -> RenderableType:
    """What became of a run: who, the sentence, the counts, and as many findings, each with its remedy, as fit."""
    return _Summary(shown(run))


class _Summary:
    """Its height is known only with the console's width."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Findings take the room that is left, two lines each."""
        run = self._run
        shared = shared_findings(run)
        headline = run_headline(run, shared)
        head: list[RenderableType] = [_who(run), Text(headline.answer, STYLES[run.outcome])]
        if headline.first:
            head.append(Text.assemble((f"{headline.label}: ", "bold"), _cut(headline.first, _FIRST)))
        head += [Text(), _counts(run)]
        if len(run.boards) == 1:
            found = [
                (finding, pluralize(len(finding.verdicts), "check")) for finding in findings(run.boards[0].verdicts)
            ]
        else:
            found = [(group.finding, pluralize(len(group.boards), "board")) for group in shared]
        yield Group(*head)
        if not found:
            return
        used = len(console.render_lines(Group(*head), options, pad=False)) + 1
        fit = max(1, (_ROWS - used) // 2)
        fit = fit if len(found) <= fit else max(1, (_ROWS - used - 1) // 2)
        yield Text()
        yield _findings(found[:fit])
        if len(found) > fit:
            yield Text(f"… and {pluralize(len(found) - fit, 'more finding')}: see the report", "dim")


def _who(run: Run) -> Text:
    if len(run.boards) != 1:
        return Text(pluralize(len(run.boards), "board"), "bold")
    board = run.boards[0]
    rest = [model_of(board), board.kernel, board.config and f"config {board.config}"]
    known = [part for part in rest if part]
    serial = Text(_cut(board.serial, 60), "bold", no_wrap=True, overflow="ellipsis")
    return serial.append("".join(f"  {_line(part)}" for part in known), "not bold")


def _counts(run: Run) -> RenderableType:
    """Outcomes across; one row for the checks and, for more than one board, one for the boards."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="")
    table.add_column("", style="dim")
    for outcome in tally(()):
        table.add_column(Text(outcome.value, STYLES[outcome]), justify="right")
    if len(run.boards) != 1:
        table.add_row("boards", *_figures(board.outcome for board in run.boards))
    table.add_row("checks", *_figures(verdict.outcome for board in run.boards for verdict in board.verdicts))
    return table


def _figures(outcomes: Iterable[Outcome]) -> list[str]:
    count = dict.fromkeys(tally(()), 0)
    for outcome in outcomes:
        count[outcome] += 1
    return [f"{number:,}" if number else "-" for number in count.values()]


def _findings(found: Iterable[tuple[Finding, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, justify="right", style="dim")
    for finding, times in found:
        table.add_row(Text(finding.outcome.value, STYLES[finding.outcome]), Text(_line(finding.text)), times)
        table.add_row("", _remedy(finding), "")
    return table


def _remedy(finding: Finding) -> RenderableType:
    steps = finding.steps
    if not steps:
        known = about(finding)
        why = Text.assemble(("  why: ", "dim"), known.why) if known else ""
        return Text.assemble((finding.verdicts[0].id, "dim"), why)
    more = f"  (and {pluralize(len(steps) - 1, 'more line')})" if len(steps) > 1 else ""
    return Text.assemble(("fix: ", "dim"), _line(steps[0]), (more, "dim"))


def _line(text: str) -> str:
    """One line of a text, which the table then cuts to what fits."""
    return " ".join(text[:_LINE].split())


def _cut(text: str, limit: int) -> str:
    line = _line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
