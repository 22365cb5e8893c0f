"""What mends a board, as files: every line where it belongs, nothing lost."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given

from bringup.checks.judge import judge
from bringup.facts.board import Facts
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.report.fix_folder import fix_files, fixes, is_fix_file
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Alternative, Cause, Change, Link, Outcome, Verdict
from tests.support.report.hostile import runs
from tests.support.scripted_record import BOARD_CONFIG, broken


def test_a_kernel_without_heaps_gets_its_fragment(tmp_path: Path) -> None:
    off = "CONFIG_ARM64=y\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\n# CONFIG_DMABUF_HEAPS is not set\n"
    board = judge(Facts(broken(heap_folder="missing", config=off).record(tmp_path / "r"), BOARD_CONFIG))
    files = fix_files(board)
    fragment = parse_config(files["kconfig.fragment"], "fragment", complete=False)
    assert fragment.get("DMABUF_HEAPS") == "y"
    assert fragment.get("DMABUF_HEAPS_SYSTEM") == "y"
    assert fragment.get("DMABUF_HEAPS_CMA") == "y"
    assert "heap.expected (system)" in files["README.md"]


def test_each_line_goes_into_its_file() -> None:
    changes = (
        Change("kconfig.fragment", ("CONFIG_CMA=y",)),
        Change("ueventd.rc", ("/dev/dma_heap/system 0444 system system", "/dev/dma_heap/x 0444 system system")),
        Change("device-tree/heaps.dtsi", ("/ {", "};")),
        Change("device-tree/heaps.dtsi", ("/ {", "\tx;", "};")),
    )
    again = (Change("ueventd.rc", ("/dev/dma_heap/x 0444 system system",)), changes[2])
    other = Alternative(Cause("d", "another reason"), "a look at the log", ("try this",))
    why = Cause("c", "why", (Link("https://example.org/1", "there"),))
    verdicts = (
        Verdict("a", "t", Outcome.FAIL, None, (), why, (other,), ("then reboot",), changes),
        Verdict("b", "t", Outcome.FAIL, "x", (), why, (), ("then reboot",), again),
    )
    (fix,) = fixes(verdicts)
    assert fix.lines == {
        "kconfig.fragment": ("CONFIG_CMA=y",),
        "ueventd.rc": changes[1].lines,
        "device-tree/heaps.dtsi": ("/ {", "};", "/ {", "\tx;", "};"),
    }
    assert fix.steps == ("then reboot",)
    assert fix.then_pass == ("a", "b (x)")
    readme = fix_files(BoardRun(serial="s", verdicts=verdicts))["README.md"]
    for told in ("another reason", "a look at the log", "try this", "https://example.org/1", "a, b (x)"):
        assert told in readme


def test_what_costs_most_is_fixed_first() -> None:
    late, soon = (Cause(one, one) for one in ("dmabuf.no-statistics", "heap.beyond-reach"))
    verdicts = [Verdict("a", "t", Outcome.WARN, cause=one, remedy=("do",)) for one in (late, soon)]
    assert [fix.cause for fix in fixes(verdicts)] == ["heap.beyond-reach", "dmabuf.no-statistics"]


def test_what_passes_needs_no_fix() -> None:
    assert fix_files(BoardRun(serial="s", verdicts=(Verdict("a", "t", Outcome.PASS, remedy=("do",)),))) == {}


@given(run=runs)
def test_no_remedy_is_lost_and_no_file_lies_outside(run: Run) -> None:
    for board in run.boards:
        found = [one for one in board.verdicts if one.outcome.value in ("fail", "warn")]
        fixed = fixes(board.verdicts)
        assert {line for one in found for line in one.remedy} <= {step for fix in fixed for step in fix.steps}
        wanted = {line for one in found for change in one.changes for line in change.lines}
        assert wanted <= {line for fix in fixed for lines in fix.lines.values() for line in lines}
        for name in fix_files(board):
            assert ".." not in Path(name).parts
            assert not Path(name).is_absolute()


def test_a_serial_stays_in_its_comment() -> None:
    files = ("kconfig.fragment", "device-tree/heaps.dtsi", "ueventd.rc", "sepolicy/heaps.te", "BoardConfig.mk")
    verdict = Verdict(
        "a",
        "t",
        Outcome.FAIL,
        cause=Cause("c", "why\n# not a heading"),
        changes=tuple(Change(name, ("x",)) for name in files),
    )
    written = fix_files(BoardRun(serial="a\nCONFIG_EVIL=y */ evil \\", verdicts=(verdict,)))
    assert {name: len(written[name].splitlines()) for name in files} == dict.fromkeys(files, 2)
    assert written["device-tree/heaps.dtsi"].count("*/") == 1
    assert not written["BoardConfig.mk"].splitlines()[0].endswith("\\")
    assert all(is_fix_file(written[name]) for name in files)
    assert "\n# not a heading" not in written["README.md"]
