"""Facts of a board config that name no source."""

from __future__ import annotations

from bringup.config.schema import BoardConfig


def unsourced(config: BoardConfig) -> tuple[tuple[str | int, ...], ...]:
    """Paths of the facts that name no source: ``(("memory", "base"), …)``."""
    return tuple(
        (*path, fact)
        for path, block in config.blocks()
        if "*" not in block.source
        for fact in block.facts()
        if fact not in block.source
    )
