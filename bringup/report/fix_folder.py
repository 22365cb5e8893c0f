"""From verdicts to files: the lines that fix what was found, each in the file it belongs in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bringup.causes.known import cost_of
from bringup.outcome import Outcome
from bringup.render.language import LANGUAGES, one_line
from bringup.results.run import BoardRun
from bringup.results.verdict import Alternative, Link, Verdict, file_by_file
from bringup.text import safe_name, visible

__all__ = ["FIX_FILES", "Fix", "fix_files", "fixes", "is_fix_file"]

_FOUND = (Outcome.FAIL, Outcome.WARN)
_HEAD = "Written by bringup from what it found on {board}; see README.md."
_TITLE = "# What to change for "
#: What each file is for, and how to put it in.
_FILES = {
    "kconfig.fragment": "kernel options; merge with: scripts/kconfig/merge_config.sh .config kconfig.fragment",
    "device-tree/heaps.dtsi": "reserved memory; include it at the end of the board's .dts",
    "ueventd.rc": "lines for the board's vendor/etc/ueventd.rc",
    "udev/70-heaps.rules": "udev rules, into /etc/udev/rules.d; then udevadm control --reload and udevadm trigger",
    "udev/sysusers-heaps.conf": "groups, into /etc/sysusers.d; then systemd-sysusers",
    "sepolicy/heaps.te": "types and rules for the board's vendor policy (BOARD_VENDOR_SEPOLICY_DIRS)",
    "sepolicy/file_contexts": "labels for the board's vendor policy; beside heaps.te",
    "modules.load": "lines for modules.load of vendor_boot or vendor_dlkm",
    "BoardConfig.mk": "the kernel's command line, for the board's BoardConfig.mk",
}
#: How a comment is written in each: their text may be a board's.
_LANGUAGES = {
    "kconfig.fragment": "kconfig",
    "device-tree/heaps.dtsi": "dts",
    "ueventd.rc": "ueventd",
    "sepolicy/heaps.te": "te",
    "sepolicy/file_contexts": "file_contexts",
    "modules.load": "modules",
    "BoardConfig.mk": "make",
}
#: Every file that a folder of fixes may hold.
FIX_FILES = ("README.md", *_FILES)


@dataclass(frozen=True, slots=True)
class Fix:
    """What fixes one cause.

    :param lines: whole lines, by the file they belong in.
    :param steps: what a person has to do.
    :param then_pass: ids of the checks that pass once it is done.
    :param otherwise: other causes that fit what was seen.
    """

    cause: str
    lines: dict[str, tuple[str, ...]]
    steps: tuple[str, ...]
    then_pass: tuple[str, ...]
    otherwise: tuple[Alternative, ...] = ()
    seen_before: tuple[Link, ...] = ()


def fixes(verdicts: Iterable[Verdict]) -> list[Fix]:
    """One fix for each cause that has one, in the order in which a report shows its findings."""
    grouped: dict[str, list[Verdict]] = {}
    for verdict in sorted(verdicts, key=_weight):
        if verdict.outcome in _FOUND and verdict.advice:
            grouped.setdefault(verdict.cause.text if verdict.cause else verdict.title, []).append(verdict)
    groups = sorted(grouped.items(), key=lambda group: (_weight(group[1][0]), -len(group[1])))
    return [_fix(cause, group) for cause, group in groups]


def _weight(verdict: Verdict) -> tuple[bool, int]:
    return verdict.outcome is not Outcome.FAIL, cost_of(verdict.cause.id if verdict.cause else None)


def _fix(cause: str, verdicts: list[Verdict]) -> Fix:
    asked = dict.fromkeys(f"{verdict.id} ({verdict.heap})" if verdict.heap else verdict.id for verdict in verdicts)
    return Fix(
        cause=cause,
        lines=_lines(verdicts),
        steps=tuple(dict.fromkeys(step for verdict in verdicts for step in verdict.remedy)),
        then_pass=tuple(asked),
        otherwise=tuple(dict.fromkeys(other for verdict in verdicts for other in verdict.alternatives)),
        seen_before=verdicts[0].cause.seen_before if verdicts[0].cause else (),
    )


def _lines(verdicts: Iterable[Verdict]) -> dict[str, tuple[str, ...]]:
    """The lines for each file."""
    changes = file_by_file(change for verdict in verdicts for change in verdict.changes)
    return {change.file: change.lines for change in changes}


def fix_files(board: BoardRun) -> dict[str, str]:
    """The fixes for one board as files: relative path → text. Empty where nothing was found that has a fix."""
    found = fixes(board.verdicts)
    if not found:
        return {}
    fixed = [verdict for verdict in sorted(board.verdicts, key=_weight) if verdict.outcome in _FOUND and verdict.advice]
    files: dict[str, str] = {}
    for name, lines in _lines(fixed).items():
        path = "/".join(safe_name(part) for part in name.split("/")[:4])
        comment = LANGUAGES[_LANGUAGES.get(path, "kconfig")].filters["comment"]
        head = comment(_HEAD.format(board=visible(board.serial)))
        files[path] = files.get(path, f"{head}\n") + "".join(f"{visible(line)}\n" for line in lines)
    return files | {"README.md": _readme(board, found, tuple(files))}


def is_fix_file(text: str) -> bool:
    """Whether a file begins as the files of :func:`fix_files` do."""
    return text.startswith(_TITLE) or _HEAD.partition("{")[0] in text.partition("\n")[0]


def _readme(board: BoardRun, found: list[Fix], files: tuple[str, ...]) -> str:
    kernel = _prose(board.kernel or "unknown")
    against = f", judged against the board config {_prose(board.config)}" if board.config else ""
    parts = [f"{_TITLE}{_prose(board.serial)}\n\nKernel {kernel}{against}. The most important fix comes first.\n"]
    if files:
        parts.append("\n" + "".join(f"- `{file}`: {_FILES.get(file, 'lines for that file')}\n" for file in files))
    for number, fix in enumerate(found, start=1):
        parts.append(f"\n## {number}. {_prose(fix.cause)}\n")
        parts += ["\n"] * bool(fix.steps) + [f"- {_prose(step)}\n" for step in fix.steps]
        for name, lines in fix.lines.items():
            parts.append(f"\n`{_prose(name)}`:\n\n" + "".join(f"    {visible(line)}\n" for line in lines))
        parts.append(f"\nThen these pass: {_prose(', '.join(fix.then_pass))}\n")
        parts += [_otherwise(alternative) for alternative in fix.otherwise]
        if fix.seen_before:
            parts.append("\nSeen before:\n\n")
            parts += [f"- {_prose(link.title)}: <{_prose(link.url)}>\n" for link in fix.seen_before]
    return "".join(parts)


def _otherwise(other: Alternative) -> str:
    steps = "".join(f"- {_prose(step)}\n" for step in other.remedy)
    text = f"\nIt may be this instead: {_prose(other.cause.text)}. How to find out: {_prose(other.told_apart_by)}.\n"
    return f"{text}\n{steps}" if steps else text


def _prose(text: str) -> str:
    """Text of a board on one line, without HTML: it stays in its paragraph."""
    return one_line(visible(text)).replace("<", "&lt;")
