"""The field's ten failures, each made for real on a virtual board: the first thing the report names is the planted one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.report.story import findings
from bringup.virtual import VirtualBoard, build_kernel, find_profile
from tests.support.command import bringup
from tests.support.judged import TRUE_OF_ONE, Connect, Healthy, Judge, first_cause, nothing_is_wrong
from tests.support.virtual_board import require_virtual_board

pytestmark = pytest.mark.board
kernels = pytest.mark.kernels

Fresh = Callable[..., VirtualBoard]


def config(folder: Path, heap: str, more: str = "") -> str:
    """A board config that wants a heap which the virtual board does not have."""
    path = folder / "wanted.yaml"
    path.write_text(
        f"name: wanted\ntitle: What a vendor wants\n{more}heaps:\n  - name: system\n    kind: system\n{heap}"
    )
    return str(path)


@kernels
def test_2_the_module_is_not_loaded(fresh_board: Fresh, judged: Judge) -> None:
    board = fresh_board("arm64-7.x", append="bringup.nomodules=1")
    assert first_cause(judged(board)) == "module.not-loaded"


@kernels
def test_3_the_heap_has_another_name(fresh_board: Fresh, judged: Judge) -> None:
    board = judged(fresh_board("arm64-6.12", append="cma=16M"))
    assert first_cause(board) == "heap.renamed"
    assert any("drop cma=16M" in line for one in board.verdicts for line in one.remedy)


def test_4_the_vendors_heap_is_gone(healthy_run: Healthy, tmp_path: Path) -> None:
    wanted = config(tmp_path, "  - name: qcom,display\n    kind: vendor\n")
    status, board = healthy_run("amd64").judged_again(tmp_path / "again", "--board", wanted)
    assert (status, first_cause(board)) == (1, "heap.vendor-driver-missing")


def test_5_permission_denied(fresh_board: Fresh, judged: Judge) -> None:
    board = judged(fresh_board(append="bringup.adbd_uid=2000 bringup.heap_mode=0600"))
    assert first_cause(board) == "node.mode"
    verdicts = {(one.id, one.heap): one for one in board.verdicts}
    assert verdicts["board.root", None].outcome.value == "warn"
    assert verdicts["heap.mode", "system"].outcome.value == "fail"
    opened = verdicts["allocator.open", "system"]
    assert opened.outcome.value == "fail"
    assert opened.cause is not None
    assert opened.cause.id == "node.mode"
    (change,) = opened.changes
    assert change.file.endswith(".rc")
    assert any(line.startswith("/dev/dma_heap/system ") for line in change.lines)


@pytest.mark.parametrize("what", ["system", ""])
def test_a_heap_whose_node_nothing_made(fresh_board: Fresh, judged: Judge, connected: Connect, what: str) -> None:
    """As in a container, whose /dev has what its configuration names."""
    board = fresh_board("amd64")
    connected(board).shell(f"rm -r /dev/dma_heap/{what}", Deadline.after(60))
    seen = judged(board)
    assert first_cause(seen) == "node.not-made"
    assert "/sys/class/dma_heap/system is there" in findings(seen.verdicts)[0].verdicts[0].evidence


MISALIGNED = b"""/dts-v1/;
/plugin/;
/ {
    fragment@0 {
        target-path = "/";
        __overlay__ {
            reserved-memory {
                #address-cells = <2>;
                #size-cells = <2>;
                ranges;
                linux,cma@50100000 {
                    compatible = "shared-dma-pool";
                    reg = <0 0x50100000 0 0x1000000>;
                    reusable;
                    linux,cma-default;
                };
            };
        };
    };
};
"""


@kernels
def test_6_the_kernel_rejects_the_region(fresh_board: Fresh, judged: Judge) -> None:
    board = judged(fresh_board("arm64-6.12", overlay=MISALIGNED))
    assert first_cause(board) == "cma.region-misaligned"
    first = findings(board.verdicts)[0].verdicts[0]
    assert any("incorrect alignment of CMA region" in line for line in first.evidence)
    assert "\t\t\treg = <0x0 0x50000000 0x0 0x1400000>;" in [line for one in first.changes for line in one.lines]


@kernels
def test_7_cma_is_used_up(fresh_board: Fresh, judged: Judge, connected: Connect) -> None:
    board = fresh_board("arm64-6.12")
    script = "cd /sys/kernel/debug/cma/linux,cma && while echo 256 >alloc; do :; done"
    connected(board).shell(script, Deadline.after(300))
    assert first_cause(judged(board)) == "cma.exhausted"


@kernels
def test_8_memory_lies_beyond_a_device(fresh_board: Fresh, judged: Judge, tmp_path: Path) -> None:
    wanted = config(tmp_path, "", "memory:\n  dma_limit: 4 GiB\n")
    board = judged(fresh_board("arm64-6.12", memory=4096), "--board", wanted)
    assert first_cause(board) == "heap.beyond-reach"


def test_9_the_uncached_heap_is_not_there(healthy_run: Healthy, tmp_path: Path) -> None:
    wanted = config(tmp_path, "  - name: system-uncached\n    kind: system-uncached\n")
    _, board = healthy_run("amd64").judged_again(tmp_path / "again", "--board", wanted)
    assert first_cause(board) == "heap.no-uncached"
    assert any("DMA_BUF_IOCTL_SYNC" in line for one in board.verdicts for line in one.remedy)


@kernels
def test_10_ion_is_still_there(healthy_run: Healthy, tmp_path: Path) -> None:
    wanted = config(tmp_path, "")
    _, board = healthy_run("arm64-5.10").judged_again(tmp_path / "again", "--board", wanted)
    assert first_cause(board) == "ion.left"
    assert all(one.outcome.value != "fail" for one in board.verdicts)


@pytest.mark.parametrize("profile", ["amd64", *(pytest.param(name, marks=kernels) for name in list(TRUE_OF_ONE)[1:])])
def test_a_healthy_board_has_no_failure_and_no_invented_cause(healthy_run: Healthy, profile: str) -> None:
    nothing_is_wrong(healthy_run(profile).board, profile)


@pytest.mark.parametrize("profile", ["arm64-debian", "arm64-16k"])
@kernels
def test_1_a_board_whose_option_is_off_fails_for_that_alone(healthy_run: Healthy, profile: str) -> None:
    board = healthy_run(profile).board
    failed = [one for one in board.verdicts if one.outcome.value == "fail"]
    assert first_cause(board) == "kconfig.heaps-off"
    assert {one.cause.id if one.cause else None for one in failed} == {"kconfig.heaps-off"}


HEAPS_OFF = "".join(
    f"# CONFIG_{symbol} is not set\n" for symbol in ("DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA")
)


@kernels
def test_the_fixes_for_a_kernel_without_heaps_make_one_that_passes(
    fresh_board: Fresh, judged: Judge, tmp_path: Path
) -> None:
    """The whole way round: a kernel without heaps, what the report says to change, that kernel built, and a pass."""
    require_virtual_board("arm64-6.12")
    if os.environ.get("BRINGUP_REQUIRE_KERNELS") != "1":
        pytest.skip("it compiles two kernels: make test-kernels")
    profile, deadline = find_profile("arm64-6.12"), Deadline.after(7200)
    without = build_kernel(profile, HEAPS_OFF, deadline)
    before = judged(fresh_board("arm64-6.12", kernel=without.image), "--fix-dir", str(tmp_path / "fix"))
    assert first_cause(before) == "kconfig.heaps-off"
    fragment = (tmp_path / "fix" / "kconfig.fragment").read_text()
    mended = build_kernel(profile, HEAPS_OFF + fragment, deadline)
    after = judged(fresh_board("arm64-6.12", kernel=mended.image), "--replace")
    assert {one.outcome.value for one in after.verdicts} <= {"pass", "skip", "warn"}
    assert {heap.name for heap in after.heaps if heap.present} == {"system", "linux,cma"}


@kernels
def test_what_kconfig_fragment_prints_makes_a_kernel_that_shows_the_heaps(fresh_board: Fresh, judged: Judge) -> None:
    require_virtual_board("arm64-6.12")
    if os.environ.get("BRINGUP_REQUIRE_KERNELS") != "1":
        pytest.skip("it compiles two kernels: make test-kernels")
    profile, deadline = find_profile("arm64-6.12"), Deadline.after(7200)
    without = build_kernel(profile, HEAPS_OFF, deadline)
    done = bringup("kconfig", "fragment", str(without.config))
    assert done.returncode == 0, done.stderr
    assert "CONFIG_DMABUF_HEAPS=y" in done.stdout.splitlines()
    mended = build_kernel(profile, HEAPS_OFF + done.stdout, deadline)
    checked = bringup("kconfig", "check", str(mended.config))
    assert checked.returncode == 0, checked.stdout
    after = judged(fresh_board("arm64-6.12", kernel=mended.image))
    assert {heap.name for heap in after.heaps if heap.present} == {"system", "linux,cma"}
