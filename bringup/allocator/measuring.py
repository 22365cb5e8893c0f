"""Items of a plan that measure heaps beyond their tests: where pages lie, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from bringup.allocator.plan import MAX_ROUNDS, MAX_RUN_MS, MAX_TOTAL_MS, escape

__all__ = ["MAX_MEASURED", "MAX_THREADS", "Exhaust", "Measure", "Pages"]

MAX_MEASURED: Final = 1 << 30
MAX_THREADS: Final = 64


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


@dataclass(frozen=True, slots=True)
class Measure:
    """The benchmark at one size: every operation on each heap, on ION's and on the process's own memory, in turn.

    :param size: bytes a buffer; the board rounds it up to whole pages.
    :param threads: how many do the same at once; 0: one for each CPU.
    :param rounds: most turns with samples.
    :param milliseconds: after which no further turn is begun; there is always one.
    """

    KEYWORD: ClassVar[str] = "measure"
    size: int
    threads: int
    rounds: int
    milliseconds: int

    def __post_init__(self) -> None:
        limits = (
            ("size", self.size, 1, MAX_MEASURED),
            ("threads", self.threads, 0, MAX_THREADS),
            ("rounds", self.rounds, 1, MAX_ROUNDS),
            ("milliseconds", self.milliseconds, 1, MAX_TOTAL_MS),
        )
        for name, value, lowest, highest in limits:
            if not lowest <= value <= highest:
                raise ValueError(f"{name} is {lowest} to {highest}, not {value}")

    def fields(self) -> tuple[str | bytes | int, ...]:
        """Bytes, threads, turns, milliseconds."""
        return (self.size, self.threads, self.rounds, self.milliseconds)
