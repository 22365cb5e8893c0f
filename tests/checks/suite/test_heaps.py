"""The nodes below /dev/dma_heap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.causes.fix_lines import node_line
from bringup.config.schema import BoardConfig, Heap
from bringup.facts.board import Facts
from bringup.facts.expected_node import ExpectedNode, expected_node
from bringup.results.verdict import Change, Outcome
from tests.support.scripted_record import BOARD_CONFIG, HELLO, ScriptedBoard, broken, files, linux_board, result
from tests.support.suite import (
    NO_CMA,
    SELINUX,
    SYSTEM_HEAP_IS_MODULE,
    Broken,
    ask,
    suite_tests,
)


def video(mode: str, group: str) -> BoardConfig:
    node = {"mode": mode, "owner": "root", "group": group}
    return BoardConfig.model_validate(
        {"name": "x", "title": "X", "heaps": [{"name": "video", "kind": "system", "node": node}]}
    )


ROOTS_OWN, GROUPS_OWN = video("0600", "root"), video("0660", "system")
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
    Broken("a cgroup counts the system heap", "heap.open-to-all", "warn", linux_board(files=files(__sys__module__dma_heap__parameters__mem_accounting="Y\n"))),
    Broken("closed to all", "heap.open-to-all", "pass", linux_board(heaps={"system": {"mode": 0o660}})),
    Broken("no ueventd line", "heap.ueventd", "warn", broken(heaps={"video": {}}), "ueventd.no-line"),
    Broken("no ueventd line, and none is needed", "heap.ueventd", "pass", broken(heaps={"video": {}}), None, ROOTS_OWN),
    Broken("no ueventd line for what its config says", "heap.ueventd", "warn", broken(heaps={"video": {}}), "ueventd.no-line", GROUPS_OWN),
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


@pytest.mark.parametrize(
    ("check", "given"),
    [
        ("heap.ueventd", broken(heaps={})),
        ("heap.udev", linux_board()),
        ("heap.open-to-all", linux_board()),
        ("allocator", broken(heaps={}, hello=HELLO | {"uid": 2000})),
    ],
    ids=["ueventd", "udev", "open to all", "denied"],
)
def test_lines_of_many_heaps_are_rendered_once_each(
    tmp_path: Path, check: str, given: ScriptedBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, rendered, expected = [f"video{number}" for number in range(8)], list[str](), list[str]()
    mode = 0o600 if check == "allocator" else 0o444
    given.heaps = {name: {"mode": mode, "uid": 0, "gid": 0} for name in names}
    given.results = [result(name, "open", "fail", errno=13) for name in names]

    def counted(facts: Facts, name: str, *rule: Any) -> tuple[Change, ...]:
        rendered.append(name)
        return node_line(facts, name, *rule)

    def counted_node(facts: Facts, name: str) -> ExpectedNode | None:
        expected.append(name)
        return expected_node(facts, name)

    monkeypatch.setattr("bringup.checks.suite.heaps.node_line", counted)
    monkeypatch.setattr("bringup.causes.fix_lines.node_line", counted)
    for module in ("access_denied", "fix_lines"):
        monkeypatch.setattr(f"bringup.causes.{module}.expected_node", counted_node)
    verdicts = [verdict for verdict in ask(check, tmp_path, given) if verdict.changes]
    assert {verdict.heap for verdict in verdicts} == set(names)
    assert rendered == names
    assert len(expected) <= 3 * len(names)  # whether it is closed on purpose, of itself and of all; its line


def test_the_name_of_a_heap_is_no_part_of_a_command(tmp_path: Path) -> None:
    rule = 'SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"\n'
    board = linux_board(rule, heaps={"x;reboot;": {"mode": 0o600, "uid": 0, "gid": 0}})
    (verdict,) = ask("heap.mode", tmp_path, board, None)
    assert any("udevadm test '/sys/class/dma_heap/x;reboot;' shows" in step for step in verdict.remedy)
