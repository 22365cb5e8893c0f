"""Items of a plan that measure heaps beyond their tests: where pages lie, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bringup.allocator.plan import MAX_RUN_MS, escape

__all__ = ["Exhaust", "Pages"]


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the pages of buffers on each heap lie, by these trace events (``kmem/mm_page_alloc``)."""

    KEYWORD: ClassVar[str] = "pages"
    events: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.events:
            raise ValueError("without events nothing is traced")
        for event in self.events:
            escape(event)

    def fields(self) -> tuple[str | bytes | int, ...]:
        """The events."""
        return self.events


@dataclass(frozen=True, slots=True)
class Exhaust:
    """How much each heap gives, and in how large pieces; at most about ``milliseconds`` a heap."""

    KEYWORD: ClassVar[str] = "exhaust"
    milliseconds: int

    def __post_init__(self) -> None:
        if not 1 <= self.milliseconds <= MAX_RUN_MS:
            raise ValueError(f"milliseconds is 1 to {MAX_RUN_MS}, not {self.milliseconds}")

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Time limit a heap."""
        return (self.milliseconds,)
