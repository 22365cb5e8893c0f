"""What the benchmark asks of a board: which sizes, how many threads, how long. Data for the plan, nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from bringup.allocator.plan import Heaps, Measure, Plan

__all__ = ["ALL_CPUS", "EVERY_HEAP", "PASSES", "SIZES", "Benchmark"]

KIB = 1024
MIB = 1024 * KIB

#: 4 KiB to 64 MiB, each four times the one before, and the last.
SIZES = (4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB)
#: As many threads as there are CPUs.
ALL_CPUS = 0
#: With ten against ten, the rank test that compares two runs finds a change among hundreds of timings.
PASSES = 10
#: ION's, too, where it is there: that is what the others are to replace.
EVERY_HEAP = ("*", "ion/*")
_ROUNDS = 20
_LEAST_MS = 100
_THREADED = (4 * KIB, MIB)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """How to measure.

    :param heaps: patterns on their names; ION's are ``ion/NAME`` and ``ion/NAME/cached``.
    :param sizes: bytes a buffer.
    :param threads: how many at once, :data:`ALL_CPUS` among them; ``None``: one for every size, and as many as there
        are CPUs for 4 KiB and 1 MiB.
    :param seconds: about how long it may take on the board; one size alone may take a turn longer than its share.
    :param passes: how often everything is measured, each time by a new process.
    """

    heaps: tuple[str, ...] = EVERY_HEAP
    sizes: tuple[int, ...] = SIZES
    threads: tuple[int, ...] | None = None
    seconds: float = 20.0
    passes: int = PASSES

    def cases(self) -> tuple[tuple[int, int], ...]:
        """What one pass measures: (size, threads)."""
        return tuple(dict.fromkeys((size, threads) for size in self.sizes for threads in self._threads(size)))

    def _threads(self, size: int) -> Iterator[int]:
        if self.threads is not None:
            yield from self.threads
            return
        yield 1
        if size in _THREADED or len(self.sizes) == 1:
            yield ALL_CPUS

    def add_to(self, plan: Plan) -> Plan:
        """The plan with pass after pass. Large buffers get more of the time, by the square root of their size."""
        cases = self.cases()
        weights = [sqrt(size) for size, _ in cases]
        pass_ms = self.seconds * 1000 / self.passes
        plan = plan.add(Heaps(self.heaps[0], self.heaps[1:]))
        for _ in range(self.passes):
            for (size, threads), weight in zip(cases, weights, strict=True):
                milliseconds = max(_LEAST_MS, int(pass_ms * weight / sum(weights)))
                plan = plan.add(Measure(size, threads, _ROUNDS, milliseconds))
        return plan
