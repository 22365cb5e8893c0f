"""The kernel's version, configuration and modules."""

from __future__ import annotations

from tests.support.scripted_record import HELLO, broken
from tests.support.suite import (
    SYSTEM_HEAP_IS_MODULE,
    Broken,
    suite_tests,
)

BROKEN = (
    Broken("5.4", "kernel.version", "fail", broken(hello=HELLO | {"release": "5.4.210"}, heap_folder="missing", config="CONFIG_ARM64=y\n"), "kernel.too-old"),
    Broken("no config.gz", "kconfig", "error", broken(config=None)),
    Broken("module not loaded", "kernel.heap-modules", "fail", broken(config=SYSTEM_HEAP_IS_MODULE), "module.not-loaded"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "kernel", BROKEN, skips={"kernel.heap-modules"}, mixed={"kconfig"}
)
