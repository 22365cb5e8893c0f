"""Whether the kernel lists its buffers."""

from __future__ import annotations

from tests.support.scripted_record import DENIED, HELLO, MISSING, broken, files, node
from tests.support.suite import (
    Broken,
    suite_tests,
)

BROKEN = (
    Broken("sysfs alone", "dmabuf.statistics", "pass", broken(nodes=[node("/sys/kernel/dmabuf/buffers", type="dir")], files=files(__sys__kernel__debug__dma_buf__bufinfo=MISSING))),
    Broken("sysfs missing", "dmabuf.statistics", "warn", broken(nodes=[node("/sys/kernel/dmabuf/buffers", state="missing", errno=2)], files=files(__sys__kernel__debug__dma_buf__bufinfo=MISSING)), "dmabuf.no-statistics"),
    Broken("not root", "dmabuf.statistics", "skip", broken(hello=HELLO | {"uid": 2000}, files=files(__sys__kernel__debug__dma_buf__bufinfo=DENIED))),
    Broken("not asked", "dmabuf.statistics", "error", broken(files={name: text for name, text in files().items() if not name.endswith("bufinfo")})),
    Broken("no statistics", "dmabuf.statistics", "warn", broken(files=files(__sys__kernel__debug__dma_buf__bufinfo=MISSING)), "dmabuf.no-statistics"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("buffer_statistics", BROKEN)
