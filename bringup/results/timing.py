"""The benchmark's facts: one operation of one source at one size, beside the limit of the same board."""

from __future__ import annotations

import msgspec

from bringup.document import Count, computed, require_finite, set_computed

__all__ = ["TimingFacts", "UntimedFacts"]


class UntimedFacts(msgspec.Struct, frozen=True):
    """What was to be timed and was not, and why.

    :param name: Empty where it holds for every source.
    """

    source: str
    name: str
    flags: Count
    size: int
    threads: int
    why: str


class TimingFacts(msgspec.Struct, frozen=True):
    """One operation of one source at one size, in nanoseconds per call.

    :param source: heap, ion, or limit: the process's own memory and files.
    :param name: The heap's name; empty for the limit.
    :param flags: ION's flags (1: cached); 0 for others.
    :param op: alloc, touch, fill, read, copy, sync_start, sync_end, free; of the limit also memfd, close, memset,
        ioctl, ioctl_again.
    :param size: Bytes per buffer.
    :param threads: How many did the same at the same time.
    :param samples: How many samples the percentiles are taken over, by nearest rank.
    :param medians: The median of each pass.
    :param low: Where the noise band of the passes' median begins.
    :param high: Where it ends.
    :param confidence: How probable it is that the band holds the true median.
    :param overhead: The timing loop's share of p50, by an empty loop of as many calls; null where that is unknown.
    :param mb_per_s: 10^6 bytes per second at p50; null where the operation does not go over the whole buffer.
    :param limit: Which of the limit's operations bound this one; null where none does, and the rest is then empty.
    :param limit_p50: What they take together.
    :param ratio: The median of the ratios.
    :param ratio_low: Where the ratio's noise band begins.
    :param ratio_high: Where it ends.
    :param ratios: Each pass's median divided by the limit's.
    :param passes: In how many passes it was measured, each a process of its own.
    """

    source: str
    name: str
    flags: Count
    op: str
    size: int
    threads: int
    samples: int
    p50: float
    p95: float
    p99: float
    max: float
    medians: tuple[float, ...]
    low: float
    high: float
    confidence: float
    overhead: float | None = None
    mb_per_s: float | None = None
    limit: str | None = None
    limit_p50: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    ratios: tuple[float, ...] = ()
    passes: int = computed()

    def __post_init__(self) -> None:
        set_computed(self, passes=len(self.medians))
        require_finite(self)

    @property
    def key(self) -> tuple[str, str, int, str, int, int]:
        """What it is a timing of."""
        return self.source, self.name, self.flags, self.op, self.size, self.threads

    @property
    def label(self) -> str:
        """The source as a person names it: ``system``, ``ION ion_system_heap``, ``limit``."""
        if self.source == "limit":
            return "limit"
        return self.name if self.source == "heap" else f"ION {self.name}{'' if self.flags & 1 else ' uncached'}"
