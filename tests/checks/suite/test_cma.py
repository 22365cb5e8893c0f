"""CMA: its size, rejected regions, failed allocations."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.results.verdict import Outcome
from tests.support.log_forms import KERNEL_LINE_FORMS
from tests.support.scripted_record import DENIED, broken, files
from tests.support.suite import (
    CMA_USED_UP,
    NO_CMA,
    Broken,
    ask,
    suite_tests,
)

BROKEN = (
    Broken("no CMA", "cma.size", "fail", broken(files=files(__proc__meminfo=NO_CMA)), "cma.size-zero"),
    Broken("small CMA", "cma.size", "fail", broken(files=files(__proc__meminfo="CmaTotal: 16384 kB\n")), "cma.too-small"),
    Broken("no meminfo", "cma.size", "error", broken(files=files(__proc__meminfo=DENIED))),
    Broken("region rejected", "cma.rejected", "fail", broken(files=files(dmesg="[    0.0] Reserved memory: incorrect alignment of CMA region\n")), "cma.region-misaligned"),
    Broken("no dmesg", "cma.rejected", "error", broken(files=files(dmesg=DENIED))),
    Broken("CMA used up", "cma.exhausted", "warn", broken(files=files(dmesg="[   70.2] cma: cma_alloc: reserved: alloc failed, req-size: 6075 pages, ret: -12\n", __proc__meminfo=CMA_USED_UP)), "cma.exhausted"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("cma", BROKEN)


def test_a_pool_that_the_command_line_replaces_was_not_rejected(tmp_path: Path) -> None:
    said = (
        "[    0.0] Reserved memory: bypass linux,cma node, using cmdline CMA params instead\n"
        "[    0.0] OF: reserved mem: node linux,cma compatible matching fail\n"
    )
    (verdict,) = ask("cma.rejected", tmp_path / "1", broken(files=files(dmesg=said)))
    assert verdict.outcome is Outcome.PASS
    (verdict,) = ask("cma.rejected", tmp_path / "2", broken(files=files(dmesg=said.splitlines()[1])))
    assert verdict.outcome is Outcome.FAIL


@pytest.mark.parametrize("form", KERNEL_LINE_FORMS)
def test_our_marks_are_found_in_every_form_of_the_log(tmp_path: Path, form: str) -> None:
    failed = "cma: cma_alloc: reserved: alloc failed, req-size: 16 pages, ret: -12"
    ours = ("bringup: tests heaps", failed, "bringup: has tested heaps")
    log = "".join(form.format(text=text) + "\n" for text in ours)
    (verdict,) = ask("cma.exhausted", tmp_path / "ours", broken(files=files(dmesg=log)))
    assert verdict.outcome is Outcome.PASS
    log = "".join(form.format(text=text) + "\n" for text in (*ours, failed))
    (verdict,) = ask("cma.exhausted", tmp_path / "others", broken(files=files(dmesg=log)))
    assert verdict.outcome is Outcome.WARN


def test_allocations_that_we_made_fail_are_not_the_boards(tmp_path: Path) -> None:
    failed = "cma: __cma_alloc: linux,cma: alloc failed, req-size: 16 pages, ret: -12\n"
    ours = (
        f"[    8.1] bringup: exhausts heap linux,cma on purpose\n[    8.2] {failed}"
        "[    8.3] bringup: has exhausted heap linux,cma on purpose\n"
    )
    (verdict,) = ask("cma.exhausted", tmp_path / "3", broken(files=files(dmesg=ours)))
    assert verdict.outcome is Outcome.PASS
    (verdict,) = ask("cma.exhausted", tmp_path / "4", broken(files=files(dmesg=f"{ours}[    9.1] {failed}")))
    assert verdict.outcome is Outcome.WARN
    assert sum("alloc failed" in line for line in verdict.evidence) == 1


def test_what_an_earlier_runs_tests_could_not_have_is_not_the_boards(tmp_path: Path) -> None:
    failed = "[    8.2] cma: __cma_alloc: linux,cma: alloc failed, req-size: 256 pages, ret: -16\n"
    begun, ended = "[    8.1] bringup: tests heaps\n", "[    8.9] bringup: has tested heaps\n"
    exhausted = "[    8.3] bringup: exhausts heap a on purpose\n[    8.4] bringup: has exhausted heap a on purpose\n"
    (verdict,) = ask(
        "cma.exhausted", tmp_path / "5", broken(files=files(dmesg=begun + failed + exhausted + failed + ended))
    )
    assert verdict.outcome is Outcome.PASS
    logs = (failed + begun + ended, begun + ended + failed, begun + failed, begun + failed + begun + ended)
    for number, others in enumerate(logs):
        (verdict,) = ask("cma.exhausted", tmp_path / f"others-{number}", broken(files=files(dmesg=others)))
        assert verdict.outcome is Outcome.WARN, others
        assert verdict.cause is not None
        assert verdict.cause.id == "cma.busy"
