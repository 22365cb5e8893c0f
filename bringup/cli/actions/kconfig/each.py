"""``bringup kconfig check --each``: many configurations, each judged by itself, on every core."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bringup.cli.exit_status import exit_status
from bringup.document import write_document
from bringup.errors import BringupError, ConfigError, UsageError
from bringup.kernel.kconfig.dotconfig import remember_blocks
from bringup.kernel.requirements.check import CheckOptions, KconfigCheck, check_source
from bringup.kernel.requirements.verdict import Answer
from bringup.kernel.sources.source import open_source
from bringup.outcome import Outcome, worst
from bringup.text import pluralize, visible

if TYPE_CHECKING:
    from bringup.cli.options import VerdictFormat

__all__ = ["KconfigOfMany", "check_each"]

# .config, config-6.12.1, config.amd64_none_amd64.xz, gki_defconfig, android-base.config; not config.h or config.yaml.
_CONFIG_NAME = re.compile(
    r"(?:\.?k?config(?:[-._](?!(?:c|h|hh|hpp|in|js|json|log|mk|py|rs|rst|sh|status|txt|toml|ya?ml|xml)$).*)?"
    r"|.*[-._]config|.*defconfig)(?:\.(?:gz|xz|zst|bz2|lz4))?"
)
_REFRESH_SECONDS = 0.1
# Columns of a line of text, for paths and for 6.12.117 mainline powerpc: what is longer moves what follows it.
_WIDEST, _KERNEL = 60, 26
# Fewer files are judged sooner than processes start.
_FEW = 32


class KconfigOfMany(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="bringup.kconfig-each/1"):
    """One of many kernel configurations, judged by itself: one line of JSON.

    :param path: The file.
    :param outcome: The worst of its verdicts; error where it could not be read or judged.
    :param check: The configuration, judged.
    :param error: Why it could not be read or judged.
    """

    path: str
    outcome: Outcome
    check: KconfigCheck | None = None
    error: str | None = None

    @property
    def summary(self) -> str:
        """What is wrong: why it was not judged, or the requirements that failed."""
        if self.check is None:
            return (self.error or "").removeprefix(f"{self.path}: ")
        verdicts = [verdict for verdict in self.check.verdicts if verdict.outcome in {Outcome.FAIL, Outcome.ERROR}]
        names = [verdict.id for verdict in verdicts if verdict.answer is not Answer.VERSION_UNKNOWN]
        if len(names) < len(verdicts):
            names.append("the kernel's version is not known: pass --kernel")
        return ", ".join(names)


def check_each(
    paths: Sequence[Path], options: CheckOptions, *, as_json: bool, report: VerdictFormat | None = None
) -> int:
    """Judge each file by itself and print each; the exit status is that of the worst outcome.

    :param paths: files, folders to search for configurations, and ``-`` for a list of such paths on stdin.
    :raises UsageError: no path is named, or a report, which is about one file.
    """
    if report is not None:
        raise UsageError("judge each file", f"--format {report} is for one file", hint="leave --each out")
    if not paths:
        raise UsageError("judge each file", "no file was named", hint="bringup kconfig check --each PATH…")
    files = list(_expanded(paths))
    outcomes: list[Outcome] = []
    width = min(max(map(len, map(str, files)), default=0), _WIDEST)
    for row in _with_progress(_judged(files, options, as_json), files):
        outcomes.append(row.outcome)
        if as_json:
            sys.stdout.write(row.json)
        else:
            line = f"{row.outcome:5}  {row.path:{width}}  {row.kernel:{_KERNEL}}  {row.summary}"
            sys.stdout.write(visible(line).rstrip() + "\n")
    if not as_json:
        sys.stdout.write(_totals(outcomes) + "\n")
    return exit_status(worst(outcomes))


class _Row(Struct, frozen=True):
    """What is printed of one file: a line of JSON, or the parts of a line of text."""

    outcome: Outcome
    path: str
    kernel: str
    summary: str
    json: str


def _judged(paths: Sequence[Path], options: CheckOptions, as_json: bool) -> Iterator[_Row]:
    """The files in their order. Many of them are judged by one process per core."""
    _WORK.update(options=options, as_json=as_json)
    remember_blocks()
    if len(paths) < _FEW or (os.cpu_count() or 1) == 1:
        yield from map(_judge, paths)
        return
    with ProcessPoolExecutor(initializer=_begin_work, initargs=(options, as_json)) as pool:
        yield from pool.map(_judge, paths, chunksize=8)


# What a process that judges has to know; a source tree is too large to be sent with each file.
_WORK: dict[str, Any] = {}


def _begin_work(options: CheckOptions, as_json: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the command, which then ends this process
    _WORK.update(options=options, as_json=as_json)
    remember_blocks()


def _judge(path: Path) -> _Row:
    result = _result(path, _WORK["options"])
    check = result.check
    kernel = "" if check is None else " ".join(filter(None, (check.kernel, check.flavour, check.arch)))
    json = write_document(result) + "\n" if _WORK["as_json"] else ""
    return _Row(result.outcome, result.path, kernel, result.summary, json)


def _result(path: Path, options: CheckOptions) -> KconfigOfMany:
    name = str(path)
    try:
        if path.is_dir():
            raise ConfigError(path, "holds no file that is called like a kernel configuration")
        check = check_source(open_source(path), options)
    except BringupError as error:
        return KconfigOfMany(name, Outcome.ERROR, error=str(error))
    return KconfigOfMany(name, check.outcome, check)


def _expanded(paths: Iterable[Path]) -> Iterator[Path]:
    """The files to judge. A folder that holds none stands for itself, so that it is not left out silently."""
    for path in paths:
        if str(path) == "-":
            listed = (line.rstrip("\n") for line in sys.stdin)
            yield from _expanded(Path(line) for line in listed if line and line != "-")
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if _CONFIG_NAME.fullmatch(file.name) and file.is_file())
            yield from files or [path]
        else:
            yield path


def _with_progress(rows: Iterable[_Row], files: Sequence[Path]) -> Iterator[_Row]:
    """The rows; on a terminal, stderr shows how many there are already."""
    live = sys.stderr.isatty()
    shown = time.monotonic()
    for number, row in enumerate(rows, start=1):
        if live and time.monotonic() - shown > _REFRESH_SECONDS:
            shown = time.monotonic()
            sys.stderr.write(f"\r\x1b[K{number:,} of {pluralize(len(files), 'file')}: {visible(row.path[-60:])}")
            sys.stderr.flush()
        yield row
    if live:
        sys.stderr.write("\r\x1b[K")


def _totals(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcomes)
    parts = (f"{counts[outcome]:,} {outcome}" for outcome in Outcome if counts[outcome])
    return f"{pluralize(len(outcomes), 'file')}: {', '.join(parts)}"
