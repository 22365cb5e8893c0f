"""A record's journal: it loads or is refused, and no check is at a loss for what is in it."""

from __future__ import annotations

from bringup.checks.judge import judge
from bringup.errors import RecordError
from bringup.facts.board import Facts
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from fuzz.files import file_of

_HEAD = b'{"t":"record","schema":"bringup.record/1","heaps":"*","tests":["open"],"exhausts":true}\n'


def one(data: bytes) -> None:
    path = file_of(_HEAD + data, f"record/{JOURNAL}")
    try:
        record = load_record(path.parent)
    except RecordError:
        return
    for verdict in judge(Facts(record)).verdicts:
        assert "a fault of bringup" not in (verdict.reason or ""), verdict
