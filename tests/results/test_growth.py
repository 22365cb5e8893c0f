"""The rank test on a series of amounts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.results.growth import LEAST_BLOCKS, growth_of, is_look, least_p, look_share

LOOKS = [16, 24, 32, 48, 64, 96, 128, 192, 256]


def test_looks_are_few() -> None:
    assert [count for count in range(300) if is_look(count)] == LOOKS


def test_the_shares_of_all_looks_are_at_most_half() -> None:
    shares = [look_share(count) for count in range(1 << 16) if is_look(count)]
    assert shares == sorted(shares, reverse=True)
    assert 0.4 < sum(shares) < 0.5
    assert shares[0] == 0.25


@pytest.mark.parametrize("count", [12, 29, 32, 33, 63, 64, 1000])
def test_steady_growth_is_found_with_its_slope(count: int) -> None:
    noise = random.Random(count)
    growth = growth_of([5 * number + noise.randint(0, 9) for number in range(count)])
    assert growth is not None
    assert growth.is_steady
    assert growth.p < 0.01
    assert growth.slope == pytest.approx(5, rel=0.3)


@pytest.mark.parametrize(
    ("name", "amounts"),
    [
        ("constant", [7] * 40),
        ("falling", list(range(40, 0, -1))),
        ("one step", [0] * 20 + [9] * 20),
        ("one step under noise", [number % 3 for number in range(16)] + [40 + number % 3 for number in range(16)]),
        ("a swing", [min(number, 80 - number) for number in range(80)]),
    ],
)
def test_what_is_no_leak_is_not_steady_growth(name: str, amounts: list[int]) -> None:
    growth = growth_of(amounts)
    assert growth is not None, name
    assert not growth.is_steady


def test_spikes_do_not_hide_a_leak() -> None:
    """Of a block the least counts."""
    amounts = [number + (1000 if number % 4 else 0) for number in range(128)]
    growth = growth_of(amounts)
    assert growth is not None
    assert growth.is_steady


@given(st.lists(st.integers(0, 5), max_size=200))
def test_every_series_has_an_answer(amounts: list[int]) -> None:
    growth = growth_of(amounts)
    assert (growth is None) == (len(amounts) < LEAST_BLOCKS)
    assert growth is None or 0 < growth.p <= 1


def test_fewer_blocks_can_show_less() -> None:
    assert [least_p(count) for count in (0, 11)] == [1.0, 1.0]
    assert least_p(12) == least_p(13) == 2 / 924
    assert least_p(32) == least_p(64) < least_p(24)
