"""``bringup kconfig check``: judge one configuration, and print the verdicts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.cli.console import out, print_json, print_report, say, table
from bringup.cli.exit_status import exit_status
from bringup.kernel.requirements.check import CheckOptions, KconfigCheck, check_source
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict
from bringup.kernel.sources.source import Source, open_source
from bringup.outcome import Outcome
from bringup.text import pluralize, visible

if TYPE_CHECKING:  # Typer, which build systems do without
    from bringup.cli.options import VerdictFormat

__all__ = ["check_files", "check_one"]

# One reason for many requirements, which is said once.
_SHARED_ANSWERS = (Answer.UNREADABLE, Answer.VERSION_UNKNOWN)
_SHOWN = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS)


def check_files(names: Sequence[str]) -> int:
    """``bringup kconfig check FILE… --json``; the exit status."""
    return check_one(open_source([Path(name) for name in names]), CheckOptions(), everything=False, as_json=True)


def check_one(
    source: Source, options: CheckOptions, *, everything: bool, as_json: bool, report: VerdictFormat | None = None
) -> int:
    """Judge a source and print the verdicts, the worst first; the exit status.

    :param everything: also print what was skipped.
    :param report: instead of a table.
    """
    check = check_source(source, options)
    if as_json:
        print_json(check)
    elif report is not None:
        _print_report(check, report)
    else:
        _show_heading(source, check)
        _show_verdicts(check.verdicts, everything=everything)
    return exit_status(check.outcome)


def _print_report(check: KconfigCheck, report: VerdictFormat) -> None:
    from bringup.report.judged import annotate, judged_check, write_sarif

    judged = list(judged_check(check))
    print_report(write_sarif(judged) if report == "sarif" else annotate(judged))


def _show_heading(source: Source, check: KconfigCheck) -> None:
    kernel = " ".join(filter(None, (check.kernel or "(unknown version)", check.flavour, check.arch)))
    wrapped = f" ({', '.join(check.layers)})" if check.layers else ""
    _line(f"{check.source}: {check.kind}{wrapped}, kernel {kernel}")
    for note in (*check.notes, *([source.reason] if source.config is None else [])):
        say(f"bringup: {note}")
    for override in check.overrides:
        _line(f"  CONFIG_{override.symbol}: {override.old} → {override.new} ({override.new_source})")
    if check.later is not None:
        _line(f"as kernel {check.later} would take it:")
    for change in check.changes or ():
        _line(f"  {change.kind}: {change.text}" + (f" → {change.remedy}" if change.remedy else ""))


def _show_verdicts(verdicts: Sequence[KconfigVerdict], *, everything: bool) -> None:
    outcomes = (*_SHOWN, Outcome.SKIP) if everything else _SHOWN
    chosen = [verdict for outcome in outcomes for verdict in verdicts if verdict.outcome is outcome]
    errors = [verdict for verdict in chosen if verdict.outcome is Outcome.ERROR]
    shared = [[verdict for verdict in errors if verdict.answer is answer] for answer in _SHARED_ANSWERS]
    rows = [
        [verdict.outcome, verdict.id, "\n".join(_answer_lines(verdict))]
        for verdict in chosen
        if not any(verdict in group for group in shared)
    ]
    rows.extend(
        [Outcome.ERROR, pluralize(len(group), "requirement"), "\n".join(_shared_lines(group))]
        for group in filter(None, shared)
    )
    out().print(table(["", "requirement", "answer"], rows))
    counts = {outcome: sum(verdict.outcome is outcome for verdict in verdicts) for outcome in (*_SHOWN, Outcome.SKIP)}
    _line(", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count))


def _shared_lines(verdicts: Sequence[KconfigVerdict]) -> Iterator[str]:
    """One answer for all requirements that only a configuration, or only its version, could have answered."""
    is_version = verdicts[0].answer is Answer.VERSION_UNKNOWN
    yield "the kernel's version is not known" if is_version else verdicts[0].reason or ""
    yield f"  not judged: {', '.join(verdict.id for verdict in verdicts)}"
    yield from (f"  → {line}" for line in verdicts[0].remedy)


def _answer_lines(verdict: KconfigVerdict) -> Iterator[str]:
    if verdict.outcome is Outcome.PASS:
        yield verdict.satisfied_by or ""
        return
    yield verdict.title
    yield from (f"  {line}" for line in verdict.evidence)
    if verdict.cause is not None:
        yield f"  {verdict.cause.text}"
    if verdict.reason is not None:
        yield f"  {verdict.reason}"
    yield from (f"  → {line}" for line in verdict.remedy)


def _line(text: str) -> None:
    sys.stdout.write(visible(text) + "\n")
