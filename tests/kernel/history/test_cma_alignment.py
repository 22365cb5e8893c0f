"""CMA's alignment, by kernel, page size and configuration."""

from __future__ import annotations

from typing import Any

import pytest

from bringup.kernel.history.cma_alignment import cma_alignment, counts_transparent_huge_pages
from bringup.kernel.history.version import KernelVersion


@pytest.mark.parametrize(
    ("page", "kernel", "options", "megabytes"),
    [
        # PAGE_SIZE << max(MAX_ORDER - 1, pageblock_order) in kernel/dma/contiguous.c of 5.10: 4 MiB.
        (4, "5.10", {}, 4),
        (4, "5.18", {}, 4),
        (4, "5.19", {}, 2),
        (4, "7.3", {}, 2),
        (16, "5.10", {}, 32),
        (16, "6.12", {"largest_order": 9}, 8),
        (64, "6.12", {}, 512),
        (4, "6.12", {"has_huge_pages": False}, 4),
        # CONFIG_PAGE_BLOCK_MAX_ORDER makes page blocks smaller, never larger.
        (64, "7.3", {"largest_block": 8}, 16),
        (16, "7.3", {"largest_block": 11}, 32),
        (4, "7.3", {"largest_block": 10}, 2),
        (4, "7.3", {"largest_block": 8, "has_huge_pages": False}, 1),
    ],
)
def test_the_alignment(page: int, kernel: str, options: dict[str, Any], megabytes: int) -> None:
    assert cma_alignment(page << 10, KernelVersion.parse(kernel), **options) == megabytes << 20


@pytest.mark.parametrize(
    ("kernel", "counted"), [("5.10", False), ("6.1", False), ("6.11", False), ("6.12", True), ("7.3", True)]
)
def test_transparent_huge_pages_alone(kernel: str, counted: bool) -> None:
    assert counts_transparent_huge_pages(KernelVersion.parse(kernel)) is counted
    assert counts_transparent_huge_pages(None)
