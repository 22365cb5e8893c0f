"""Verdicts, of a board or of a kernel configuration, as SARIF and as annotations of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bringup.kernel.requirements.check import KconfigCheck
from bringup.kernel.requirements.verdict import KconfigVerdict
from bringup.outcome import Outcome
from bringup.report.annotations import annotation
from bringup.report.bounded import shown
from bringup.report.sarif import Kind, Level, Place, Result, Rule, sarif_log
from bringup.results.run import Run
from bringup.results.verdict import Verdict

__all__ = ["Judged", "annotate", "judged_check", "judged_run", "write_sarif"]

_KINDS: dict[Outcome, tuple[Kind, Level]] = {
    Outcome.FAIL: ("fail", "error"),
    Outcome.WARN: ("fail", "warning"),
    Outcome.ERROR: ("open", "none"),
    Outcome.SKIP: ("notApplicable", "none"),
    Outcome.PASS: ("pass", "none"),
}
_LEVELS = {Outcome.FAIL: "error", Outcome.ERROR: "error", Outcome.WARN: "warning"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict, in the words of a report.

    :param lines: what was seen, the cause, the reason.
    :param remedy: what to do.
    :param path: the file that was judged; empty: a board was.
    """

    id: str
    title: str
    outcome: Outcome
    heap: str | None
    lines: Sequence[str]
    remedy: Sequence[str]
    board: str = ""
    path: str = ""

    @property
    def message(self) -> str:
        """All of it as plain text."""
        heap = f" on {self.heap}" if self.heap else ""
        word = "not known: " if self.outcome is Outcome.ERROR else ""
        return "\n".join((f"{word}{self.title}{heap}", *self.lines, *(f"→ {line}" for line in self.remedy)))


def judged_run(run: Run) -> Iterator[Judged]:
    """Every verdict of every board; a board of which nothing was judged is one that is not known."""
    for board in shown(run).boards:
        for verdict in board.verdicts:
            lines = _lines(verdict)
            yield Judged(verdict.id, verdict.title, verdict.outcome, verdict.heap, lines, verdict.advice, board.serial)
        if not board.verdicts:
            yield Judged("board", "Nothing was judged", board.outcome, None, (), (), board.serial)


def judged_check(check: KconfigCheck) -> Iterator[Judged]:
    """Every verdict on a kernel configuration."""
    for verdict in check.verdicts:
        id, lines = f"kconfig.{verdict.id}", _lines(verdict)  # noqa: A001
        yield Judged(id, verdict.title, verdict.outcome, verdict.heap, lines, verdict.remedy, path=check.source)


def _lines(verdict: Verdict | KconfigVerdict) -> tuple[str, ...]:
    cause = (f"cause: {verdict.cause.text} ({verdict.cause.id})",) if verdict.cause else ()
    return (*verdict.evidence, *cause, *((verdict.reason,) if verdict.reason else ()))


def write_sarif(verdicts: Sequence[Judged]) -> str:
    """A SARIF log. A verdict that could not be had is ``open``, and the invocation not successful."""
    rules = {verdict.id: Rule(verdict.id, verdict.title, _help(verdict)) for verdict in verdicts}
    notes = [verdict.message for verdict in verdicts if verdict.outcome is Outcome.ERROR]
    return sarif_log(list(rules.values()), map(_result, verdicts), notes, complete=bool(verdicts) and not notes)


def _help(verdict: Judged) -> str:
    from bringup.checks.explain import explain
    from bringup.errors import UsageError

    try:
        explanation = explain(verdict.id)[0]
    except UsageError:  # a requirement of the user's own
        return verdict.title
    parts = (explanation.why, f"Kernels: {explanation.since}", f"Source: {explanation.source}", *explanation.fix)
    return "\n".join(parts)


def _result(verdict: Judged) -> Result:
    kind, level = _KINDS[verdict.outcome]
    place = Place(path=verdict.path, logical="/".join(filter(None, (verdict.board, verdict.heap))))
    return Result(verdict.id, verdict.message, place, kind, level)


def annotate(verdicts: Iterable[Judged]) -> str:
    """Workflow commands for what failed, warns or is not known."""
    return "".join(f"{line}\n" for line in _annotations(verdicts))


def _annotations(verdicts: Iterable[Judged]) -> Iterator[str]:
    for verdict in verdicts:
        if verdict.outcome in _LEVELS:
            board = f"{verdict.board}: " if verdict.board else ""
            title = f"{board}{verdict.id}"
            yield annotation(_LEVELS[verdict.outcome], title, verdict.message, path=verdict.path)
