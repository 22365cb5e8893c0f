"""Whether the kernel lists its buffers."""

from __future__ import annotations

from tests.support.scripted_record import MISSING, broken, files
from tests.support.suite import (
    Broken,
    suite_tests,
)

BROKEN = (
    Broken("no statistics", "dmabuf.statistics", "warn", broken(files=files(__sys__kernel__debug__dma_buf__bufinfo=MISSING)), "dmabuf.no-statistics"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("buffer_statistics", BROKEN)
