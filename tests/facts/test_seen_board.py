"""What a board config can be drafted from, names of owners and types, and the kernel as a source to judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.facts.android_ids import owner_text, selinux_type, uid_of
from bringup.facts.config_draft import seen_board
from bringup.facts.kernel_source import kernel_source
from bringup.kernel.requirements.check import CheckOptions
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.sources.source import SourceKind
from tests.support.scripted_facts import facts
from tests.support.scripted_record import RESERVED, BoardFiles, ScriptedBoard, broken, files


def test_what_the_record_shows_of_its_board(tmp_path: Path) -> None:
    tree = "__sys__firmware__devicetree__base__"
    more: BoardFiles = {
        f"{tree}compatible": "maker,m7\0", f"{tree}model": "Maker M7\0",
        "__proc__modules": "cma_heap 1 0 - Live 0x0\nwifi 1 0 - Live 0x0\nqcom_dma_heaps 1 0 - Live 0x0\n",
        f"{RESERVED}/two/reg": b"\0\0\0\1" * 8, f"{RESERVED}/odd/size": "\0",
        f"{RESERVED}/video@1/reg": (1 << 12).to_bytes(8) + (2 << 12).to_bytes(8), f"{RESERVED}/video@1/no-map": "",
    }  # fmt: skip
    board = broken(files=files(**more), properties={"ro.product.model": "M7"}, heaps={"system": {"label": "u:object_r:dmabuf_system_heap_device:s0"}, "linux,cma": {"mode": 0o660, "gid": 1003}})  # fmt: skip
    seen = seen_board(board.record(tmp_path / "r"))
    assert seen.source == "bringup's record of 2026-01-01, kernel 6.12.107"
    assert (seen.model, seen.compatible, seen.properties) == ("Maker M7", ("maker,m7",), {"ro.product.model": "M7"})
    assert (seen.kernel, seen.machine, seen.page_size, seen.cells) == ("6.12.107", "aarch64", 4096, (2, 2))
    assert seen.cmdline == ("console=ttyAMA0",)
    assert seen.modules == ("qcom_dma_heaps", "cma_heap")
    assert [(heap.name, heap.mode, heap.owner, heap.group, heap.label) for heap in seen.heaps] == [
        ("linux,cma", 0o660, "system", "graphics", None),
        ("system", 0o444, "system", "system", "dmabuf_system_heap_device"),
    ]
    pools = {pool.node: pool for pool in seen.pools}
    assert set(pools) == {"linux,cma", "video@1"}
    default, video = pools["linux,cma"], pools["video@1"]
    assert (default.size, default.base, default.reusable, default.no_map, default.default) == (64 << 20, None, True, False, True)  # fmt: skip
    assert (video.size, video.base, video.reusable, video.no_map, video.default) == (8192, 4096, False, True, False)


def test_a_board_that_said_nothing_is_drafted_as_such(tmp_path: Path) -> None:
    seen = seen_board(broken(hello=None, files={}, heaps={}, reserved="denied").record(tmp_path / "r"))
    assert seen.source == "bringup's record of 2026-01-01"
    assert (seen.model, seen.kernel, seen.machine, seen.page_size, seen.cells) == ("", "", "", None, None)
    assert (seen.cmdline, seen.modules, seen.heaps, seen.pools) == ((), (), (), ())


@pytest.mark.parametrize(
    ("name", "number"), [("root", 0), ("system", 1000), ("graphics", 1003), ("1234", 1234), ("nobody", None)]
)
def test_androids_names_of_users(name: str, number: int | None) -> None:
    assert uid_of(name) == number


def test_owners_and_types_are_named_where_they_are_known() -> None:
    assert owner_text(1000, 1003) == "system graphics"
    assert owner_text(1000, 4242) == "system 4242"
    assert selinux_type("u:object_r:dmabuf_heap_device:s0:c1,c2") == "dmabuf_heap_device"
    assert selinux_type("u:object_r:tmpfs") == "tmpfs"
    assert selinux_type("unlabeled") == "unlabeled"


def test_what_the_user_says_of_a_kernel_counts_more_than_what_was_observed(tmp_path: Path) -> None:
    board = broken(properties={"ro.build.type": "user"})
    board.files = files(**{"__vendor__lib__modules__modules.load": "system_heap.ko\n"})
    known = facts(board, tmp_path)
    source, options = kernel_source(known, "the board", CheckOptions())
    assert (source.name, source.kind, source.release) == ("the board", SourceKind.CONFIG, "6.12.107")
    assert source.config == known.kernel_config
    observed = options.evidence
    assert (observed.cmdline, observed.is_user_build) == ("console=ttyAMA0", True)
    assert observed.modules_load == frozenset({"system_heap"})
    assert observed.heaps == frozenset({"system", "linux,cma"})
    named = Evidence(cmdline="quiet", is_user_build=False, modules_load=frozenset())
    _, options = kernel_source(known, "the board", CheckOptions(evidence=named))
    chosen = options.evidence
    assert (chosen.cmdline, chosen.is_user_build, chosen.modules_load) == ("quiet", False, frozenset())
    assert chosen.heaps == observed.heaps


@pytest.mark.parametrize(
    ("board", "named", "arch"),
    [
        (broken(config=None), None, "arm64"),
        (broken(config=None), "riscv", "riscv"),
        (broken(), None, None),  # its configuration says it
        (broken(config=None, hello=None), None, None),
    ],
)
def test_without_a_configuration_the_machine_names_the_architecture(
    tmp_path: Path, board: ScriptedBoard, named: str | None, arch: str | None
) -> None:
    source, options = kernel_source(facts(board, tmp_path), "x", CheckOptions(arch=named))
    assert options.arch == arch
    assert (source.reason == "") == (source.config is not None)
