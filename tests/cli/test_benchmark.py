"""The options of ``bringup heap bench``."""

from __future__ import annotations

import pytest

from bringup.board import Selection
from bringup.cli.actions.heap import measure
from bringup.cli.actions.heap.measure import BenchOptions, bench_heaps, parse_sizes, parse_threads
from bringup.errors import UsageError
from tests.support.lying_board import lying_board


def test_sizes_are_read_as_people_write_them_and_sorted() -> None:
    assert parse_sizes("1M,4K, 64KiB,4096,1G") == (4096, 65536, 1 << 20, 1 << 30)
    assert parse_sizes(None) == ()


@pytest.mark.parametrize("text", ["", "0", "x", "4K,,1M", "-1", "2G", "1.5M", "٤K", "9" * 5000])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_sizes(text)


def test_threads_are_numbers_or_all() -> None:
    assert parse_threads("1,4,all,1") == (1, 4, 0)
    assert parse_threads(None) is None


@pytest.mark.parametrize("text", ["", "0", "65", "many", "1,,2", "²"])
def test_what_is_no_number_of_threads_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither a number from 1 to 64 nor all"):
        parse_threads(text)


@pytest.mark.parametrize(("heaps", "status"), [(("nosuch*",), 3), ((), 0)])
def test_a_pattern_that_matches_no_heap_measures_nothing(
    monkeypatch: pytest.MonkeyPatch, heaps: tuple[str, ...], status: int
) -> None:
    board = lying_board()
    monkeypatch.setattr(measure, "selected_boards", lambda _: [board])
    options = BenchOptions(
        root="auto", heaps=heaps, sizes=None, threads=None, seconds=1, output=None, replace=False, as_json=True
    )
    assert bench_heaps(Selection(), options) == status
