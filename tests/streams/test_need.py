"""What streams need of a heap, against CMA's own way of placing buffers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bringup.streams.layout import Stream
from bringup.streams.need import cma_buffer_alignment, needs

PAGE = 4096


def stream(pages: int, buffers: int, heap: str = "linux,cma") -> Stream:
    return Stream(name="x", heap=heap, buffers=buffers, size=pages * PAGE)


def first_fit(sizes: list[int]) -> int:
    """Where the last buffer ends, in pages: the first free place for each in turn (mm/cma.c: cma_alloc)."""
    taken: list[tuple[int, int]] = []
    for size in sizes:
        step = cma_buffer_alignment(size * PAGE, PAGE) // PAGE
        at = 0
        while clash := next((end for begin, end in taken if begin < at + size and at < end), 0):
            at = -(-clash // step) * step
        taken.append((at, at + size))
    return max(end for _, end in taken)


def test_alignment_is_the_power_of_two_that_holds_the_buffer_up_to_256_pages() -> None:
    aligned = {pages: cma_buffer_alignment(pages * PAGE, PAGE) // PAGE for pages in (1, 2, 3, 5, 128, 129, 256, 900)}
    assert aligned == {1: 1, 2: 2, 3: 4, 5: 8, 128: 128, 129: 256, 256: 256, 900: 256}
    assert cma_buffer_alignment(900 * PAGE, PAGE, order=2) == 4 * PAGE


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12).flatmap(st.permutations))
def test_an_area_of_the_need_holds_the_buffers_in_whatever_order(sizes: list[int]) -> None:
    (need,) = needs([stream(size, 1) for size in sizes], ["linux,cma"], PAGE)
    assert first_fit(sizes) * PAGE <= need.area
    assert need.bytes == sum(sizes) * PAGE <= need.area


@given(st.integers(1, 700), st.integers(1, 9))
def test_buffers_of_one_size_leave_no_room_unused_but_the_last_ones(pages: int, count: int) -> None:
    (need,) = needs([stream(pages, count)], ["linux,cma"], PAGE)
    assert 0 <= need.area - first_fit([pages] * count) * PAGE < need.alignment


def test_any_page_will_do_for_a_heap_that_is_not_contiguous() -> None:
    (need,) = needs([stream(3, 4, "system")], [], PAGE)
    assert (need.area, need.alignment) == (12 * PAGE, PAGE)


def test_each_heap_has_its_own_need() -> None:
    found = needs([stream(1, 1), stream(2, 2, "system"), stream(4, 1)], ["linux,cma"], PAGE)
    assert [(need.heap, need.buffers, need.largest) for need in found] == [
        ("linux,cma", 2, 4 * PAGE),
        ("system", 2, 2 * PAGE),
    ]
