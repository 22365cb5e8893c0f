"""Judging records that are on disk. No board is needed, and nothing here could talk to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bringup import __version__
from bringup.checks.judge import judge
from bringup.checks.matching import match_record
from bringup.checks.run import BoardRun, Run
from bringup.config.schema import BoardConfig
from bringup.record.load import Record, load_record

__all__ = ["judge_folders", "judge_record", "now"]


def now() -> str:
    """The host's time, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def judge_record(
    record: Record, configs: Sequence[BoardConfig], *, named: bool = False, name: str | None = None
) -> BoardRun:
    """Judge a record against the config that matches it, or against the one that was named."""
    match = match_record(record, configs)
    return judge(record, configs[0] if named else match.config, why_config=match.explanation, record_name=name)


def judge_folders(folders: Sequence[Path], configs: Sequence[BoardConfig], named: bool = False) -> Run:
    """Judge records, each against the config that matches it.

    :param named: a person named the one config there is.
    :raises RecordError: one of the folders is no record.
    """
    boards = [judge_record(load_record(folder), configs, named=named, name=str(folder)) for folder in folders]
    return Run(tuple(boards), __version__, now())
