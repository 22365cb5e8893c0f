"""What was left out because the board could spare too little memory."""

from __future__ import annotations

from typing import Final

from bringup.facts.board import Facts

#: The largest buffer that is timed and traced: ``buffer_sizes`` in bringup/allocator/src/buffer.c.
LARGEST_BUFFER: Final = 4 * 1024**2
_MIB: Final = 1024**2


def why_left_out(facts: Facts) -> str:
    """Which buffers were not allocated for want of memory; empty: none, or it is not known."""
    hello = facts.record.hello
    if hello is None or hello.budget >= LARGEST_BUFFER:
        return ""
    return (
        f"at most {hello.budget / _MIB:.4g} MiB could be held in buffers: half of what the board can spare, or the "
        "plan's limit. Larger buffers were left out"
    )
