"""From verdicts to files: the lines that mend what was found, each in the file it belongs into."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bringup.checks.run import BoardRun
from bringup.checks.verdict import Verdict
from bringup.outcome import Outcome
from bringup.text import visible

__all__ = ["Fix", "fix_files", "fixes"]

_FOUND = (Outcome.FAIL, Outcome.WARN)
#: A whole line of a file, by what it looks like. What fits none is a step for a person.
_KINDS = (
    ("kconfig.fragment", re.compile(r"CONFIG_[A-Z0-9_]+=\S+|# CONFIG_[A-Z0-9_]+ is not set")),
    ("ueventd.rc", re.compile(r"(?:ueventd\.rc: )?(?P<line>/dev/\S+\s+0[0-7]{3}\s+\S+\s+\S+)")),
    ("sepolicy.te", re.compile(r"allow \w+ \w+:\w+ \{[\w ]+\};")),
    ("file_contexts", re.compile(r"file_contexts: (?P<line>/\S+\s+u:object_r:\w+:s0)")),
)
_HEAD = "# Written by bringup from what it found on {board}; see README.md beside this file.\n"


@dataclass(frozen=True, slots=True)
class Fix:
    """What mends one cause.

    :param lines: whole lines by the file they belong into.
    :param steps: what a person has to do.
    :param then_pass: ids of the checks that pass once it is done.
    """

    cause: str
    lines: dict[str, tuple[str, ...]]
    steps: tuple[str, ...]
    then_pass: tuple[str, ...]


def fixes(verdicts: Iterable[Verdict]) -> list[Fix]:
    """One fix for each cause that has a remedy, failures before warnings."""
    grouped: dict[str, list[Verdict]] = {}
    for verdict in sorted(verdicts, key=lambda one: one.outcome is not Outcome.FAIL):
        if verdict.outcome in _FOUND and verdict.remedy:
            grouped.setdefault(verdict.cause.text if verdict.cause else verdict.title, []).append(verdict)
    return [_fix(cause, group) for cause, group in grouped.items()]


def _fix(cause: str, verdicts: list[Verdict]) -> Fix:
    lines: dict[str, list[str]] = {}
    steps: list[str] = []
    for remedy in dict.fromkeys(line for verdict in verdicts for line in verdict.remedy):
        name, line = _place(remedy)
        (lines.setdefault(name, []) if name else steps).append(line)
    asked = dict.fromkeys(f"{one.id} ({one.heap})" if one.heap else one.id for one in verdicts)
    return Fix(cause, {name: tuple(many) for name, many in lines.items()}, tuple(steps), tuple(asked))


def _place(remedy: str) -> tuple[str, str]:
    """The file that a remedy is a line of, and the line; no file: a step."""
    for name, pattern in _KINDS:
        found = pattern.fullmatch(remedy.strip())
        if found is not None:
            return name, found.groupdict().get("line") or remedy.strip()
    return "", remedy


def fix_files(board: BoardRun) -> dict[str, str]:
    """The fixes for one board as files: name → text. Empty where nothing was found that has a remedy."""
    found = fixes(board.verdicts)
    if not found:
        return {}
    files: dict[str, str] = {}
    for name, _ in _KINDS:
        lines = dict.fromkeys(line for fix in found for line in fix.lines.get(name, ()))
        if lines:
            files[name] = _HEAD.format(board=visible(board.serial)) + "".join(f"{visible(one)}\n" for one in lines)
    files["README.md"] = _readme(board, found)
    return files


def _readme(board: BoardRun, found: list[Fix]) -> str:
    kernel = visible(board.kernel or "unknown")
    parts = [f"# What to change for {visible(board.serial)}\n\nKernel {kernel}. First things first.\n"]
    for number, fix in enumerate(found, start=1):
        parts.append(f"\n## {number}. {visible(fix.cause)}\n\n")
        for name, lines in fix.lines.items():
            parts.append(f"`{name}`:\n\n" + "".join(f"    {visible(line)}\n" for line in lines) + "\n")
        parts += [f"- {visible(step)}\n" for step in fix.steps]
        parts.append(f"\nThen these pass: {visible(', '.join(fix.then_pass))}\n")
    return "".join(parts)
