"""Which board config a board is judged against."""

from __future__ import annotations

from collections.abc import Iterable

from bringup.config.match import Match, Observed, match_board
from bringup.config.schema import BoardConfig
from bringup.facts.board import Facts

__all__ = ["match_config"]


def match_config(facts: Facts, configs: Iterable[BoardConfig]) -> Match:
    """Compare what the board says about itself with each config."""
    hello = facts.record.hello
    observed = Observed(
        compatible=facts.compatibles or None,
        properties=facts.properties or None,
        kernel=hello.release if hello else None,
    )
    return match_board(observed, configs)
