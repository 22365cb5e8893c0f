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
NO_HEAPS: dict[str, Any] = {"names": [], "types": [], "ids": []}
LEGACY = ION | {"abi": "legacy", "names": ["0x1", "0x10"], "types": [0, 4], "ids": [0, 4]}
RULES = {"/vendor/etc/ueventd.rc": "/dev/ion 0664 system system\n"}
EXPECTED = BoardConfig.model_validate({"name": "x", "title": "X", "kernel": {"ion": True}})
MASKED = BoardConfig.model_validate(
    {
        "name": "x", "title": "X",
        "heaps": [{"name": "system", "kind": "system", "replaces": {"name": "a", "flags": 0, "legacy_mask": 0x2A, "legacy_flags": 0}}],
    }
)  # fmt: skip


def glob(state: str) -> dict[str, Any]:
    return {"t": "glob", "pattern": "/dev/ion", "state": state, "errno": 13, "count": 0, "truncated": False}


BROKEN = (
    Broken("ION there", "ion.node", "warn", broken(nodes=[node("/dev/ion")]), "ion.left"),
    Broken("ION line", "ion.ueventd", "warn", broken(files=files() | {"/vendor/etc/ueventd.rc": "/dev/ion 0664 system system\n"}), "ion.left-in-ueventd"),
    Broken("does not answer", "ion.heaps", "error", broken(latencies=[ION | {"state": "failed", "errno": 5}])),
    Broken("ION there, and expected", "ion.node", "pass", broken(nodes=[node("/dev/ion")]), config=EXPECTED),
    Broken("ION not known", "ion.node", "error", broken(nodes=[glob("denied")])),
    Broken("ION failed to be looked at", "ion.node", "error", broken(nodes=[glob("failed")])),
    Broken("ION missing", "ion.node", "pass", broken(nodes=[glob("missing"), node("/dev/ion", state="missing", errno=2)])),
    Broken("ION line, and expected", "ion.ueventd", "pass", broken(files=files() | RULES), config=EXPECTED),
    Broken("no ueventd.rc", "ion.ueventd", "skip", broken(files={name: text for name, text in files().items() if "ueventd" not in name})),
    Broken("two ION lines", "ion.ueventd", "warn", broken(files=files() | RULES | {"/odm/etc/ueventd.rc": "/dev/ion* 0664 a b\n\n/dev/ion 0666 system system\n"}), "ion.left-in-ueventd"),
    Broken("it lists heaps", "ion.heaps", "pass", broken(latencies=[ION | {"names": ["a", "b", "c"], "types": [2, 4, 17], "ids": [3, 0, 31]}])),
    Broken("it has no heap", "ion.heaps", "pass", broken(latencies=[ION | NO_HEAPS])),
    Broken("it has the older interface", "ion.heaps", "pass", broken(latencies=[LEGACY])),
    Broken("there is no ION", "ion.heaps", "skip", broken(latencies=[ION | NO_HEAPS | {"state": "missing", "errno": 2}])),
    Broken("there is no ION to compare with", "ion.replaced", "skip", broken(latencies=[ION | NO_HEAPS | {"state": "missing", "errno": 2}]), config=REPLACES),
    Broken("ION was not observed", "ion.replaced", "skip", broken(), config=REPLACES),
    Broken("ION has another heap", "ion.replaced", "skip", broken(latencies=[ION | {"names": ["vidmem"]}]), config=REPLACES),
    Broken("ION has no heap", "ion.replaced", "skip", broken(latencies=[ION | NO_HEAPS]), config=REPLACES),
    Broken("ION has no heap of the mask", "ion.replaced", "skip", broken(latencies=[LEGACY]), config=MASKED),
    Broken("nothing was tested", "ion.replaced", "error", broken(latencies=[ION]), config=REPLACES),
    Broken("no heap in its place", "ion.replaced", "error", broken(latencies=[ION], heaps={"linux,cma": {}}), config=REPLACES),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "ion", BROKEN, skips={"ion.heaps", "ion.replaced"}
)
