"""What a device of the board cannot address."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.schema import Memory
from tests.support.scripted_record import BOARD_CONFIG, broken, files
from tests.support.suite import (
    Broken,
    ask,
    suite_tests,
)

IOMEM = "00000000-0009ffff : Reserved\n40000000-{:x} : System RAM\n"

LIMITED = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=2 << 30)})

BROKEN = (
    Broken("beyond reach", "heap.addresses", "fail", broken(files=files(dmesg="[  9.0] rga: RGA_MMU unsupported memory larger than 4G!\n")), "heap.above-limit"),
    Broken("beyond the mask", "heap.addresses", "fail", broken(files=files(dmesg="isp 1000000.isp: DMA addr 0x0000000140000000+4096 overflow (mask ffffffff, bus limit 0).\n")), "heap.above-limit"),
    Broken("memory above the limit", "heap.addresses", "warn", broken(files=files(__proc__iomem=IOMEM.format(0x1BFFFFFFF))), None, LIMITED),
    Broken("beyond the limit", "heap.addresses", "fail", broken(files=files(dmesg="[  9.0] rga: RGA_MMU unsupported memory larger than 4G!\n")), "heap.above-limit", LIMITED),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "addresses", BROKEN, skips={"heap.addresses"}
)


@pytest.mark.parametrize(
    ("iomem", "outcome"),
    [
        (IOMEM.format(0xBFFFFFFF), "pass"),
        (IOMEM.format(0x1BFFFFFFF), "warn"),
        ("00000000-00000000 : System RAM\n", "error"),  # what others than root see
    ],
)
def test_memory_beyond_a_device(tmp_path: Path, iomem: str, outcome: str) -> None:
    limited = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=4 << 30)})
    (verdict,) = ask("heap.addresses", tmp_path / "1", broken(files=files(__proc__iomem=iomem)), limited)
    assert verdict.outcome.value == outcome
