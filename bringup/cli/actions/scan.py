"""What ``bringup scan`` does: look through source trees, and print who uses ION and what replaces each use."""

from __future__ import annotations

import enum
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bringup.cli.console import print_json, print_report
from bringup.errors import ExitCode, UsageError, os_reason
from bringup.files import read_input, write_file
from bringup.report.scan import ScanFormat, find_scan_format
from bringup.report.scan.text import every_use, planned, summary
from bringup.scan.accepted.baseline import compared, load_baseline
from bringup.scan.document import RuleList, Scan
from bringup.scan.migration.board_heaps import board_heaps
from bringup.scan.rules import chosen_rules
from bringup.scan.tree import ScanRequest, scan_trees
from bringup.text import shell_word

if TYPE_CHECKING:
    from bringup.scan.accepted.suppress import Suppression
    from bringup.scan.finding.ripgrep import TreeSearch

__all__ = ["Answer", "Shown", "choose_answer", "list_rules", "report", "scan_plainly", "scan_sources"]

_LONGEST_LIST = 256 << 20
_HINT = "bringup scan TREE"
_NEW = "new"


def scan_sources(
    trees: Sequence[Path],
    rule_ids: Sequence[str],
    board: str | None,
    config_dir: list[Path] | None,
    *,
    files_from: Path | None,
    exclude: list[str] | None,
    include: list[str] | None,
    suppressions: Path | None,
) -> Scan:
    """Scan trees, or the files of a list.

    :raises UsageError: no tree is named, or there is no such rule, board config, list or file of suppressions.
    """
    rules = chosen_rules(rule_ids)
    if not trees and files_from is None:
        raise UsageError("scan", "no tree is named", hint=_HINT)
    if files_from is not None and len(trees) > 1:
        raise UsageError("scan", "a list of files has one tree at most", hint="name the tree that the names begin in")
    from bringup.config.shipped import choose_configs

    left: Sequence[Suppression] = ()
    if suppressions is not None:
        from bringup.scan.accepted.suppress import load_suppressions

        left = load_suppressions(suppressions)
    config = None if board is None else choose_configs(board, config_dir)[0][0]
    names = None if files_from is None else _names(files_from)
    asked = ScanRequest(trees, names, exclude or (), include or (), left)
    with closing(_Progress()) as progress:
        return scan_trees(asked, rules, config, progress)


def scan_plainly(names: Sequence[str], begun: TreeSearch | None, *, as_json: bool) -> int:
    """``bringup scan TREE…`` without options, or with ``--json`` alone; the exit status.

    :param begun: ripgrep's search of the only tree, where it has begun already.
    :raises UsageError: there is no such tree.
    """
    trees = [Path(name) for name in names]
    with closing(_Progress()) as progress:
        scan = scan_trees(ScanRequest(trees, begun=begun), progress=progress)
    shown = find_scan_format("json") if as_json else None
    return report(scan, trees, Answer(Shown.SUMMARY, shown, None, None, None, only_new=False))


def _names(file: Path) -> list[str]:
    """The names in a list: separated by NUL where there is one, else by newlines."""
    try:
        data = sys.stdin.buffer.read(_LONGEST_LIST) if str(file) == "-" else read_input(file, _LONGEST_LIST)
    except OSError as error:
        raise UsageError(f"read the list {file}", os_reason(error), hint="--files-from - reads stdin") from error
    return [os.fsdecode(name) for name in data.split(b"\0" if b"\0" in data else b"\n") if name]


class Shown(enum.Enum):
    """What is printed where no format is named."""

    SUMMARY = "summary"
    EVERYTHING = "everything"
    PLAN = "plan"
    CONFIG = "config"


_LINES: dict[Shown, Callable[[Scan], Iterator[str]]] = {
    Shown.SUMMARY: summary,
    Shown.EVERYTHING: every_use,
    Shown.PLAN: planned,
    Shown.CONFIG: board_heaps,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a scan.

    :param format: instead of ``shown``.
    :param output: the file that is written instead of stdout.
    :param patch: the folder that patches are written to, instead of a report.
    :param baseline: the earlier scan that it is compared with.
    :param only_new: what the baseline has does not count.
    """

    shown: Shown
    format: ScanFormat | None
    output: Path | None
    patch: Path | None
    baseline: Scan | None
    only_new: bool


def choose_answer(
    trees: Sequence[Path],
    *,
    everything: bool,
    plan: bool,
    init_config: bool,
    format: str | None,
    as_json: bool,
    output: Path | None,
    patch: Path | None,
    baseline: Path | None,
    fail_on: str,
) -> Answer:
    """What the options ask for.

    :raises UsageError: they ask for different things; there is no such format, tree for patches or baseline.
    """
    flags = {"--all": everything, "--plan": plan, "--init-config": init_config}
    asked = [flag for flag, is_asked in flags.items() if is_asked]
    if as_json and format not in (None, "json"):
        raise UsageError("scan", f"--json and --format {format} print different things", hint="name one of them")
    format = "json" if as_json else format
    others = [*asked, *(["--format" if not as_json else "--json"] if format else []), *(["-o"] if output else [])]
    if patch is not None:
        if others:
            raise UsageError("scan", f"--patch writes patches and no report: {others[0]} has no meaning", hint=_HINT)
        if len(trees) != 1 or not trees[0].is_dir():
            raise UsageError("write patches", "patches are for one tree", hint="bringup scan TREE --patch DIR")
    if len(asked) > 1:
        raise UsageError("scan", "--all, --plan and --init-config print different things", hint="name one of them")
    if format and asked and asked != ["--all"]:
        raise UsageError("scan", f"{asked[0]} is text: it has no other format", hint="name one of them")
    if fail_on == _NEW and baseline is None:
        raise UsageError("scan", "--fail-on new has nothing to compare with", hint="add --baseline OLD.json")
    return Answer(
        _SHOWN[asked[0]] if asked else Shown.SUMMARY,
        find_scan_format(format) if format else None,
        output,
        patch,
        load_baseline(baseline) if baseline is not None else None,
        fail_on == _NEW,
    )


_SHOWN = {"--all": Shown.EVERYTHING, "--plan": Shown.PLAN, "--init-config": Shown.CONFIG}


def report(scan: Scan, trees: Sequence[Path], answer: Answer) -> int:
    """Print a scan, write it to a file, or write its patches; the exit status."""
    if answer.baseline is not None:
        scan = compared(scan, answer.baseline)
    status = _status(scan, only_new=answer.only_new)
    if answer.patch is not None:
        _write_patches(scan, trees[0], answer.patch)
        return status
    lines = _LINES[answer.shown]
    text = answer.format.render(scan) if answer.format else "".join(f"{line}\n" for line in lines(scan))
    if answer.output is not None:
        write_file(answer.output, text, action=f"write the report to {answer.output}")
    else:
        _print(text, status)
    return status


def _write_patches(scan: Scan, tree: Path, folder: Path) -> None:
    """Write the mechanical part as patches, and print how to apply them."""
    from bringup.scan.migration.patch import patches

    made = patches(scan, tree)
    for name, text in made.items():
        write_file(folder / name, text, encoding="latin-1")
        sys.stdout.write(f"git -C {shell_word(tree)} apply {shell_word((folder / name).resolve())}\n")
    if not made:
        sys.stdout.write("nothing in this tree can be moved without a person who decides\n")


def _print(text: str, status: int) -> None:
    """Print a report. A reader that has read enough (``| head``) does not change what was found."""
    try:
        print_report(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(status) from None


def _status(scan: Scan, *, only_new: bool) -> int:
    if only_new:  # what was there before does not count
        hits = tuple(hit for hit in scan.hits if hit.baseline != "unchanged")
        skipped = tuple(unread for unread in scan.skipped if unread.baseline != "unchanged")
        scan = msgspec.structs.replace(scan, hits=hits, skipped=skipped)
    if scan.uses_ion:
        return int(ExitCode.FAILED)
    return int(ExitCode.PASSED if scan.complete else ExitCode.INFRASTRUCTURE)


def list_rules(rule_ids: Sequence[str], *, as_json: bool) -> None:
    """Print the rules: what each finds, why, and by which source.

    :raises UsageError: there is no such rule.
    """
    from bringup.scan.description import describe

    rules = [describe(rule) for rule in chosen_rules(rule_ids)]
    if as_json:
        print_json(RuleList(tuple(rules)))
        return
    for rule in rules:
        lines = (
            f"{rule.id}: {rule.title}",
            f"  Files: {'; '.join(rule.files)}",
            f"  Why: {rule.why}",
            *(f"  → {line}" for line in rule.replacement.splitlines()),
            f"  Since: {rule.since}",
            f"  Source: {rule.source}",
        )
        sys.stdout.writelines(f"{line}\n" for line in (*lines, ""))


class _Progress:
    """How many files were searched: on a terminal, after the first second, five times per second."""

    def __init__(self) -> None:
        self._next = time.monotonic() + 1 if sys.stderr.isatty() else None
        self._shown = False

    def __call__(self, files: int) -> None:
        if self._next is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.2
        self._shown = True
        sys.stderr.write(f"\r  {files:,} files searched")
        sys.stderr.flush()

    def close(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
