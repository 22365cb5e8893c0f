"""Does a series of amounts grow beyond noise? A rank test that may be asked again and again while the series goes on.

The amounts are divided into at most :data:`MOST_BLOCKS` blocks of equally many; of each block the least counts, because
what leaked is never given back. The later half of the blocks is compared with the earlier one by the rank test that
``bringup compare`` uses. A board may be watched for days, so the test is asked at few moments (:func:`is_look`), each
with its share of the error rate (alpha spending): the shares of all looks add up to at most half, and the last look has
the other half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb
from statistics import fmean, median

from bringup.results.noise import mann_whitney_p

__all__ = ["LAST_SHARE", "LEAST_BLOCKS", "MOST_BLOCKS", "Growth", "growth_of", "is_look", "least_p", "look_share"]

MOST_BLOCKS = 32
#: Fewer blocks could not differ beyond noise, however few are watched.
LEAST_BLOCKS = 12
_FIRST_LOOK = 16
#: The last look's share of the error rate.
LAST_SHARE = 0.5
#: More alike than this, neighbours are not independent: the series has to go on for longer.
_MOST_DEPENDENCE = 0.5
#: Only growth that is as rare as this is examined further.
_RARE = 0.01


@dataclass(frozen=True, slots=True)
class Growth:
    """What a series shows.

    :param p: how often a series that does not grow differs this much or more.
    :param slope: the median growth from one amount to the next.
    :param is_steady: it grows throughout, and what is left without the slope looks like noise: it is neither one step
        nor a slow swing.
    """

    p: float
    slope: float
    is_steady: bool


def is_look(count: int) -> bool:
    """Whether the series is tested when it has so many amounts: 16, 24, 32, 48, 64, …"""
    top = 1 << count.bit_length() - 1 if count else 0
    return count >= _FIRST_LOOK and count in (top, top + top // 2)


def look_share(count: int) -> float:
    """The share of the error rate of the look at so many amounts: of the k-th look 1/(2k(k+1)), of all at most 1/2."""
    number = 2 * (count.bit_length() - 5) + (count & (count - 1) != 0) + 1
    return 1 / (2 * number * (number + 1))


def least_p(count: int) -> float:
    """The smallest p that so many amounts can have: where no two blocks of the halves overlap."""
    length = -(-count // MOST_BLOCKS)
    half = count // length // 2 if length else 0
    return 2 / comb(2 * half, half) if 2 * half >= LEAST_BLOCKS else 1.0


def growth_of(amounts: Sequence[float]) -> Growth | None:
    """Whether the amounts grow; ``None``: there are too few. The first ones that fill no block are left out."""
    length = -(-len(amounts) // MOST_BLOCKS)
    count = len(amounts) // length if length else 0
    if count < LEAST_BLOCKS:
        return None
    first = len(amounts) - count * length
    blocks = [min(amounts[at : at + length]) for at in range(first, len(amounts), length)]
    half = count // 2
    if fmean(blocks[-half:]) <= fmean(blocks[:half]):
        return Growth(1.0, 0.0, is_steady=False)
    p = mann_whitney_p(blocks[:half], blocks[-half:])
    if p > _RARE:
        return Growth(p, 0.0, is_steady=False)
    slope = _slope(blocks)
    is_steady = slope > 0 and _is_spread(blocks) and _dependence(blocks, slope) <= _MOST_DEPENDENCE
    return Growth(p, slope / length, is_steady)


def _slope(blocks: Sequence[float]) -> float:
    """The median of the slopes between all pairs (Theil and Sen)."""
    count = len(blocks)
    return median((blocks[j] - blocks[i]) / (j - i) for i in range(count) for j in range(i + 1, count))


def _is_spread(blocks: Sequence[float]) -> bool:
    """Whether each third lies above the one before it: one step makes two of them alike."""
    third = len(blocks) // 3
    return median(blocks[:third]) < median(blocks[third:-third]) < median(blocks[-third:])


def _dependence(blocks: Sequence[float], slope: float) -> float:
    """The correlation of neighbours when the slope is taken away: about 0 for noise, near 1 for a slow swing."""
    rest = [value - slope * number for number, value in enumerate(blocks)]
    mean = fmean(rest)
    total = sum((value - mean) ** 2 for value in rest)
    return sum((one - mean) * (other - mean) for one, other in pairwise(rest)) / total if total else 0.0
