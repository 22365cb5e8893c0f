"""What ``bringup scan`` does: look through a source tree, and print each use of ION with its replacement."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bringup.cli.console import print_json
from bringup.config.shipped import choose_configs
from bringup.errors import ExitCode, UsageError
from bringup.scan.document import Hit, RuleList, Scan
from bringup.scan.rules import RULES, chosen_rules
from bringup.scan.tree import scan_tree
from bringup.text import pluralize

__all__ = ["list_rules", "scan_sources"]


def scan_sources(
    tree: Path | None, rule_ids: Sequence[str], board: str | None, config_dir: list[Path] | None, *, as_json: bool
) -> int:
    """Scan a tree; the exit status.

    :raises UsageError: no tree is named, or there is no such rule or board config.
    """
    rules = chosen_rules(rule_ids)
    if tree is None:
        raise UsageError("scan", "no tree is named", hint="bringup scan TREE")
    config = None if board is None else choose_configs(board, config_dir)[0][0]
    with closing(_Progress()) as progress:
        result = scan_tree(tree, rules, config, progress)
    if as_json:
        print_json(result)
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(result))
    if result.uses_ion:
        return int(ExitCode.FAILED)
    return int(ExitCode.PASSED if result.complete else ExitCode.INFRASTRUCTURE)


def _lines(result: Scan) -> Iterator[str]:
    """Hits by rule and replacement, in the order of the rules; files that were not read; the totals."""
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in result.hits:
        groups.setdefault((hit.rule, hit.replacement), []).append(hit)
    titles = {rule.id: rule.title for rule in RULES}
    order = list(titles)
    for (id, replacement), hits in sorted(groups.items(), key=lambda item: order.index(item[0][0])):
        yield f"{id}: {titles[id]}"
        yield from (f"  {hit.path}:{hit.line}: {hit.text}" for hit in hits)
        yield from (f"  → {line}" for line in replacement.splitlines())
        yield ""
    if result.skipped:
        yield "not read:"
        yield from (f"  {unread.path}: {unread.reason}" for unread in result.skipped)
        yield ""
    ion = [hit for hit in result.hits if hit.ion]
    other = len(result.hits) - len(ion)
    users = len({hit.path for hit in ion})
    uses = f"{pluralize(len(ion), 'use')} of ION in {pluralize(users, 'file')}" if ion else "no use of ION"
    names = f", {pluralize(other, 'name')} that only some kernels have" if other else ""
    skipped = f", {len(result.skipped)} not read" if result.skipped else ""
    yield f"{uses}{names}; {pluralize(result.files, 'file')} read{skipped}"


def list_rules(rule_ids: Sequence[str], *, as_json: bool) -> None:
    """Print the rules: what each finds, why, and by which source.

    :raises UsageError: there is no such rule.
    """
    rules = chosen_rules(rule_ids)
    if as_json:
        print_json(RuleList(tuple(rule.description for rule in rules)))
        return
    for rule in rules:
        lines = (
            f"{rule.id}: {rule.title}",
            f"  Files: {'; '.join(rule.kinds)}",
            f"  Why: {rule.why}",
            *(f"  → {line}" for line in rule.replacement),
            f"  Since: {rule.since}",
            f"  Source: {rule.source}",
        )
        sys.stdout.writelines(f"{line}\n" for line in (*lines, ""))


class _Progress:
    """How many files were read: on a terminal, after the first second, five times per second."""

    def __init__(self) -> None:
        self._next = time.monotonic() + 1 if sys.stderr.isatty() else None
        self._shown = False

    def __call__(self, files: int) -> None:
        if self._next is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.2
        self._shown = True
        sys.stderr.write(f"\r  {files:,} files read")
        sys.stderr.flush()

    def close(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
