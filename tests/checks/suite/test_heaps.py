"""The nodes below /dev/dma_heap."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.schema import Heap
from bringup.results.verdict import Outcome
from tests.support.scripted_record import BOARD_CONFIG, broken, files, linux_board
from tests.support.suite import (
    NO_CMA,
    SELINUX,
    SYSTEM_HEAP_IS_MODULE,
    Broken,
    ask,
    suite_tests,
)

BROKEN = (
    Broken("no folder", "heap.folder", "fail", broken(heap_folder="missing", config="CONFIG_ARM64=y\n# CONFIG_DMABUF_HEAPS is not set\n"), "kconfig.heaps-off"),
    Broken("folder denied", "heap.folder", "error", broken(heap_folder="denied")),
    Broken("no system", "heap.expected", "fail", broken(heaps={"linux,cma": {}}, config=SYSTEM_HEAP_IS_MODULE), "module.not-loaded"),
    Broken("heap renamed", "heap.expected", "fail", broken(heaps={"system": {}, "reserved": {}}), "heap.renamed"),
    Broken("no CMA heap", "heap.expected", "fail", broken(heaps={"system": {}}, files=files(__proc__meminfo=NO_CMA)), "cma.size-zero"),
    Broken("heaps unreadable", "heap.expected", "error", broken(heap_folder="denied")),
    Broken("stranger", "heap.unexpected", "warn", broken(heaps={"system": {}, "video@42000000": {}}), "heap.unplanned"),
    Broken("mode", "heap.mode", "fail", broken(heaps={"system": {"mode": 0o600}}), "node.mode"),
    Broken("owner", "heap.owner", "fail", broken(heaps={"system": {"uid": 0, "gid": 0}}), "node.owner"),
    Broken("label", "heap.label", "fail", broken(files=files(**SELINUX), heaps={"linux,cma": {"label": "u:object_r:dmabuf_heap_device:s0"}}), "node.label"),
    Broken("no udev rule", "heap.udev", "warn", linux_board(), "udev.no-rule"),
    Broken("open to all", "heap.open-to-all", "warn", linux_board(), "node.open-to-all"),
    Broken("no ueventd line", "heap.ueventd", "warn", broken(heaps={"video": {}}), "ueventd.no-line"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "heaps", BROKEN, skips={"heap.label", "heap.udev", "heap.open-to-all"}
)


def test_later_ueventd_files_override(tmp_path: Path) -> None:
    both = files() | {"/odm/etc/ueventd.rc": "/dev/dma_heap/linux,cma 0600 root root\n"}
    verdicts = ask("heap.mode", tmp_path / "1", broken(files=both))
    assert {one.heap: one.outcome.value for one in verdicts} == {"system": "pass", "linux,cma": "fail"}


@pytest.mark.parametrize(("wanted", "there"), [("protected,", "restricted,"), ("restricted,", "protected,")])
def test_a_protected_heap_under_its_other_name(tmp_path: Path, wanted: str, there: str) -> None:
    heap = Heap.model_validate({"name": f"{wanted}secure-video", "kind": "protected"})
    board = broken(heaps={"system": {}, f"{there}secure-video": {}})
    config = BOARD_CONFIG.model_copy(update={"heaps": (heap,)})
    (verdict,) = ask("heap.expected", tmp_path, board, config)
    assert verdict.cause is not None
    assert (verdict.cause.id, f"is called {there}secure-video here" in verdict.cause.text) == ("heap.renamed", True)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("system-uncached", "heap.no-uncached"),
        ("vendor", "heap.vendor-driver-missing"),
        ("carveout", "heap.vendor-driver-missing"),
        ("protected", "heap.no-protected"),
    ],
)
def test_a_heap_that_mainline_never_had(tmp_path: Path, kind: str, cause: str) -> None:
    """A new kernel that left a vendor's heap behind."""
    vendor = BOARD_CONFIG.model_copy(update={"heaps": (Heap.model_validate({"name": "mine", "kind": kind}),)})
    (verdict,) = ask("heap.expected", tmp_path / "2", config=vendor)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.cause is not None
    assert verdict.cause.id == cause
    assert "mine" in verdict.cause.text
