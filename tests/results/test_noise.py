"""The statistics behind every band: exact where they can be counted out, and right as often as they say."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.results.noise import CONFIDENCE, mann_whitney_p, median_band

values = st.lists(st.floats(0, 1e9), min_size=1, max_size=12)


def test_the_band_of_ten_passes_leaves_out_one_at_either_end() -> None:
    low, high, confidence = median_band([5, 3, 8, 1, 9, 2, 7, 4, 6, 0])
    assert (low, high) == (1, 8)
    assert confidence == pytest.approx(1 - 22 / 1024)


def test_the_band_of_three_passes_says_how_little_it_is_worth() -> None:
    assert median_band([3, 1, 2]) == (1, 3, 0.75)
    assert median_band([4]) == (4, 4, 0.0)


@given(values)
def test_a_band_is_of_values_that_were_measured(taken: list[float]) -> None:
    low, high, confidence = median_band(taken)
    assert low in taken
    assert high in taken
    assert low <= sorted(taken)[len(taken) // 2] <= high
    assert (confidence >= CONFIDENCE) == (len(taken) >= 6)


def test_a_band_holds_the_median_as_often_as_it_says() -> None:
    dice = random.Random(3)
    held = 0
    for _ in range(2000):
        low, high, confidence = median_band([dice.lognormvariate(0, 1) for _ in range(10)])
        held += low <= 1 <= high
    assert held / 2000 == pytest.approx(confidence, abs=0.015)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (3, 4), (5, 5), (2, 6)])
def test_p_is_what_counting_every_order_gives(first: int, second: int) -> None:
    places = range(first + second)
    orders = list(combinations(places, first))
    by_difference: Counter[int] = Counter()
    for order in orders:
        rest = [one for one in places if one not in order]
        above = sum(new > old for new in rest for old in order)
        by_difference[min(above, first * second - above)] += 1
    for order in orders:
        rest = [one for one in places if one not in order]
        above = sum(new > old for new in rest for old in order)
        fewer = min(above, first * second - above)
        extreme = sum(count for difference, count in by_difference.items() if difference <= fewer)
        assert mann_whitney_p(list(order), rest) == pytest.approx(extreme / len(orders))
    assert mann_whitney_p(list(places[:first]), list(places[first:])) == pytest.approx(2 / len(orders))


@given(values, values)
def test_p_does_not_ask_which_was_first(before: list[float], after: list[float]) -> None:
    assert mann_whitney_p(before, after) == mann_whitney_p(after, before)
    assert 0 < mann_whitney_p(before, after) <= 1


@given(values)
def test_equal_runs_do_not_differ(taken: list[float]) -> None:
    assert mann_whitney_p(taken, taken) > 0.5


def test_nothing_differs_from_nothing() -> None:
    assert mann_whitney_p([], [1.0]) == 1.0
