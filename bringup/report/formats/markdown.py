"""Markdown for a pull request: the sentence, the counts and the findings, within the size that a comment may have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bringup.checks.run import BoardRun, Run
from bringup.checks.verdict import Verdict
from bringup.report import Format, units
from bringup.report.shown import excerpt, shown
from bringup.report.story import Finding, Headline, about, badness, findings, run_headline, shared_findings, tally

__all__ = ["FORMAT"]

# GitHub takes 65,536 characters in a comment.
_WHOLE = 60_000
_SENTENCE, _FACT, _REMEDY, _FACTS, _BOARDS = 400, 400, 4_000, 8, 30
# Markup anywhere; markup at the start of a block; what GitHub and GitLab turn into a mention, a reference or a link.
_MARKS = re.compile(r"[\\`*_\[\]#|~$]")
_START = re.compile(r"^(?:[-+>=]|\d+(?=[.)]))")
_LINKS = re.compile(r"[@#!]|:(?=//)|www(?=\.)")


def _render(run: Run) -> str:
    blocks = list(_blocks(shown(run)))
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
    one = run.boards[0] if len(run.boards) == 1 else None
    yield f"## {run.outcome.value.upper()}: {_code(one.serial) if one else f'{len(run.boards):,} boards'}"
    yield _headline(run_headline(run))
    if one:
        counts = tally(one.verdicts)
        yield _table([str(outcome) for outcome in counts], [[f"{count:,}" for count in counts.values()]])
        yield from (_finding(number, found) for number, found in enumerate(findings(one.verdicts), start=1))
    else:
        rows = [
            [_code(board.serial), board.outcome.value, *_counts(board)]
            for board in sorted(run.boards, key=badness)[:_BOARDS]
        ]
        if rows:
            yield _table(["board", "outcome", *(str(outcome) for outcome in tally(()))], rows)
        if len(run.boards) > _BOARDS:
            yield f"… and {units.number(len(run.boards) - _BOARDS, 'more board')}."
        for number, shared in enumerate(shared_findings(run), start=1):
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


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _text(text: str) -> str:
    """Running text: nothing in it is markup, names anybody or links anywhere (an empty comment breaks such words)."""
    line = " ".join(excerpt(text, _SENTENCE).split()).replace("&", "&amp;").replace("<", "&lt;")
    line = _MARKS.sub(r"\\\g<0>", line)
    line = _START.sub(lambda match: f"<!-- -->{match.group()}", line)
    return _LINKS.sub(lambda match: f"{match.group()}<!-- -->", line)


def _code(text: str) -> str:
    """A code span, which no backtick in the text can end. A bar would end a table's cell, so it is written ``\\|``."""
    line = " ".join(excerpt(text, _FACT).split()) or " "
    ticks = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{ticks}{pad}{line}{pad}{ticks}".replace("|", "\\|")


def _fence(text: str) -> str:
    """A fenced block, whose fence is longer than any run of backticks within."""
    body = excerpt(text, _REMEDY)
    ticks = "`" * max(3, max((len(run) for run in re.findall("`+", body)), default=0) + 1)
    return f"{ticks}\n{body}\n{ticks}"


FORMAT = Format("md", ".md", _render, "Markdown for a pull request")
