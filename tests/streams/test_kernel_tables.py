"""Pixel formats against the kernel's own tables: drm_fourcc.c of DRM, v4l2-common.c of V4L2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bringup.streams.layout import Stream, frame_of, round_up
from bringup.streams.pixel_format import find_format
from bringup.virtual.image import cache_folder

DRM, V4L2 = "drivers/gpu/drm/drm_fourcc.c", "drivers/media/v4l2-core/v4l2-common.c"
_ENTRY = re.compile(
    r"\.format\s*=\s*(?:DRM_FORMAT|V4L2_PIX_FMT)_(\w+),(.*?)\},?\s*\n(?=\s*(?:\{ \.format|/\*|\};|\n))", re.DOTALL
)
_WIDTH, _HEIGHT = 240, 48
#: Layouts of blocks of several lines, and ones that both tables leave to the driver.
_MODIFIED = {"Y0L0", "X0L0", "Y0L2", "X0L2", "VUY101010", "YUV420_8BIT", "YUV420_10BIT"}


def trees() -> list[Path]:
    """Whole kernel sources that are on this machine."""
    found = (cache_folder() / "sources").glob("linux-source-*")
    return sorted(tree for tree in found if (tree / V4L2).is_file())


def table(text: str) -> Iterator[tuple[str, int]]:
    """Each format of a table, and the bytes of a frame by it."""
    for name, rest in _ENTRY.findall(text):
        numbers = {
            key: [int(number) for number in values.split(",") if number.strip()]
            for key, values in re.findall(
                r"\.(cpp|bpp|char_per_block|block_w|block_h|bpp_div)\s*=\s*\{([\d, ]+)\}", rest
            )
        }
        steps = {key: int(value) for key, value in re.findall(r"\.(hsub|vsub|hdiv|vdiv)\s*=\s*(\d+)", rest)}
        sizes = numbers.get("cpp") or numbers.get("bpp") or numbers.get("char_per_block") or []
        blocks = numbers.get("bpp_div") or numbers.get("block_w") or [1] * len(sizes)
        across, down = steps.get("hsub", steps.get("hdiv", 1)), steps.get("vsub", steps.get("vdiv", 1))
        tiles = [numbers.get(key, [0] * len(sizes)) if "bpp_div" in numbers else [0] * len(sizes)
                 for key in ("block_w", "block_h")]  # fmt: skip
        frame = 0
        for plane, size in enumerate(sizes):
            width, height = (round_up(_WIDTH, max(1, tiles[0][plane])), round_up(_HEIGHT, max(1, tiles[1][plane])))
            width, height = (width // across, height // down) if plane else (width, height)
            frame += size * width // max(1, blocks[plane]) * height
        yield name, frame


@pytest.mark.parametrize("file", [DRM, V4L2])
def test_a_frame_takes_what_the_kernels_table_says(file: str) -> None:
    if not trees():
        pytest.skip("no kernel source is here; make kernels")
    for tree in trees():
        known = 0
        for name, size in table((tree / file).read_text("utf-8", "replace")):
            pixels = find_format(name)
            if pixels is None or name in _MODIFIED:
                continue
            known += 1
            frame = frame_of(Stream(name="x", heap="h", buffers=1, pixels=pixels, width=_WIDTH, height=_HEIGHT))
            assert sum(frame.buffers) == size, (tree.name, name)
        assert known > 40, tree.name
