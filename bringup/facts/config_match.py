"""Which board config a record is judged against."""

from __future__ import annotations

from collections.abc import Iterable

from bringup.config.match import Match, Observed, match_board
from bringup.config.schema import BoardConfig
from bringup.facts.board import Facts
from bringup.record.load import Record

__all__ = ["match_record"]


def match_record(record: Record, configs: Iterable[BoardConfig]) -> Match:
    """Hold what the board says of itself against each config."""
    facts = Facts(record)
    observed = Observed(
        compatible=facts.compatibles or None,
        properties=facts.properties or None,
        kernel=record.hello.release if record.hello else None,
    )
    return match_board(observed, configs)
