"""``bringup kconfig check --each``: many configurations judged one by one, in one process."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from bringup.cli.console import out, table
from bringup.document import write_document
from bringup.errors import BringupError, ConfigError, ExitCode, UsageError
from bringup.kernel.requirements.check import CheckOptions, KconfigCheck, check_source
from bringup.kernel.sources.source import open_source
from bringup.outcome import Outcome, worst
from bringup.text import pluralize, visible

__all__ = ["KconfigOfMany", "check_each"]

# .config, config-6.12.1, config.amd64_none_amd64.xz, gki_defconfig, android-base.config; not config.h or config.yaml.
_CONFIG_NAME = re.compile(
    r"(?:\.?k?config(?:[-._](?!(?:c|h|hh|hpp|in|js|json|log|mk|py|rs|rst|sh|status|txt|toml|ya?ml|xml)$).*)?"
    r"|.*[-._]config|.*defconfig)(?:\.(?:gz|xz|zst|bz2|lz4))?"
)
_REFRESH_SECONDS = 0.1


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
            return self.error or ""
        failed = [verdict.id for verdict in self.check.verdicts if verdict.outcome in {Outcome.FAIL, Outcome.ERROR}]
        return ", ".join(failed)


def check_each(paths: Sequence[Path], options: CheckOptions, *, as_json: bool) -> int:
    """Judge each file by itself and print each; the exit status is that of the worst outcome.

    :param paths: files, folders to search for configurations, and ``-`` for a list of such paths on stdin.
    :raises UsageError: no path is named.
    """
    if not paths:
        raise UsageError("judge each file", "no file was named", hint="bringup kconfig check --each PATH…")
    results = _judged(_with_progress(list(_expanded(paths))), options)
    if as_json:
        outcomes = []
        for result in results:
            sys.stdout.write(write_document(result) + "\n")
            outcomes.append(result.outcome)
    else:
        kept = list(results)
        outcomes = [result.outcome for result in kept]
        rows = ([result.outcome, result.path, _kernel(result), result.summary] for result in kept)
        out().print(table(["", "file", "kernel", "failed or not known"], rows))
        sys.stdout.write(_totals(outcomes) + "\n")
    codes = {Outcome.FAIL: ExitCode.FAILED, Outcome.ERROR: ExitCode.INFRASTRUCTURE}
    return int(codes.get(worst(outcomes), ExitCode.PASSED))


def _judged(paths: Iterable[Path], options: CheckOptions) -> Iterator[KconfigOfMany]:
    for path in paths:
        name = str(path)
        try:
            if path.is_dir():
                raise ConfigError(path, "holds no file that is called like a kernel configuration")
            check = check_source(open_source(path), options)
        except BringupError as error:
            yield KconfigOfMany(name, Outcome.ERROR, error=str(error).removeprefix(f"{name}: "))
        else:
            yield KconfigOfMany(name, check.outcome, check)


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


def _with_progress(paths: Sequence[Path]) -> Iterator[Path]:
    """The paths; on a terminal, stderr shows how far it got."""
    live = sys.stderr.isatty()
    shown = 0.0
    for number, path in enumerate(paths):
        if live and time.monotonic() - shown > _REFRESH_SECONDS:
            shown = time.monotonic()
            sys.stderr.write(f"\r\x1b[K{number:,} of {pluralize(len(paths), 'file')}: {visible(path.name[:60])}")
            sys.stderr.flush()
        yield path
    if live:
        sys.stderr.write("\r\x1b[K")


def _kernel(result: KconfigOfMany) -> str:
    check = result.check
    return "" if check is None else " ".join(filter(None, (check.kernel, check.flavour, check.arch)))


def _totals(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcomes)
    parts = (f"{counts[outcome]:,} {outcome}" for outcome in Outcome if counts[outcome])
    return f"{pluralize(len(outcomes), 'file')}: {', '.join(parts)}"
