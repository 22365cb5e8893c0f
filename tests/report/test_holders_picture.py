"""The picture of who holds buffers: area is bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.report.html.holders import TREE_HEIGHT, TREE_WIDTH, holders_view, squarified
from tests.support.report import sample


def test_the_picture_of_holders_has_an_area_for_each_byte() -> None:
    view = holders_view(sample.board())
    assert view is not None
    areas = [tile.box[2] * tile.box[3] for tile in view.tiles]
    assert sum(areas) == pytest.approx(TREE_WIDTH * TREE_HEIGHT)
    assert [tile.label for tile in view.tiles] == [
        "vendor.camera-provider (camera-provider 812)", "surfaceflinger (surfaceflinger 1440)", "held by no process",
    ]  # fmt: skip
    assert areas[0] / areas[1] == pytest.approx(96 / 60)
    assert areas[0] / areas[2] == pytest.approx(96 / 24)
    first = view.tiles[0].leaves
    assert first[0].box[2] * first[0].box[3] / areas[0] == pytest.approx(72 / 96)
    assert view.colors == (("c0", "system"), ("c1", "reserved"))
    assert view.summary == "21 buffers, 180 MiB; held by 2 processes."


@given(st.lists(st.integers(0, 2**40), max_size=30), st.floats(1, 2000), st.floats(1, 2000))
def test_rectangles_fill_their_box_in_the_ratio_of_their_sizes(sizes: list[int], width: float, height: float) -> None:
    boxes = squarified(sorted(sizes, reverse=True), (3.0, 4.0, width, height))
    for size, (x, y, wide, tall) in zip(sorted(sizes, reverse=True), boxes, strict=True):
        assert wide * tall == pytest.approx(width * height * size / (sum(sizes) or 1), rel=1e-6, abs=1e-6)
        assert x >= 3 - 1e-6
        assert x + wide <= 3 + width + 1e-6
        assert y >= 4 - 1e-6
        assert y + tall <= 4 + height + 1e-6
