"""A heap test that shows a known defect: a warning, or a failure where the kernel's release has the fix."""

from __future__ import annotations

from errno import EFAULT
from pathlib import Path
from typing import Any

import pytest

from bringup.checks.judge import judge
from bringup.facts.board import Facts
from bringup.results.run import BoardRun
from bringup.results.verdict import Outcome, Verdict
from tests.support.scripted_record import HELLO, ScriptedBoard, result

LEAK: dict[str, Any] = {
    "errno": EFAULT,
    "seen": "ALLOC gave EFAULT and left a descriptor open: 5 were open before, 6 after",
}
#: How test allocators of 0.1.0 said it.
OLD_WARNING = LEAK | {
    "seen": "known defect of this kernel: ALLOC gave EFAULT, 5 descriptors were open before and 6 after"
}
OLD_FAILURE = LEAK | {"seen": "ALLOC gave EFAULT: 5 descriptors were open before, 6 after"}


def judged(tmp_path: Path, release: str, line: dict[str, Any]) -> tuple[Verdict, BoardRun]:
    board = ScriptedBoard(hello=HELLO | {"release": release}, results=[result("linux,cma", "open"), line])
    run = judge(Facts(board.record(tmp_path / "record")))
    (verdict,) = (
        verdict
        for verdict in run.verdicts
        if verdict.id == f"allocator.{line['test']}" and verdict.heap == line["heap"]
    )
    return verdict, run


@pytest.mark.parametrize(("outcome", "said"), [("warn", LEAK), ("warn", OLD_WARNING), ("fail", OLD_FAILURE)])
@pytest.mark.parametrize(
    ("release", "expected", "cause"),
    [
        ("6.12.107+deb13-cloud-amd64", Outcome.WARN, "kernel.known-defect"),
        ("6.12.110", Outcome.WARN, "kernel.known-defect"),
        ("6.18.40", Outcome.WARN, "kernel.known-defect"),
        ("6.12.117+deb13-cloud-amd64", Outcome.FAIL, "kernel.defect-returned"),
        ("7.3.0", Outcome.FAIL, "kernel.defect-returned"),
    ],
)
def test_the_kernels_release_decides(
    tmp_path: Path, release: str, expected: Outcome, cause: str, outcome: str, said: dict[str, Any]
) -> None:
    verdict, run = judged(tmp_path, release, result("system", "fd.after_efault", outcome, **said))
    assert verdict.outcome is expected
    assert verdict.cause is not None
    assert verdict.cause.id == cause
    assert verdict.evidence[0] == said["seen"]
    assert "30d0aff2c65a" in verdict.evidence[-1]
    (heap,) = (heap for heap in run.heaps if heap.name == "system")
    assert heap.tests == {expected.value: 1}


def test_ion_was_never_fixed(tmp_path: Path) -> None:
    verdict, _ = judged(tmp_path, "5.10.250", result("ion/ion_system_heap", "ion.after_efault", "warn", **LEAK))
    assert verdict.outcome is Outcome.WARN
    assert any("never fixed" in line for line in verdict.evidence)


@pytest.mark.parametrize("release", ["6.12.107", "6.12.117"])
def test_a_kernel_that_leaves_nothing_open_passes(tmp_path: Path, release: str) -> None:
    verdict, _ = judged(tmp_path, release, result("system", "fd.after_efault"))
    assert verdict.outcome is Outcome.PASS


def test_another_errno_is_not_the_known_defect(tmp_path: Path) -> None:
    verdict, _ = judged(tmp_path, "6.12.107", result("system", "fd.after_efault", "fail", errno=22, seen="EINVAL came"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.cause is None


@pytest.mark.parametrize("outcome", ["warn", "fail"])
def test_a_kernel_of_an_unknown_version_has_not_lost_its_fix(tmp_path: Path, outcome: str) -> None:
    verdict, _ = judged(tmp_path, "none", result("system", "fd.after_efault", outcome, **LEAK))
    assert verdict.outcome is Outcome.WARN
    assert verdict.cause is not None
    assert verdict.cause.id == "kernel.known-defect"
    assert "the kernel's version is not known" in "\n".join(verdict.evidence)
