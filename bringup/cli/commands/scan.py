"""``bringup scan``: who still uses ION in a source tree, and what replaces each use."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput, config_names

if TYPE_CHECKING:
    from bringup.scan import Hit, Rule, Scan

app = App()


def _ids(incomplete: str) -> list[str]:
    from bringup.scan import RULES

    return [rule.id for rule in RULES if rule.id.startswith(incomplete)]


@app.command()
def scan(
    tree: Annotated[Path | None, typer.Argument(metavar="TREE", help="A folder of sources.")] = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            metavar="NAME",
            help="Name this board config's heaps as replacements.",
            autocompletion=config_names,
        ),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="ID", help="Only this rule; may be repeated.", autocompletion=_ids),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="The rules: what each finds, why, by which source.")] = False,
    config_dir: ConfigDir = None,
    json: JsonOutput = False,
) -> None:
    """Who still uses ION in a source tree, and what replaces each use.

    Exit status: 0 nothing uses ION, 1 something does, 2 wrong usage, 3 nothing was found, but not every file was read.
    """
    from bringup.cli.console import print_json
    from bringup.errors import ExitCode, UsageError
    from bringup.scan import chosen_rules, scan_tree

    rules = chosen_rules(rule or ())
    if listed:
        _list(rules, json)
        return
    if tree is None:
        raise UsageError("scan", "no tree is named", hint="bringup scan TREE")
    config = None
    if board is not None:
        from bringup.cli.results import choose_configs

        config = choose_configs(board, config_dir)[0][0]
    progress = _Progress()
    try:
        found = scan_tree(tree, rules, config, progress)
    finally:
        progress.end()
    if json:
        print_json(_document(found, str(tree), board, rules))
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(found))
    if found.uses_ion:
        raise typer.Exit(int(ExitCode.FAILED))
    if not found.complete:
        raise typer.Exit(int(ExitCode.INFRASTRUCTURE))


def _document(found: Scan, tree: str, board: str | None, rules: tuple[Rule, ...]) -> dict[str, object]:
    from bringup.text import visible

    return {
        "schema": "bringup.scan/1",
        "tree": visible(tree),
        "board": board,
        "rules": [rule.id for rule in rules],
        "files": found.files,
        "hits": [hit.to_json() for hit in found.hits],
        "skipped": [
            {"path": one.path, "reason": one.reason, "outside": one.outside} for one in found.skipped
        ],
    }  # fmt: skip


def _lines(found: Scan) -> Iterator[str]:
    from bringup.scan import RULES
    from bringup.text import counted

    groups: dict[tuple[str, tuple[str, ...]], list[Hit]] = {}
    for hit in found.hits:
        groups.setdefault((hit.rule.id, hit.replacement), []).append(hit)
    order = [rule.id for rule in RULES]
    for (name, replacement), hits in sorted(groups.items(), key=lambda item: order.index(item[0][0])):
        yield f"{name}: {hits[0].rule.title}"
        yield from (f"  {hit.path}:{hit.line}: {hit.text}" for hit in hits)
        yield from (f"  → {line}" for line in replacement)
        yield ""
    if found.skipped:
        yield "not looked at:"
        yield from (f"  {one.path}: {one.reason}" for one in found.skipped)
        yield ""
    ion = [hit for hit in found.hits if hit.rule.ion]
    other = len(found.hits) - len(ion)
    users = len({hit.path for hit in ion})
    told = f"{counted(len(ion), 'use')} of ION in {counted(users, 'file')}" if ion else "no use of ION"
    told += f", {counted(other, 'name')} that not every kernel has" if other else ""
    skipped = f", {len(found.skipped)} not looked at" if found.skipped else ""
    yield f"{told}; {counted(found.files, 'file')} read{skipped}"


def _list(rules: tuple[Rule, ...], json: bool) -> None:
    if json:
        from bringup.cli.console import print_json

        print_json({"schema": "bringup.scan-rules/1", "rules": [rule.to_json() for rule in rules]})
        return
    for rule in rules:
        told = (
            f"{rule.id}: {rule.title}",
            f"  Files: {'; '.join(rule.kinds)}",
            f"  Why: {rule.why}",
            *(f"  → {line}" for line in rule.replacement),
            f"  Since: {rule.since}",
            f"  Source: {rule.source}",
        )
        sys.stdout.writelines(f"{line}\n" for line in (*told, ""))


class _Progress:
    """How many files were read: on a terminal, after the first second, five times a second."""

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

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
