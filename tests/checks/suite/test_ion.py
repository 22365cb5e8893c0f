"""What ION left behind. How heaps compare with it: tests/facts/test_ion_equivalence.py."""

from __future__ import annotations

from typing import Any

from bringup.config.schema import BoardConfig
from tests.support.scripted_record import broken, files, node
from tests.support.suite import (
    Broken,
    suite_tests,
)

ION: dict[str, Any] = {
    "t": "ion", "state": "ok", "errno": 0, "abi": "4.12", "names": ["ion_system_heap"], "types": [0], "ids": [0],
}  # fmt: skip
REPLACES = BoardConfig.model_validate(
    {
        "name": "scripted",
        "title": "A scripted board",
        "heaps": [{"name": "system", "kind": "system", "replaces": {"name": "ion_system_heap", "flags": 1}}],
    }
)

BROKEN = (
    Broken("ION there", "ion.node", "warn", broken(nodes=[node("/dev/ion")]), "ion.left"),
    Broken("ION line", "ion.ueventd", "warn", broken(files=files() | {"/vendor/etc/ueventd.rc": "/dev/ion 0664 system system\n"}), "ion.left-in-ueventd"),
    Broken("does not answer", "ion.heaps", "error", broken(latencies=[ION | {"state": "failed", "errno": 5}])),
    Broken("no heap in its place", "ion.replaced", "error", broken(latencies=[ION], heaps={"linux,cma": {}}), config=REPLACES),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "ion", BROKEN, skips={"ion.heaps", "ion.replaced"}
)
