"""What mends a board, as files: every line where it belongs, nothing lost."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given

from bringup.checks.fixes import fix_files, fixes
from bringup.checks.judge import judge
from bringup.checks.run import BoardRun, Run
from bringup.checks.verdict import Cause, Outcome, Verdict
from bringup.kernel.config import parse_config
from tests.checks.test_run import runs
from tests.checks.test_suite import CONFIG, broken


def test_a_kernel_without_heaps_gets_its_fragment(tmp_path: Path) -> None:
    off = "CONFIG_ARM64=y\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\n# CONFIG_DMABUF_HEAPS is not set\n"
    board = judge(broken(heap_folder="missing", config=off).record(tmp_path / "r"), CONFIG)
    files = fix_files(board)
    fragment = parse_config(files["kconfig.fragment"], "fragment", complete=False)
    assert fragment.get("DMABUF_HEAPS") == "y"
    assert fragment.get("DMABUF_HEAPS_SYSTEM") == "y"
    assert fragment.get("DMABUF_HEAPS_CMA") == "y"
    assert "heap.expected (system)" in files["README.md"]


def test_each_line_goes_into_its_file() -> None:
    remedy = (
        "CONFIG_CMA=y",
        "/dev/dma_heap/system    0444    system    system",
        "ueventd.rc: /dev/dma_heap/x    0444    system    system",
        "allow hal_camera_default dmabuf_heap_device:chr_file { read open };",
        "file_contexts: /dev/dma_heap/x  u:object_r:x_device:s0",
        "then restorecon or reboot",
    )
    verdict = Verdict("a", "t", Outcome.FAIL, cause=Cause("c", "why"), remedy=remedy)
    (fix,) = fixes([verdict])
    assert fix.lines == {
        "kconfig.fragment": remedy[:1],
        "ueventd.rc": (remedy[1], "/dev/dma_heap/x    0444    system    system"),
        "sepolicy.te": (remedy[3],),
        "file_contexts": ("/dev/dma_heap/x  u:object_r:x_device:s0",),
    }
    assert fix.steps == ("then restorecon or reboot",)
    assert fix.then_pass == ("a",)


def test_what_passes_needs_no_fix() -> None:
    assert fix_files(BoardRun("s", (Verdict("a", "t", Outcome.PASS, remedy=("CONFIG_X=y",)),))) == {}


@given(run=runs)
def test_no_remedy_is_lost_and_no_line_is_broken(run: Run) -> None:
    for board in run.boards:
        wanted = {line for one in board.verdicts if one.outcome.value in ("fail", "warn") for line in one.remedy}
        found = fixes(board.verdicts)
        kept = {line for fix in found for lines in fix.lines.values() for line in lines} | {
            step for fix in found for step in fix.steps
        }
        assert {line for line in wanted if line not in kept and line.strip() not in kept} == set()
