"""What of a measurement is noise: distribution-free, exact, over passes.

A **pass** is one process on the board that measured everything once, in turn, after a warm-up. Samples within a pass
resemble each other (one placement in memory, one clock frequency), so they are no independent evidence; each pass
therefore counts as one value, its median.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import comb

__all__ = ["CONFIDENCE", "Band", "mann_whitney_p", "median_band"]

#: What a band should hold, where there are enough passes for it: from 6 on.
CONFIDENCE = 0.95

#: Lowest, highest, and how probable it is that the true median lies between them.
Band = tuple[float, float, float]


def median_band(values: Sequence[float]) -> Band:
    """The narrowest interval of order statistics that holds the median with at least :data:`CONFIDENCE`.

    Of n independent values each is below their distribution's median with probability 1/2, so the interval from the
    k-th smallest to the k-th largest misses it with probability ``2 * P(Binomial(n, 1/2) < k)``, whatever the
    distribution. With fewer than 6 values not even smallest to largest reaches 95 %: the third figure says what it is.

    :param values: at least one.
    """
    ordered = sorted(values)
    count = len(ordered)
    cut = 0
    while cut + 1 <= (count - 1) // 2 and _covers(count, cut + 1) >= CONFIDENCE:
        cut += 1
    return ordered[cut], ordered[count - 1 - cut], _covers(count, cut)


def _covers(count: int, cut: int) -> float:
    """How probable it is that the median is not outside the interval without the ``cut`` values at either end."""
    outside: int = 2 * sum(comb(count, below) for below in range(cut + 1))
    return max(0.0, 1 - outside / (1 << count))


def mann_whitney_p(before: Sequence[float], after: Sequence[float]) -> float:
    """The two-sided exact p of the Mann-Whitney rank test: how often two equal runs would differ this much or more.

    Exact for small counts (no normal approximation). Ties count half to either side and are then rounded towards "no
    difference". 1.0 where either is empty.
    """
    if not before or not after:
        return 1.0
    above = sum((new > old) + 0.5 * (new == old) for new in after for old in before)
    pairs = len(before) * len(after)
    fewer = min(above, pairs - above)
    ways = _ways(len(before), len(after))
    extreme: int = sum(ways[: int(fewer + 0.5) + 1])
    return min(1.0, 2 * extreme / sum(ways))


@cache
def _ways(first: int, second: int) -> tuple[int, ...]:
    """In how many orders of ``first`` and ``second`` values the statistic U is 0, 1, 2, …: coefficients of the
    Gaussian binomial, one factor ``(1 - q^(second+i)) / (1 - q^i)`` at a time.
    """
    most = first * second
    counts = [1] + [0] * most
    for step in range(1, first + 1):
        for at in range(most, second + step - 1, -1):
            counts[at] -= counts[at - second - step]
        for at in range(step, most + 1):
            counts[at] += counts[at - step]
    return tuple(counts)
