"""KTAP, the kernel's test format: one subtest per board, one result per verdict.

https://docs.kernel.org/dev-tools/ktap.html (version 1). A description holds no ``#`` and no newline there, and the
kernel's own parser drops a line that has one; so both are written as ``\\x23`` and ``\\n``.
"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.report import Format
from bringup.report.bounded import shown
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict

__all__ = ["FORMAT"]

_VERSION = "KTAP version 1"


def _render(run: Run) -> str:
    run = shown(run)
    lines = [_VERSION, f"1..{len(run.boards)}", *_said("bringup", run.tool), *_said("started", run.started)]
    for number, board in enumerate(run.boards, start=1):
        lines += (f"  {line}" for line in _board(board))
        lines.append(_result(number, board.outcome, board.serial, "" if board.verdicts else "nothing was judged"))
    return "\n".join(lines) + "\n"


def _board(board: BoardRun) -> Iterator[str]:
    yield _VERSION
    yield f"# Subtest: {_name(board.serial)}"
    known = {"board config": board.config, "kernel": board.kernel, **board.identity}
    for name, value in known.items():
        yield from _said(name, value or "none")
    yield f"1..{len(board.verdicts)}"
    for number, verdict in enumerate(board.verdicts, start=1):
        yield from _diagnosis(verdict)
        name = f"{verdict.id} {verdict.heap}" if verdict.heap else verdict.id
        yield _result(number, verdict.outcome, name, verdict.reason or "")


def _result(number: int, outcome: Outcome, name: str, reason: str) -> str:
    """A result line. What could not be found out is not ok, with the directive that says so; a warning is ok."""
    word = "not ok" if outcome in (Outcome.FAIL, Outcome.ERROR) else "ok"
    directive = {Outcome.SKIP: " # SKIP", Outcome.ERROR: " # ERROR"}.get(outcome, "")
    because = f" {_name(reason)}" if directive and reason else ""
    return f"{word} {number} {_name(name)}{directive}{because}"


def _diagnosis(verdict: Verdict) -> Iterator[str]:
    """Diagnostic lines come before the result that they belong to. A pass has none."""
    if verdict.outcome is Outcome.PASS or verdict.outcome is Outcome.SKIP:
        return
    yield from _said(verdict.outcome.value, verdict.title)
    for fact in verdict.evidence:
        yield from _said("seen", fact)
    if verdict.cause:
        yield from _said("cause", f"{verdict.cause.text} ({verdict.cause.id})")
    for line in verdict.advice:
        yield from _said("remedy", line)


def _said(label: str, text: str) -> Iterator[str]:
    """Diagnostic lines, each with its label: none can be taken for a result or for the name of a subtest."""
    for line in text.split("\n"):
        yield f"# {_name(label)}: {line}"


def _name(text: str) -> str:
    return text.replace("#", "\\x23").replace("\n", "\\n").replace("\t", " ").strip() or "_"


FORMAT = Format("ktap", ".ktap", _render, "the kernel's test format: one subtest per board, one result per verdict")
