"""The formats of trace events, and the ring buffer's pages."""

from __future__ import annotations

from bringup.allocator.answer import State, TracedBuffer
from bringup.facts.memory.trace_events import TraceFormats, traced
from bringup.text import from_board

_NAMES = ("header_page", "kmem/mm_page_alloc", "kmem/mm_page_free", "cma/cma_alloc_finish")


def one(data: bytes) -> None:
    """Formats, each ended by a NUL; what comes after four of them are pages."""
    *texts, rest = data.split(b"\0", len(_NAMES))
    formats = TraceFormats(zip(_NAMES, map(from_board, texts), strict=False))
    half = len(rest) // 2
    for size in (0, 4096, 1 << 40):
        buffer = TracedBuffer("system", size, State.OK, 0, (rest[:half], rest), (rest[half:],))
        traced(formats, buffer, 4096)
