"""What the board's programs complain about in the logs."""

from __future__ import annotations

from tests.support.scripted_record import broken
from tests.support.suite import (
    Broken,
    suite_tests,
)

BROKEN = (
    Broken("heap wanted", "clients.heaps", "warn", broken(logcat="E DMABUFHEAPS: Could not open DMA-BUF heap named: qcom,display\n"), "clients.no-such-heap"),
    Broken("heap refused", "clients.heaps", "warn", broken(logcat="E DMABUFHEAPS: Unable to allocate from DMA-BUF heap: system\n"), "clients.refused"),
    Broken("no log", "clients.heaps", "skip", broken(logcat=None)),
    Broken("ION wanted", "clients.ion", "warn", broken(logcat="E ion     : open /dev/ion failed: No such file or directory\n"), "ion.client"),
    Broken("ION's old interface", "clients.ion", "warn", broken(logcat="E mpp: ION_IOC_FREE failed with code -1: Inappropriate ioctl for device\n"), "ion.client"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("clients", BROKEN)
